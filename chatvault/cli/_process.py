"""What this process does apart from any command: signals, streams, and what nobody catches."""

import os
import signal
import sys
import threading
from types import FrameType

from chatvault.cli._stream import prepare_streams

INTERRUPTED = 130
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


def prepare() -> None:
    """Make the process one that ends in good order and says nothing it should not."""
    prepare_streams()
    _heed_signals()
    # Python prints what goes wrong where nobody can catch it (in a thread, in what is thrown away),
    # and may quote anything in it. Nothing depends on it.
    sys.unraisablehook = threading.excepthook = _drop


def _heed_signals() -> None:
    """The first SIGINT, SIGTERM or SIGHUP ends what goes on, in good order; a second one ends the
    program on the spot. Both are safe: what a command wrote is complete or does not count.

    Signals that were to be ignored (`nohup`) still are.
    """
    for name in SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _first)


def _first(_number: int, _frame: FrameType | None) -> None:
    for name in SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is _first:
            signal.signal(number, _second)
    raise KeyboardInterrupt


def _second(_number: int, _frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)


def _drop(_: object) -> None:
    pass
