"""What a reader of outside bytes gives up."""

import platform
import subprocess
import sys

import pytest

# Each large piece is followed by a small one that stays, as a window on a file by its records.
HOLES = """
import sys
from chatvault.services.restrict import GiB, restrict
if sys.argv[1:]:
    restrict(address_space=4 * GiB)
del sys.argv
bytes(8 * 2**20)  # a piece of a size that glibc thinks will come again
pieces = [(bytearray(2**20), bytearray(1000)) for _ in range(64)]
kept = [small for _, small in pieces]
del pieces
with open("/proc/self/statm", encoding="ascii") as file:
    print(int(file.read().split()[1]) * 4096 // 2**20)
"""


def resident(*arguments: str) -> int:
    ran = subprocess.run(
        [sys.executable, "-c", HOLES, *arguments], capture_output=True, text=True, check=True
    )
    return int(ran.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other libraries do it anyway")
def test_large_pieces_of_memory_are_given_back() -> None:
    assert 32 > resident("restricted")
