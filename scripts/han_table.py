"""Make chatvault/vault/han.py again: `python3 scripts/han_table.py FOLDER`.

FOLDER holds OpenCC's TSCharacters.txt and STCharacters.txt, as the wheel of
opencc-python-reimplemented does under opencc/dictionary/. The table that ChatVault uses stays what
it is until somebody runs this: other pairs would mean other tokens, hence a new tokens.VERSION.
"""

from __future__ import annotations

import sys
from pathlib import Path

from _environment import ROOT

PAGE = ROOT / "chatvault" / "vault" / "han.py"
PAIRS_ON_A_LINE = 45
# Both are also written in simplified texts, in other words, so tables for converting leave them
# out. For searching, 看著 and 看着 have to meet.
OURS = {"著": "着", "妳": "你"}
HEAD = '''"""Chinese characters and what they are folded to: traditional forms to simplified ones.

Made by scripts/han_table.py from the character tables of OpenCC (Copyright BYVoid and contributors,
Apache License 2.0), changed; docs/decisions/0009-both-forms-of-chinese.md says how. Several forms
may become one, as 發 and 髮 become 发; none becomes a form that is folded further.
"""

PAIRS = (
'''


def main(arguments: list[str]) -> int:
    """Write the module."""
    if len(arguments) != 1:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    folder = Path(arguments[0])
    folded = folding(read(folder / "TSCharacters.txt"), read(folder / "STCharacters.txt"))
    pairs = "".join(char + folded[char] for char in sorted(folded))
    step = 2 * PAIRS_ON_A_LINE
    lines = [f'    "{pairs[at : at + step]}"\n' for at in range(0, len(pairs), step)]
    PAGE.write_text(HEAD + "".join(lines) + ")\n", encoding="utf-8")
    return 0


def read(file: Path) -> dict[str, list[str]]:
    """What each character may become, the likeliest first."""
    lines = file.read_text(encoding="utf-8-sig").splitlines()
    rows = [line.split() for line in lines if line and not line.startswith("#")]
    return {row[0]: row[1:] for row in rows}


def folding(
    to_simplified: dict[str, list[str]], to_traditional: dict[str, list[str]]
) -> dict[str, str]:
    """What each character is folded to, for those that are folded."""
    direct = dict(OURS)
    for char, forms in to_simplified.items():
        direct.setdefault(char, next((form for form in forms if form != char), char))
    for char, forms in to_traditional.items():
        for form in forms:
            direct.setdefault(form, char)
    # Beyond the basic plane are characters of dictionaries, which would double the table.
    return {
        char: end for char in direct if char < "\U00010000" and (end := _end(direct, char)) != char
    }


def _end(direct: dict[str, str], char: str) -> str:
    seen = [char]
    while (following := direct.get(seen[-1], seen[-1])) not in seen:
        seen.append(following)
    return seen[-1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
