"""Looking at the pictures that came in, at the end of commands that read exports."""

from collections.abc import Callable
from typing import Any

from chatvault.cli._output import count, talk


def look_at_pictures(vault: Any, tell: Callable[[str, int, int], None]) -> bool:
    """Look at every picture that nobody looked at yet; False when that was broken off. What was
    seen by then is kept."""
    from chatvault.services.photos import look_at_all

    try:
        looked = look_at_all(vault, progress=tell)
    except KeyboardInterrupt:
        talk("not all pictures were looked at; the next import or rebuild goes on")
        return False
    if looked.stopped:
        talk("the program that looks at pictures ended; the next import or rebuild goes on")
    if looked.damaged:
        talk(
            f"{count(looked.damaged, 'picture')} cannot be read back:"
            " `chatvault verify --full` says which packs are damaged"
        )
    return True
