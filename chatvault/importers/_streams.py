"""Reading a compressed tar again and again without unpacking it anywhere.

A compressed stream can only be read forwards. Cost of opening a member: nothing when members are
read in the order of the archive (that of `Source.entries`), because reading goes on where the last
one stopped; with gzip at most the bytes between two marks, elsewhere everything from the start.
`Limits.restream` ends a reading whose order makes that too dear.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import BinaryIO

from chatvault.errors import RefusedByLimit, Where
from chatvault.importers._inflate import INPUT, STREAMS, Broken, Decoder, Deflate, decompress
from chatvault.importers._limits import Limits, Memory, MiB
from chatvault.importers._source import Entry

MARKS = 512  # a copy of zlib's state is about 45 KB
SLACK = 64 * 1024  # compressed bytes that a ratio may ignore: heads and buffers


@dataclass(frozen=True)
class State:
    """Where a stream stands: enough to go on from there with another opening of the file."""

    at: int  # plain bytes given
    taken: int  # compressed bytes read from the file
    decoder: Decoder
    pending: bytes = b""


class Chain:
    """The plain bytes of a compressed file of one or more streams, forwards."""

    def __init__(self, file: BinaryIO, magic: bytes, *, state: State, limits: Limits, where: str):
        self._file = file
        self._magic = magic
        self.state = state
        self._limits = limits
        self._where = where
        file.seek(state.taken)

    def more(self, size: int, /) -> bytes:
        """Up to `size` plain bytes; none at the end. Broken when the file ends too early."""
        while True:
            state = self.state
            if state.decoder.eof and not self._next_stream():
                return b""
            state = self.state
            data = state.pending
            if not data and state.decoder.needs_input:
                data = self._file.read(INPUT)
                if not data:
                    raise Broken("the compressed archive breaks off")
            read = 0 if state.pending else len(data)
            plain = decompress(state.decoder, data, size)
            self.state = State(state.at + len(plain), state.taken + read, state.decoder)
            self._check_ratio()
            if plain:
                return plain
            if not data and not state.decoder.needs_input:
                raise Broken("the compressed archive breaks off")

    def close(self) -> None:
        """Close the file; the state can be used again."""
        self._file.close()

    def _next_stream(self) -> bool:
        """Go on with the next stream of the file; False when there is none."""
        state = self.state
        rest, taken = state.decoder.unused_data.lstrip(b"\0"), state.taken
        while len(rest) < len(self._magic):
            block = self._file.read(INPUT)
            taken += len(block)
            rest = (rest + block).lstrip(b"\0")  # tapes and xz pad with zeros
            if not block:
                break
        if not rest.startswith(self._magic):
            return False
        self.state = State(state.at, taken, _decoder(self._magic, self._limits), rest)
        return True

    def _check_ratio(self) -> None:
        at, limits = self.state.at, self._limits
        taken = self.state.taken + SLACK
        for ratio, start in (
            (limits.member_ratio, limits.member_ratio_from),
            (limits.export_ratio, limits.export_ratio_from),
        ):
            if at > start and at > ratio * taken:
                raise RefusedByLimit(
                    f"it grows to more than {ratio} times its size",
                    where=Where(self._where),
                    remedy="if you trust it, unpack it and import the folder",
                )


class Compressed:
    """A compressed file that can be opened at any plain position."""

    def __init__(self, entry: Entry, magic: bytes, *, limits: Limits, where: str) -> None:
        self._entry = entry
        self._magic = magic
        self._limits = limits
        self._where = where
        self._marks: list[State] = []
        self._gap = 16 * MiB
        self._idle: State | None = None
        self._passed = 0
        self.size = 0  # plain bytes seen so far

    def start(self) -> Chain:
        """The stream from its beginning."""
        return self._chain(State(0, 0, _decoder(self._magic, self._limits)))

    def mark(self, chain: Chain) -> None:
        """Remember a place to go on from; called while the whole stream is read once."""
        state = chain.state
        self.size = max(self.size, state.at)
        last = self._marks[-1].at if self._marks else 0
        if state.at - last < self._gap or not isinstance(state.decoder, Deflate):
            return
        self._marks.append(replace(state, decoder=state.decoder.copy()))
        if len(self._marks) > MARKS:
            self._marks = self._marks[1::2]
            self._gap *= 2

    def at(self, offset: int, size: int) -> "Portion":
        """The plain bytes from an offset."""
        return Portion(self._reach(offset), size, self._rest)

    def whole(self, memory: Memory) -> Entry:
        """The plain file, held in memory while there is room."""
        return in_memory(self._load, self.size, memory)

    def _load(self) -> bytes:
        chain = self.start()
        parts = []
        try:
            while part := chain.more(MiB):
                parts.append(part)
        except Broken:
            pass  # the listing told that the archive breaks off; what there is can be read
        finally:
            chain.close()
        return b"".join(parts)

    def _chain(self, state: State) -> Chain:
        file = self._entry.open()
        return Chain(file, self._magic, state=state, limits=self._limits, where=self._where)

    def _reach(self, offset: int) -> Chain:
        idle, self._idle = self._idle, None
        best = idle if idle is not None and idle.at <= offset else None
        for mark in reversed(self._marks):
            if mark.at <= offset:
                if (best is None or mark.at > best.at) and isinstance(mark.decoder, Deflate):
                    best = replace(mark, decoder=mark.decoder.copy())
                break
        chain = self._chain(best) if best is not None else self.start()
        try:
            self._pass_over(chain, offset)
        except BaseException:
            chain.close()
            raise
        return chain

    def _pass_over(self, chain: Chain, offset: int) -> None:
        self._passed += offset - chain.state.at
        if self._passed > self._limits.restream * self.size:
            raise RefusedByLimit(
                "a compressed tar cannot be read in this order",
                where=Where(self._where),
                remedy="unpack it (tar -xf) and import the folder",
            )
        while chain.state.at < offset:
            if not chain.more(min(INPUT, offset - chain.state.at)):
                raise Broken("the archive ends before the file does")

    def _rest(self, chain: Chain) -> None:
        chain.close()
        self._idle = chain.state


class Portion:
    """A part of the plain bytes; closing it lets the next one go on from here."""

    def __init__(self, chain: Chain, size: int, done: Callable[[Chain], None]) -> None:
        self._chain = chain
        self._left = size
        self._done = done

    def more(self, size: int, /) -> bytes:
        if not self._left:
            return b""
        data = self._chain.more(min(size, self._left))
        self._left -= len(data)
        return data

    def close(self) -> None:
        self._done(self._chain)


def magic_of(head: bytes) -> bytes | None:
    """The magic bytes of the compression that a file begins with, if any."""
    return next((magic for magic, _ in STREAMS if head.startswith(magic)), None)


def in_memory(load: Callable[[], bytes], size: int, memory: Memory) -> Entry:
    """A file that is made in memory when it is opened, and made again when it had to go."""
    key = object()
    return Entry(size=size, open=lambda: io.BytesIO(memory.get(key, load)), nested=True)


def _decoder(magic: bytes, limits: Limits) -> Decoder:
    return dict(STREAMS)[magic](limits)
