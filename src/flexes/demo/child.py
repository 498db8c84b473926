"""The process that is going to be killed: it starts the run and drives it until somebody ends it.

Its slow translator never answers, so that the kill always finds it in flight, on any machine.
"""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Final

from flexes.demo.campaign import registry
from flexes.demo.journal import Journal
from flexes.demo.material import envelope
from flexes.shell.facade import Flexes

HANGING: Final = "translator"
STORE_VARIABLE: Final = "FLEXES_STORE"
"""The store's URL may hold a password, so it is handed over in the environment and not as an argument."""


def begin(store_url: str, run_id: str, journal: Path, errors: IO[bytes]) -> "subprocess.Popen[bytes]":
    """Start the process; what it has to say of its own failure goes to `errors`."""
    return subprocess.Popen(
        [sys.executable, "-m", "flexes.demo.child", run_id, str(journal)],
        env={**os.environ, STORE_VARIABLE: store_url},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=errors,
    )


async def drive(store_url: str, run_id: str, journal: Journal) -> None:
    """Start the campaign and drive it."""
    async with Flexes.open(store_url, registry=journal.witnessed(registry, HANGING)) as flexes:
        await flexes.start(envelope(), run_id=run_id, by="demo")
        await flexes.drive(run_id)


if __name__ == "__main__":
    asyncio.run(drive(os.environ[STORE_VARIABLE], sys.argv[1], Journal(Path(sys.argv[2]))))
