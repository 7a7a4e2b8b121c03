"""Ctrl-C, and being told to end: once to end in good order, twice to end at once.

Nothing has to be saved then: whatever a command wrote is either complete or does not count.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130


@contextmanager
def heeded() -> Iterator[None]:
    """Within, the first SIGINT, SIGTERM or SIGHUP raises KeyboardInterrupt, the second one ends the
    program on the spot. Signals that were to be ignored (`nohup`) still are."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say how signals are handled
        return
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    heard = [number for number in numbers if before[number] is not signal.SIG_IGN]

    def first(_number: int, _frame: FrameType | None) -> None:
        for number in heard:
            signal.signal(number, second)
        raise KeyboardInterrupt

    def second(_number: int, _frame: FrameType | None) -> None:
        os._exit(INTERRUPTED)

    for number in heard:
        signal.signal(number, first)
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, before[number])
