"""Element's exports without the keys of encrypted files.

The event of an encrypted file holds the key that decrypts it on the server. Element has decrypted
it for the export already, so nobody needs the key to read the messages; it gets no further.
"""

import re

from chatvault.importers._leaving_out import source_with
from chatvault.importers._source import Source

WHAT = "keys of encrypted files on Matrix servers"
LEFT_OUT = "chatvault:left out"  # no base64 has a colon
# The field `k` of a key as JSON Web Keys have it, 32 bytes in base64; in a text it has backslashes.
_KEY = re.compile(rb'("k"\s{0,40}:\s{0,40}")[A-Za-z0-9_+/-]{42,44}={0,2}"')
_LONGEST = 200


def _without(found: re.Match[bytes]) -> bytes:
    return bytes(found[1]) + LEFT_OUT.encode() + b'"'


def without_keys(source: Source, names: list[str]) -> Source:
    """The same export, but these files are read without keys."""
    return source_with(source, names, _KEY, _without, longest=_LONGEST)
