"""Taking in what another process says while this one is busy with what it said before."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class ReadAhead(Generic[T]):
    """What `receive` returns, in its order, up to the one that is `last`; received by a thread.

    The thread rests while more than `space` bytes wait, measured by `size`, so memory is bounded by
    that and one more. It ends behind the last one, when `receive` raises, or with `stop`.
    """

    def __init__(
        self,
        receive: Callable[[], T],
        *,
        last: Callable[[T], bool],
        size: Callable[[T], int],
        space: int,
    ) -> None:
        self._receive = receive
        self._last = last
        self._size = size
        self._space = space
        self._waiting: deque[T | Exception] = deque()
        self._held = 0
        self._stopped = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def next(self) -> T:
        """The next one, waited for; raises what `receive` raised. Not to be called behind the
        last one."""
        with self._changed:
            while not self._waiting:
                self._changed.wait()
            item = self._waiting.popleft()
            if isinstance(item, Exception):
                raise item
            self._held -= self._size(item)
            self._changed.notify()
        return item

    def stop(self) -> None:
        """End the thread; whatever `receive` waits for must have been ended before."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        over = False
        while not over:
            item: T | Exception
            try:
                item = self._receive()
                over, size = self._last(item), self._size(item)
            except Exception as failure:  # noqa: BLE001 - raised again where it is waited for
                item, over, size = failure, True, 0
            with self._changed:
                self._waiting.append(item)
                self._held += size
                self._changed.notify()
                while self._held > self._space and not self._stopped:
                    self._changed.wait()
                over = over or self._stopped
