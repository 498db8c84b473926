-- name: migrations_table
CREATE TABLE IF NOT EXISTS flexes_migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL)

-- name: has_migrations_table
SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'flexes_migrations'

-- name: last_migration
SELECT coalesce(max(number), 0) FROM flexes_migrations

-- name: add_migration
INSERT INTO flexes_migrations (number, name) VALUES (?, ?)

-- name: head
SELECT originator_version, digest FROM stored_events
WHERE originator_id = ? ORDER BY originator_version DESC LIMIT 1

-- name: insert_event
INSERT INTO stored_events (originator_id, originator_version, topic, state, digest) VALUES (?, ?, ?, ?, ?)

-- name: read
SELECT rowid, originator_id, originator_version, topic, state, digest FROM stored_events
WHERE originator_id = ? AND originator_version > ? AND originator_version <= ? ORDER BY originator_version

-- name: read_all
SELECT rowid, originator_id, originator_version, topic, state, digest FROM stored_events
WHERE rowid > ? ORDER BY rowid LIMIT ?

-- name: heads
SELECT first.originator_id,
    (SELECT max(e.originator_version) FROM stored_events AS e WHERE e.originator_id = first.originator_id),
    first.rowid
FROM stored_events AS first
WHERE first.originator_version = 1 AND first.rowid < ? ORDER BY first.rowid DESC LIMIT ?

-- name: last_position
SELECT coalesce(max(rowid), 0) FROM stored_events

-- name: holes
SELECT previous + 1, position - 1 FROM (
    SELECT position, lag(position, 1, ?) OVER (ORDER BY position) AS previous FROM (
        SELECT rowid AS position FROM stored_events WHERE rowid > ?
        UNION ALL SELECT seq + 1 FROM sqlite_sequence WHERE name = 'stored_events' AND seq >= ?
    )
) WHERE position > previous + 1 ORDER BY position LIMIT ?

-- name: load_snapshot
SELECT originator_id, originator_version, state_schema, state FROM stored_snapshots WHERE originator_id = ?

-- name: save_snapshot
INSERT INTO stored_snapshots (originator_id, originator_version, state_schema, state) VALUES (?, ?, ?, ?)
ON CONFLICT (originator_id) DO UPDATE SET
    originator_version = excluded.originator_version, state_schema = excluded.state_schema, state = excluded.state
WHERE excluded.state_schema <> stored_snapshots.state_schema
    OR excluded.originator_version > stored_snapshots.originator_version
