"""Settings that all tests share."""

import pytest
from hypothesis import settings

# `--hypothesis-profile=ci` takes the longer one. Examples are drawn anew each time; a failing one
# is printed with what is needed to draw it again.
settings.register_profile("dev", max_examples=50, deadline=None, print_blob=True)
settings.register_profile("ci", max_examples=500, deadline=None, print_blob=True)
settings.load_profile("dev")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write expected.jsonl from what the importers yield, then fail, so that it is read",
    )
