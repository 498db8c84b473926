-- Which generations of each projection there are, and how far each has come. One is live: the one that readers see.
-- name: create
CREATE TABLE IF NOT EXISTS flexes_projections (
    name text NOT NULL,
    generation bigint NOT NULL,
    version bigint NOT NULL,
    tables text NOT NULL,
    state text NOT NULL CHECK (state IN ('live', 'building', 'checking', 'retired')),
    position bigint NOT NULL,
    error text,
    error_position bigint,
    PRIMARY KEY (name, generation)
)

-- name: one_live
CREATE UNIQUE INDEX IF NOT EXISTS flexes_projections_live ON flexes_projections (name) WHERE state = 'live'

-- name: all
SELECT name, generation, version, tables, state, position, error, error_position FROM flexes_projections
ORDER BY name, generation

-- name: of
SELECT name, generation, version, tables, state, position, error, error_position FROM flexes_projections
WHERE name = ? ORDER BY generation

-- name: add
INSERT INTO flexes_projections (name, generation, version, tables, state, position) VALUES (?, ?, ?, ?, ?, 0)

-- name: advance
UPDATE flexes_projections SET position = ?
WHERE name = ? AND generation = ? AND position = ? AND state = ? AND error IS NULL

-- name: stop
UPDATE flexes_projections SET error = ?, error_position = ?
WHERE name = ? AND generation = ? AND error IS NULL

-- name: retry
UPDATE flexes_projections SET error = NULL, error_position = NULL WHERE name = ?

-- name: turn
UPDATE flexes_projections SET state = ? WHERE name = ? AND generation = ?

-- name: forget
DELETE FROM flexes_projections WHERE name = ? AND generation = ?
