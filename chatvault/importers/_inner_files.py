"""Files that lie inside files of an export, told beside them: `X.parts/...` beside `X`."""

from collections.abc import Mapping

from chatvault.importers import _json_parts, _mht, _xml_parts
from chatvault.importers._limits import Budget
from chatvault.importers._source import Entry
from chatvault.model import Problem


def with_parts(
    entries: Mapping[str, Entry], budget: Budget, *, path: str = ""
) -> tuple[Mapping[str, Entry], tuple[Problem, ...]]:
    """The same files, and beside each that holds others those that it holds; and what is wrong.

    `path` is what messages call the folder or archive, with a slash at its end.
    """
    problems: list[Problem] = []
    for form in (_mht, _xml_parts, _json_parts):
        entries, found = form.with_parts(entries, budget, path=path)
        problems += found
    return entries, tuple(problems)
