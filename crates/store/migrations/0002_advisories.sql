-- What sources of security data state, and when they began and ceased to.

CREATE TABLE source (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name          text COLLATE "C" NOT NULL UNIQUE,
    feed          text NOT NULL,
    kind          text NOT NULL DEFAULT 'vulnerability',
    fingerprint   text NOT NULL DEFAULT '',
    location      text NOT NULL DEFAULT '',
    upstream_date timestamptz,
    skipped       jsonb NOT NULL DEFAULT '{}',
    advisories    bigint NOT NULL DEFAULT 0,
    operation     bigint,
    attempted_at  timestamptz,
    succeeded_at  timestamptz,
    error         text NOT NULL DEFAULT '',
    CONSTRAINT source_kind_known CHECK (kind IN ('vulnerability', 'enrichment'))
);

COMMENT ON TABLE source IS 'A document of a feed, such as alpine/v3.18/main.';
COMMENT ON COLUMN source.fingerprint IS
    'By what the feed knows that the document has not changed: its own text. Empty: read it.';
COMMENT ON COLUMN source.location IS 'Where the document was read.';
COMMENT ON COLUMN source.upstream_date IS 'The date that the vendor gives the data.';
COMMENT ON COLUMN source.skipped IS 'How many records could not be used, by reason.';
COMMENT ON COLUMN source.advisories IS 'How many advisories it has now.';
COMMENT ON COLUMN source.operation IS 'The newest update operation; null before the first.';
COMMENT ON COLUMN source.attempted_at IS 'When it was last asked.';
COMMENT ON COLUMN source.succeeded_at IS 'When it last answered, changed or not.';
COMMENT ON COLUMN source.error IS 'Why the last attempt failed; empty if it did not.';

CREATE TABLE update_operation (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ref         uuid NOT NULL UNIQUE,
    source      bigint NOT NULL REFERENCES source ON DELETE CASCADE,
    fingerprint text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    added       bigint NOT NULL,
    removed     bigint NOT NULL
);
CREATE INDEX update_operation_source ON update_operation (source, id);

COMMENT ON TABLE update_operation IS
    'A change of a source. Those of one source are made one after the other, so their keys are in the order of time.';
COMMENT ON COLUMN update_operation.ref IS 'The name by which others know it.';
COMMENT ON COLUMN update_operation.fingerprint IS 'That of the document that brought the change.';
COMMENT ON COLUMN update_operation.added IS 'How many advisories it added.';
COMMENT ON COLUMN update_operation.removed IS
    'How many advisories it removed. A changed one counts in both.';

CREATE TABLE advisory (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source     bigint NOT NULL,
    hash       uuid NOT NULL,
    added_by   bigint NOT NULL,
    removed_by bigint,
    document   bytea NOT NULL,
    CONSTRAINT advisory_removed_later CHECK (removed_by > added_by)
);
ALTER TABLE advisory ALTER COLUMN document SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX advisory_live ON advisory (source, hash) WHERE removed_by IS NULL;
CREATE INDEX advisory_added ON advisory (source, added_by, id);
CREATE INDEX advisory_removed ON advisory (source, removed_by, id) WHERE removed_by IS NOT NULL;
CREATE INDEX advisory_gone ON advisory (source, hash) WHERE removed_by IS NOT NULL;

COMMENT ON TABLE advisory IS
    'An advisory of a source, from the update operation that added it to the one that removed it. A changed advisory is a new row. The keys of source and operations are no foreign keys: they would be checked row by row, and outlive the operations.';
COMMENT ON COLUMN advisory.hash IS 'First 128 bits of the SHA-256 of the document, uncompressed.';
COMMENT ON COLUMN advisory.added_by IS 'Key of the update operation from which on it is stated.';
COMMENT ON COLUMN advisory.removed_by IS
    'Key of the update operation from which on it is not; null while it is.';
COMMENT ON COLUMN advisory.document IS 'The advisory: JSON, zstd.';
