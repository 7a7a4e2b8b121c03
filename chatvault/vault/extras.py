"""`message_extra`: what importers do not understand, compressed with a dictionary.

Extras of one kind of export are much alike, so a dictionary trained on the first of them makes
250 bytes a message into 60.
"""

import hashlib
import sys

from chatvault.vault.archive import Connection

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TRAIN_FROM = 500  # samples; fewer teach nothing
DICTIONARY_SIZE = 32 * 1024
LEVEL = 3


class Extras:
    """Packs extras for one import and unpacks those of any."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection
        self._dictionary_row: int | None = None
        # One compressor for all: making one for each extra takes 64 us, reusing it 1 us.
        self._compressor = zstd.ZstdCompressor(level=LEVEL)
        self._unpacking: dict[int, zstd.ZstdDict] = {}
        row = connection.execute(
            "SELECT id, bytes FROM extra_dictionary ORDER BY id DESC LIMIT 1"
        ).fetchone()
        if row is not None:
            self._use(row[0], zstd.ZstdDict(row[1]))

    def _use(self, row: int, dictionary: zstd.ZstdDict) -> None:
        self._dictionary_row = row
        self._compressor = zstd.ZstdCompressor(level=LEVEL, zstd_dict=dictionary)

    def learn(self, samples: list[bytes]) -> None:
        """Train a dictionary, once there are enough samples and none is there yet."""
        if self._dictionary_row is not None or len(samples) < TRAIN_FROM:
            return
        try:
            dictionary = zstd.train_dict(samples[:20_000], DICTIONARY_SIZE)
        except zstd.ZstdError:  # samples too short or too equal to learn from
            return
        cursor = self._db.execute(
            "INSERT INTO extra_dictionary (bytes) VALUES (?)", [dictionary.dict_content]
        )
        self._use(cursor.lastrowid, zstd.ZstdDict(dictionary.dict_content))

    def packed(self, plain: bytes) -> tuple[int | None, bytes]:
        """The dictionary's row and the compressed bytes."""
        frame = self._compressor.compress(plain, zstd.ZstdCompressor.FLUSH_FRAME)
        return self._dictionary_row, frame

    def plain(self, dictionary: int | None, packed: bytes) -> bytes:
        """The bytes of an extra."""
        used = None
        if dictionary is not None:
            used = self._unpacking.get(dictionary)
            if used is None:
                row = self._db.execute(
                    "SELECT bytes FROM extra_dictionary WHERE id = ?", [dictionary]
                ).fetchone()
                used = self._unpacking[dictionary] = zstd.ZstdDict(row[0])
        return zstd.decompress(packed, zstd_dict=used)


def digest(plain: bytes) -> int:
    """64 bits of an extra, to keep equal ones once."""
    return int.from_bytes(hashlib.blake2b(plain, digest_size=8).digest(), "big", signed=True)
