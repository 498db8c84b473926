-- The append of 001 computes digests in SQL, which costs more than storing the events. These take them from the writer,
-- who tells the digest that he believes to be the run's last: under the lock it is compared with the one that is. Rows
-- never change, so a digest that was right for a version stays right. The function of 001 stays, for writers of the
-- release before this one that are still at work.

-- Appends a run's next events in one round trip and returns their positions in their order; or, if `first` is not the
-- next version or `previous` not the last digest (null for a run without events), stores nothing and returns no
-- positions. Either way `head` and `last` are the version and digest that it found.
-- The lock is held until the commit, so that positions grow in the order of commits and readers never miss one.
CREATE FUNCTION flexes_append(
    run text, first bigint, previous bytea, topics text[], states bytea[], digests bytea[],
    OUT head bigint, OUT last bytea, OUT positions bigint[]
) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(1718379896, 'stored_events'::regclass::oid::int);
    SELECT e.originator_version, e.digest INTO head, last FROM stored_events AS e
        WHERE e.originator_id = run ORDER BY e.originator_version DESC LIMIT 1;
    head := coalesce(head, 0);
    IF first <> head + 1 OR previous IS DISTINCT FROM last THEN
        RETURN;
    END IF;
    WITH stored AS (
        INSERT INTO stored_events (originator_id, originator_version, topic, state, digest)
        SELECT run, head + t.nr, t.topic, t.state, t.digest
        FROM unnest(topics, states, digests) WITH ORDINALITY AS t(topic, state, digest, nr) ORDER BY t.nr
        RETURNING notification_id
    )
    SELECT array_agg(notification_id ORDER BY notification_id) INTO positions FROM stored;
END $$;

-- The same for several runs at once, each at most once: `runs`, `firsts` and `previous` have an item for each append;
-- the other arrays one for each event, in the order of the appends, with the number of its append from 1 in `owners`.
-- `stored` are the numbers of the appends that fitted; the positions are those of their events.
CREATE FUNCTION flexes_append_batch(
    runs text[], firsts bigint[], previous bytea[],
    owners bigint[], versions bigint[], topics text[], states bytea[], digests bytea[],
    OUT stored bigint[], OUT positions bigint[]
) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(1718379896, 'stored_events'::regclass::oid::int);
    stored := ARRAY(
        SELECT a.nr FROM unnest(runs, firsts, previous) WITH ORDINALITY AS a(run, first, previous, nr)
        LEFT JOIN LATERAL (
            SELECT e.originator_version AS version, e.digest FROM stored_events AS e
            WHERE e.originator_id = a.run ORDER BY e.originator_version DESC LIMIT 1
        ) AS last ON true
        WHERE a.first = coalesce(last.version, 0) + 1 AND a.previous IS NOT DISTINCT FROM last.digest
        ORDER BY a.nr
    );
    WITH added AS (
        INSERT INTO stored_events (originator_id, originator_version, topic, state, digest)
        SELECT runs[t.owner], t.version, t.topic, t.state, t.digest
        FROM unnest(owners, versions, topics, states, digests) WITH ORDINALITY
            AS t(owner, version, topic, state, digest, nr)
        WHERE t.owner = ANY (stored) ORDER BY t.nr
        RETURNING notification_id
    )
    SELECT array_agg(notification_id ORDER BY notification_id) INTO positions FROM added;
END $$;
