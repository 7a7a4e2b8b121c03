"""Giving up what a reader of outside bytes does not need, as far as the system knows how."""

import sys

GiB = 1024**3


def restrict(*, address_space: int, processor: int | None = None) -> None:
    """No more memory than so many bytes, no more processor than so many seconds, no file, no core
    dump, no new privileges."""
    try:
        import resource
    except ImportError:  # Windows
        return
    limits = [
        (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_AS, address_space),
    ]  # fmt: skip
    if processor is not None:
        limits.append((resource.RLIMIT_CPU, processor))
    for limit, value in limits:
        _, hard = resource.getrlimit(limit)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (value, value))
    _no_new_privileges()


def _no_new_privileges() -> None:
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
