"""Figures as the tables write them."""

from __future__ import annotations

from _bench_results import Spread


def figure(number: float) -> str:
    """With as many digits as say something."""
    if number >= 100:
        return f"{number:,.0f}"
    return f"{number:.1f}" if number >= 10 else f"{number:.2f}"


def spread(found: Spread) -> str:
    """Median and 95th percentile."""
    return f"{figure(found.median)} / {figure(found.p95)}"


def megabytes(size: int) -> str:
    """Bytes of a file."""
    return f"{size / 1e6:,.0f} MB" if size >= 1e7 else f"{size / 1e6:.1f} MB"


def peak(found: float) -> str:
    """Megabytes of memory, where it was watched."""
    return f"{found:,.0f} MB" if found else "-"


def finds(share: float) -> str:
    """How much of our hits somebody else has."""
    if share < 0.0005:
        return "nothing"
    return "the same" if abs(share - 1) < 0.0005 else f"{share:.1%}"
