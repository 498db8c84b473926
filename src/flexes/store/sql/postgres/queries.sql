-- name: lock_migrations
SELECT pg_advisory_xact_lock(1718379896, 0)

-- name: migrations_table
CREATE TABLE IF NOT EXISTS flexes_migrations (
    number integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
)

-- name: has_migrations_table
SELECT to_regclass('flexes_migrations') IS NOT NULL

-- name: last_migration
SELECT coalesce(max(number), 0) FROM flexes_migrations

-- name: add_migration
INSERT INTO flexes_migrations (number, name) VALUES (%s, %s)

-- name: append
SELECT head, last, positions FROM flexes_append(
    $1::text, $2::bigint, $3::bytea, $4::text[], $5::bytea[], $6::bytea[]
)

-- name: append_batch
SELECT stored, positions FROM flexes_append_batch(
    $1::text[], $2::bigint[], $3::bytea[], $4::bigint[], $5::bigint[], $6::text[], $7::bytea[], $8::bytea[]
)

-- name: last
SELECT originator_version, digest FROM stored_events
WHERE originator_id = %s ORDER BY originator_version DESC LIMIT 1

-- name: read
SELECT notification_id, originator_id, originator_version, topic, state, digest FROM stored_events
WHERE originator_id = %s AND originator_version > %s AND originator_version <= %s ORDER BY originator_version

-- name: read_all
SELECT notification_id, originator_id, originator_version, topic, state, digest FROM stored_events
WHERE notification_id > %s ORDER BY notification_id LIMIT %s

-- name: heads
SELECT first.originator_id,
    (SELECT max(e.originator_version) FROM stored_events AS e WHERE e.originator_id = first.originator_id),
    first.notification_id
FROM stored_events AS first
WHERE first.originator_version = 1 AND first.notification_id < %s ORDER BY first.notification_id DESC LIMIT %s

-- name: last_position
SELECT coalesce(max(notification_id), 0) FROM stored_events

-- name: lock_log
SELECT pg_advisory_xact_lock(1718379896, 'stored_events'::regclass::oid::int)

-- name: last_given
SELECT CASE WHEN has_sequence_privilege(name, 'SELECT') THEN pg_sequence_last_value(name::regclass) END
FROM pg_get_serial_sequence('stored_events', 'notification_id') AS name

-- name: holes
SELECT previous + 1, position - 1 FROM (
    SELECT position, lag(position, 1, %s::bigint) OVER (ORDER BY position) AS previous FROM (
        SELECT notification_id AS position FROM stored_events WHERE notification_id > %s
        UNION ALL SELECT %s::bigint + 1
    ) AS given
) AS steps WHERE position > previous + 1 ORDER BY position LIMIT %s

-- name: load_snapshot
SELECT originator_id, originator_version, state_schema, state FROM stored_snapshots WHERE originator_id = %s

-- name: save_snapshot
INSERT INTO stored_snapshots (originator_id, originator_version, state_schema, state) VALUES (%s, %s, %s, %b)
ON CONFLICT (originator_id) DO UPDATE SET
    originator_version = excluded.originator_version, state_schema = excluded.state_schema, state = excluded.state
WHERE excluded.state_schema <> stored_snapshots.state_schema
    OR excluded.originator_version > stored_snapshots.originator_version

-- name: notify
SELECT pg_notify($1, '')

-- name: channel
SELECT 'flexes_' || 'stored_events'::regclass::oid
