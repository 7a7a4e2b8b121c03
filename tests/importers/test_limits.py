"""Safety limits can be raised by name, and only raised."""

import pytest

from chatvault.errors import Usage
from chatvault.importers._limits import DEFAULT, raised


def test_nothing_said_leaves_the_limits_as_they_are():
    assert DEFAULT == raised(None) == raised("")


def test_a_limit_is_raised_by_its_name():
    limits = raised("members=600000 depth=6")
    assert (600_000, 6, DEFAULT.archive) == (limits.members, limits.depth, limits.archive)


@pytest.mark.parametrize(
    "text", ["members", "members=", "members=1", "members=-1", "x=9", "depth=１２"]
)
def test_anything_else_is_refused_and_says_what_there_is(text):
    with pytest.raises(Usage) as caught:
        raised(text)
    assert "members=500000" in caught.value.remedy
