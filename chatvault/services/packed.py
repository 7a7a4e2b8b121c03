"""The files of an import, served from the packs as if they lay in a folder."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence

from chatvault.services.given import GivenBytes
from chatvault.services.worker_messages import GivenFile
from chatvault.vault.file_rows import StoredFile
from chatvault.vault.session import Vault

STREAMS = 4  # compressed files can only be read from their start, so a few places are kept


class _Stream:
    """One file, read onwards; going back starts again."""

    def __init__(self, vault: Vault, file: StoredFile) -> None:
        self._vault = vault
        self._file = file
        self._rewind()

    def _rewind(self) -> None:
        self._pieces: Iterator[bytes] = self._vault.file_pieces(self._file)
        self._held = b""
        self._start = 0

    def read(self, offset: int, length: int) -> bytes:
        if offset < self._start:
            self._rewind()
        while self._start + len(self._held) < offset + length:
            piece = next(self._pieces, None)
            if piece is None:
                break
            # Only what may still be asked for is kept.
            cut = min(max(0, offset - self._start), len(self._held))
            self._held = self._held[cut:] + piece
            self._start += cut
        begin = max(0, offset - self._start)
        return self._held[begin : begin + length]


def packed_files(vault: Vault, name: str, files: Sequence[StoredFile]) -> GivenBytes:
    """What an import brought, for the worker to read again."""
    streams: OrderedDict[int, _Stream] = OrderedDict()

    def read(index: int, offset: int, length: int) -> bytes:
        stream = streams.pop(index, None)
        if stream is None:
            stream = _Stream(vault, files[index])
            if len(streams) >= STREAMS:
                streams.popitem(last=False)
        streams[index] = stream
        return stream.read(offset, length)

    given = [GivenFile(f.path, f.size, f.modified_ms, f.raw_path) for f in files]
    return GivenBytes(name, given, read)
