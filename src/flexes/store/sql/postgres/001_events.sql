-- The table layout of eventsourcing's PostgreSQL recorders (so its tools read it), with the digest chain.
CREATE TABLE stored_events (
    originator_id text NOT NULL,
    originator_version bigint NOT NULL CHECK (originator_version > 0),
    topic text NOT NULL,
    state bytea NOT NULL,
    notification_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    PRIMARY KEY (originator_id, originator_version)
) WITH (autovacuum_vacuum_insert_threshold = 100000, autovacuum_analyze_scale_factor = 0.01);

CREATE UNIQUE INDEX stored_events_notification_id_idx ON stored_events (notification_id);

-- The runs in the order in which they started.
CREATE INDEX stored_events_first ON stored_events (notification_id) WHERE originator_version = 1;

CREATE FUNCTION flexes_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'stored events are never %', TG_ARGV[0];
END $$;

CREATE TRIGGER stored_events_no_update BEFORE UPDATE ON stored_events
    FOR EACH STATEMENT EXECUTE FUNCTION flexes_refuse_change('changed');

CREATE TRIGGER stored_events_no_delete BEFORE DELETE ON stored_events
    FOR EACH STATEMENT EXECUTE FUNCTION flexes_refuse_change('removed');

CREATE TRIGGER stored_events_no_truncate BEFORE TRUNCATE ON stored_events
    FOR EACH STATEMENT EXECUTE FUNCTION flexes_refuse_change('removed');

-- Appends a run's next events in one round trip and returns their positions in their order; or, if `first` is not the
-- next version, stores nothing and returns no positions, and the version of the run's last event.
-- The lock is held until the commit, so that positions grow in the order of commits and readers never miss one.
-- Each field of a digest follows its length in 8 bytes, big-endian: int8send. It is inline, for a function is slower.
CREATE FUNCTION flexes_append(
    run text, first bigint, topics text[], states bytea[], OUT head bigint, OUT positions bigint[]
) LANGUAGE plpgsql AS $$
DECLARE
    run_bytes bytea := convert_to(run, 'UTF8');
    run_field bytea := int8send(octet_length(run_bytes)::bigint) || run_bytes;
    previous bytea;
    event record;
    new_position bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(1718379896, 'stored_events'::regclass::oid::int);
    SELECT e.originator_version, e.digest INTO head, previous FROM stored_events AS e
        WHERE e.originator_id = run ORDER BY e.originator_version DESC LIMIT 1;
    IF NOT FOUND THEN
        head := 0;
        previous := sha256(run_bytes);
    END IF;
    IF first <> head + 1 THEN
        RETURN;
    END IF;
    FOR event IN
        SELECT first + t.nr - 1 AS version, t.topic, convert_to(t.topic, 'UTF8') AS topic_bytes, t.state
        FROM unnest(topics, states) WITH ORDINALITY AS t(topic, state, nr) ORDER BY t.nr
    LOOP
        head := event.version;
        previous := sha256(
            int8send(32) || previous || run_field || int8send(8) || int8send(head)
            || int8send(octet_length(event.topic_bytes)::bigint) || event.topic_bytes
            || int8send(octet_length(event.state)::bigint) || event.state
        );
        INSERT INTO stored_events (originator_id, originator_version, topic, state, digest)
            VALUES (run, head, event.topic, event.state, previous)
            RETURNING notification_id INTO new_position;
        positions := positions || new_position;
    END LOOP;
END $$;

CREATE TABLE stored_snapshots (
    originator_id text PRIMARY KEY,
    originator_version bigint NOT NULL,
    state_schema integer NOT NULL,
    state bytea NOT NULL
);
