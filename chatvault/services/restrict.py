"""Giving up what a reader of outside bytes does not need, as far as the system knows how."""

import sys

GiB = 1024**3
LARGE = 128 * 1024  # bytes of memory that go back to the system as soon as they are free


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
    if sys.platform.startswith("linux"):
        _linux()


def _linux() -> None:
    import ctypes

    library = ctypes.CDLL(None)
    library.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    # glibc else learns to keep large pieces in its heap, where small ones that stay hold them open:
    # 105 MB for Discord's JSON, of which 31 are in use. Other libraries have no mallopt.
    if hasattr(library, "mallopt"):
        library.mallopt(-3, LARGE)  # M_MMAP_THRESHOLD
