"""How the bytes of a file are stored: as they are, or as one zstd frame."""

import sys
from collections.abc import Iterable, Iterator

from chatvault.errors import Damaged, Where

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ZSTD = "zst"
LEVEL = 3  # 327 MB/s at ratio 7.5 on chat JSON; level 1 is twice as fast at 7.4 (one run)
WINDOW_LOG_MAX = 27  # 128 MiB: what a reader of packs may be asked to hold
PIECE = 1024 * 1024
COMPRESSIBLE = (
    ".json", ".jsonl", ".ndjson", ".xml", ".html", ".htm", ".csv", ".tsv", ".txt", ".md", ".js",
    ".css", ".db", ".sqlite", ".sqlite3", ".vcf", ".mht", ".mhtml", ".svg", ".log", ".sql",
)  # fmt: skip


def is_compressible(name: str) -> bool:
    """Whether a file of this name is worth compressing: text and databases, not pictures."""
    return name.lower().endswith(COMPRESSIBLE)


def compressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The zstd frame of a file; equal parameters give equal bytes on both readings of it."""
    frame = zstd.ZstdCompressor(level=LEVEL)
    for piece in pieces:
        if out := frame.compress(piece):
            yield out
    yield frame.flush()


def plain(stored: Iterable[bytes], codec: str, size: int, where: Where) -> Iterator[bytes]:
    """The bytes of a file from its stored ones; Damaged when they are not `size` bytes."""
    if codec not in {"", ZSTD}:
        raise Damaged("stored in a way that this ChatVault does not know", where=where)
    count = 0
    for piece in stored if codec == "" else _inflated(stored, where):
        count += len(piece)
        if count > size:
            break
        yield piece
    if count != size:
        raise Damaged("not as many bytes as were stored", where=where)


def _inflated(stored: Iterable[bytes], where: Where) -> Iterator[bytes]:
    options = {int(zstd.DecompressionParameter.window_log_max): WINDOW_LOG_MAX}
    frame = zstd.ZstdDecompressor(options=options)
    try:
        for given in stored:
            if frame.eof:
                raise Damaged("bytes behind the end of the compressed ones", where=where)
            piece = given
            while True:
                # Bounded output: a bomb stops at the first piece beyond the size that was promised.
                out = frame.decompress(piece, PIECE)
                piece = b""
                if out:
                    yield out
                if frame.eof or frame.needs_input:
                    break
    except zstd.ZstdError as cause:
        raise Damaged("the compressed bytes are damaged", where=where) from cause
    if not frame.eof or frame.unused_data:
        raise Damaged("the compressed bytes do not end where they should", where=where)
