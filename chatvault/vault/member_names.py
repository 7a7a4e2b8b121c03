"""Names from exports made safe for every system, and the paths under which packs hold files.

A safe name works on Linux, macOS and Windows, in a shell and in `tar`: it names no device, hides
nothing, starts no option, and is at most 180 bytes. Names that one of the systems takes for equal
(`A.jpg` and `a.jpg`) get different ones: `taken` holds the keys of those already given away.
"""

import re
from unicodedata import category, normalize

from chatvault.vault.graphemes import cut_to_bytes

NAME_BYTES = 180
PATH_BYTES = 1000  # `tar -x` cannot make paths beyond 4,096, and people unpack below some folder
_EXTENSION_BYTES = 24

# As they stand in a class of characters: they make `gpj.exe` look like `exe.jpg`.
BIDI_CONTROLS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"
# Separators, wildcards and redirections of the three systems; what is not seen; half characters.
_FORBIDDEN = re.compile(
    f'[\x00-\x1f\x7f-\x9f/\\\\:*?"<>|{BIDI_CONTROLS}'
    "\u200b\u2028\u2029\u2060-\u2064\ufeff\ufff9-\ufffc\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_LEADING = re.compile(r"^[.\-~\s]")
_TRAILING = re.compile(r"[.\s]+$")
# A device is taken by its name up to the first dot; NFKC makes COM1 of COM¹ and of full width.
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9]|conin\$|conout\$|clock\$) *(\.|$)")
_OBEYED = re.compile(r"(desktop\.ini|autorun\.inf|folder\.htt)$")  # by the file manager


def safe_part(name: str) -> str:
    """A name that is safe on every system, without a look at the others in its folder."""
    name = _FORBIDDEN.sub("_", normalize("NFC", name))
    name = _LEADING.sub("_", _cut(name, NAME_BYTES))
    name = _TRAILING.sub(lambda found: "_" * len(found[0]), name)
    folded = normalize("NFKC", name).casefold()
    if _DEVICE.match(folded) or _OBEYED.match(folded):
        name = "_" + _cut(name, NAME_BYTES - 1)
    return name or "_"


def split_extension(name: str) -> tuple[str, str]:
    """A name and its extension with the dot; the extension is empty if there is no usual one."""
    stem, dot, extension = name.rpartition(".")
    if not stem or not extension or len(extension.encode("utf-8", "replace")) > _EXTENSION_BYTES:
        return name, ""
    return stem, dot + extension


def _cut(name: str, limit: int) -> str:
    if len(name.encode()) <= limit:
        return name
    stem, extension = split_extension(name)
    return cut_to_bytes(stem, limit - len(extension.encode())) + extension


def collision_key(name: str) -> str:
    """Equal for all names that some system takes for the same file."""
    # Upper case first, because that is what NTFS compares; HFS+ also skips what is not seen.
    folded = normalize("NFKC", normalize("NFKC", name).upper().casefold())
    return "".join(char for char in folded if category(char) != "Cf")


# Behind the key of a path: nothing for a file, a slash for a folder.
_FILE, _FOLDER = "", "/"


def free_name(
    name: str,
    taken: set[str],
    *,
    below: str = "",
    unlike: tuple[str, ...] = (_FILE, _FOLDER),
    suffix: str = "",
) -> str:
    """The name, or when it is taken a form with `~2`, `~3` ... before the extension."""

    def form(number: int) -> str:
        stem, extension = split_extension(name)
        tail = f"{f'~{number}' if number > 1 else ''}{extension}{suffix}"
        return cut_to_bytes(stem, NAME_BYTES - len(tail.encode())) + tail

    def is_taken(number: int) -> bool:
        key = collision_key(below + form(number))
        return any(key + ending in taken for ending in unlike)

    if not is_taken(1):
        return form(1)
    # Doubling, then halving: a folder of 100,000 files called image.jpg must not take minutes.
    known, free = 1, 2
    while is_taken(free):
        known, free = free, free * 2
    while free - known > 1:
        middle = (known + free) // 2
        if is_taken(middle):
            known = middle
        else:
            free = middle
    return form(free)


def pack_path(raw_path: str, taken: set[str], *, suffix: str = "") -> str:
    """A relative path for a member of a pack, safe and unlike all those given away before.

    `suffix` (`.zst`) belongs to the path and to what must be unlike. `taken` gains the new keys.
    Of a path that is too long the deepest folders are left out.
    """
    *folders, name = [safe_part(part) for part in raw_path.split("/") if part] or ["_"]
    path = ""
    for folder in folders:
        # A file and a folder of one name cannot be unpacked side by side; two folders are one.
        below = path + free_name(folder, taken, below=path, unlike=(_FILE,))
        if len(below.encode()) + 1 + NAME_BYTES > PATH_BYTES:
            break
        taken.add(collision_key(below) + _FOLDER)
        path = below + "/"
    path += free_name(name, taken, below=path, suffix=suffix)
    taken.add(collision_key(path) + _FILE)
    return path
