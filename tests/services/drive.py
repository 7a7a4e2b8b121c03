"""One command on a vault, in a process of its own that a test can kill at any moment.

`drive.py init FOLDER`, `drive.py import FOLDER EXPORT [PACK SIZE]`, `drive.py undo FOLDER NUMBER`,
`drive.py passphrase FOLDER NEW`, `drive.py rebuild FOLDER`
"""

import sys
from pathlib import Path

import vaults

from chatvault.errors import ChatVaultError
from chatvault.services import create, keys
from chatvault.vault import age


def main(what: str, folder: Path, *rest: str) -> None:
    if what == "init":
        create.create(
            folder, vaults.PASSPHRASE, recovery=age.Identity.generate(), profile=age.TESTING
        )
    elif what == "import":
        size = {"pack_size": int(rest[1])} if rest[1:] else {}
        vaults.found(folder).bring(Path(rest[0]), **size)
    elif what == "undo":
        vaults.found(folder).undo(int(rest[0]))
    elif what == "passphrase":
        made = vaults.found(folder)
        keys.change_passphrase(made.layout, made.ring, rest[0], age.TESTING)
    elif what == "rebuild":
        vaults.found(folder).rebuild()


if __name__ == "__main__":
    try:
        main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
    except ChatVaultError as error:
        print(f"{type(error).__name__}: {error} ({error.remedy})", file=sys.stderr)
        sys.exit(error.exit_code)
