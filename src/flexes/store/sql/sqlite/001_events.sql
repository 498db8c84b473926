-- The table layout of eventsourcing's SQLite recorders (so its tools read it), with a position that is never used
-- again (AUTOINCREMENT) and the digest chain. Its recorders call the position `rowid`, so the column has that name.
CREATE TABLE stored_events (
    rowid INTEGER PRIMARY KEY AUTOINCREMENT,
    originator_id TEXT NOT NULL,
    originator_version INTEGER NOT NULL CHECK (originator_version > 0),
    topic TEXT NOT NULL,
    state BLOB NOT NULL,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    UNIQUE (originator_id, originator_version)
) STRICT;

-- The runs in the order in which they started.
CREATE INDEX stored_events_first ON stored_events (originator_version) WHERE originator_version = 1;

CREATE TRIGGER stored_events_no_update BEFORE UPDATE ON stored_events
BEGIN
    SELECT RAISE(ABORT, 'stored events are never changed');
END;

CREATE TRIGGER stored_events_no_delete BEFORE DELETE ON stored_events
BEGIN
    SELECT RAISE(ABORT, 'stored events are never removed');
END;

-- Also refuses INSERT OR REPLACE, which removes rows without firing the trigger above.
CREATE TRIGGER stored_events_next_version BEFORE INSERT ON stored_events
WHEN NEW.originator_version <> 1 + coalesce(
    (SELECT max(originator_version) FROM stored_events WHERE originator_id = NEW.originator_id), 0
) OR EXISTS (SELECT 1 FROM stored_events WHERE rowid = NEW.rowid)
BEGIN
    SELECT RAISE(ABORT, 'stored events are appended, version after version');
END;

CREATE TABLE stored_snapshots (
    originator_id TEXT PRIMARY KEY NOT NULL,
    originator_version INTEGER NOT NULL,
    state_schema INTEGER NOT NULL,
    state BLOB NOT NULL
) STRICT;
