"""What SQLite says when it cannot, in the words of a store, with the remedy."""

import sqlite3
from pathlib import Path
from typing import Final

from flexes.errors import StoreUnavailable

_REMEDIES: Final = {
    sqlite3.SQLITE_BUSY: "another process keeps it locked: end it, or wait and try again",
    sqlite3.SQLITE_CANTOPEN: "check that its folder exists and is writable, and that it names a file",
    sqlite3.SQLITE_READONLY: "make the file and its folder writable",
    sqlite3.SQLITE_PERM: "make the file and its folder writable",
    sqlite3.SQLITE_FULL: "free space on the disk",
    sqlite3.SQLITE_NOTADB: "the file holds something else: name another file",
    sqlite3.SQLITE_CORRUPT: "the file is damaged: restore it from a backup",
}


def unavailable(path: Path, error: sqlite3.Error) -> StoreUnavailable:
    """Return the error of the store in a file that an error of SQLite comes to."""
    primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
    remedy = _REMEDIES.get(primary, "see the message of SQLite")
    return StoreUnavailable(f"the store {path} is not available: {error}: {remedy}")
