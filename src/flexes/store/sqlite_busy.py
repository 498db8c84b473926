"""Statements for which SQLite itself does not wait, or not fairly: asked again while another writer has the file."""

import sqlite3
import time


def execute_when_free(
    connection: sqlite3.Connection, statement: str, *, pause_s: float, until: float
) -> sqlite3.Cursor:
    """Execute a statement, again after each pause while the file is busy; the error counts after `until`, monotonic."""
    while True:
        try:
            return connection.execute(statement)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(pause_s)
