"""Where a PostgreSQL server that the tests start may keep its data."""

from pathlib import Path
from tempfile import mkdtemp


def postgres_folder() -> Path:
    """Return an empty folder that the server's own user may enter; pytest's folders are closed to others."""
    folder = Path(mkdtemp(prefix="flexes-postgres-"))
    folder.chmod(0o755)
    return folder
