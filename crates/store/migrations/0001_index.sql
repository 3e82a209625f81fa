-- What images contain.

CREATE TABLE manifest (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest       text COLLATE "C" NOT NULL UNIQUE,
    state        text NOT NULL,
    error        text NOT NULL DEFAULT '',
    submitted_at timestamptz NOT NULL DEFAULT now(),
    changed_at   timestamptz NOT NULL DEFAULT now(),
    analyzers    text,
    indexed_at   timestamptz,
    report       bytea,
    CONSTRAINT manifest_state_known CHECK (state IN (
        'CheckManifest', 'FetchLayers', 'ScanLayers', 'Coalesce', 'IndexManifest', 'IndexError',
        'IndexFinished'
    )),
    CONSTRAINT manifest_report_whole CHECK (num_nulls(analyzers, indexed_at, report) IN (0, 3))
);
-- Documents come compressed: trying to compress them again is waste.
ALTER TABLE manifest ALTER COLUMN report SET STORAGE EXTERNAL;

COMMENT ON TABLE manifest IS 'An image that was submitted.';
COMMENT ON COLUMN manifest.digest IS 'Identity of the image, algorithm:hexadecimal.';
COMMENT ON COLUMN manifest.state IS 'How far the last attempt to index it has come.';
COMMENT ON COLUMN manifest.error IS 'Why the last attempt failed; empty if it did not.';
COMMENT ON COLUMN manifest.submitted_at IS 'When it was submitted last.';
COMMENT ON COLUMN manifest.changed_at IS 'When its state last changed.';
COMMENT ON COLUMN manifest.analyzers IS 'Fingerprint of the analyzers that made the report.';
COMMENT ON COLUMN manifest.indexed_at IS 'When the report was made.';
COMMENT ON COLUMN manifest.report IS
    'The index report of the last successful attempt: JSON, zstd. Later attempts leave it until they succeed.';

CREATE TABLE layer (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest     text COLLATE "C" NOT NULL UNIQUE,
    touched_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE layer IS 'A layer, shared by all manifests that have it.';
COMMENT ON COLUMN layer.touched_at IS
    'When a manifest with it was last submitted. Garbage collection spares what was touched of late, so that it does not race with a submission.';

CREATE TABLE manifest_layer (
    manifest bigint NOT NULL REFERENCES manifest ON DELETE CASCADE,
    position integer NOT NULL,
    layer    bigint NOT NULL REFERENCES layer,
    PRIMARY KEY (manifest, position)
);
CREATE INDEX manifest_layer_layer ON manifest_layer (layer);

COMMENT ON TABLE manifest_layer IS 'The layers of a manifest, bottom first. A layer may come twice.';

CREATE TABLE layer_findings (
    layer     bigint NOT NULL REFERENCES layer ON DELETE CASCADE,
    analyzers text NOT NULL,
    made_at   timestamptz NOT NULL DEFAULT now(),
    findings  bytea NOT NULL,
    PRIMARY KEY (layer, analyzers)
);
ALTER TABLE layer_findings ALTER COLUMN findings SET STORAGE EXTERNAL;

COMMENT ON TABLE layer_findings IS
    'What a set of analyzers found in a layer, which depends on nothing else, so that a layer is read once only.';
COMMENT ON COLUMN layer_findings.analyzers IS 'Fingerprint of the analyzers and their versions.';
COMMENT ON COLUMN layer_findings.findings IS 'An opaque document of the indexer, zstd.';

CREATE TABLE distribution (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hash              uuid NOT NULL UNIQUE,
    did               text NOT NULL,
    name              text NOT NULL,
    version           text NOT NULL,
    version_code_name text NOT NULL,
    version_id        text NOT NULL,
    arch              text NOT NULL,
    cpe               text NOT NULL,
    pretty_name       text NOT NULL,
    touched_at        timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE distribution IS 'A release of a distribution, with the words of its os-release.';
COMMENT ON COLUMN distribution.hash IS
    '128 bits of the SHA-256 of the other columns, which are too long to be a key.';
COMMENT ON COLUMN distribution.touched_at IS 'See layer.touched_at.';

CREATE TABLE package (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hash           uuid NOT NULL UNIQUE,
    name           text COLLATE "C" NOT NULL,
    version        text NOT NULL,
    arch           text NOT NULL,
    module         text NOT NULL,
    detector       text,
    source_name    text COLLATE "C",
    source_version text,
    distribution   bigint,
    touched_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT package_source_whole CHECK (num_nulls(source_name, source_version) IN (0, 2))
);
CREATE INDEX package_name ON package (name);
CREATE INDEX package_source_name ON package (source_name) WHERE source_name IS NOT NULL;

COMMENT ON TABLE package IS
    'A package as part of a distribution, shared by all manifests that have it.';
COMMENT ON COLUMN package.hash IS
    '128 bits of the SHA-256 of the other columns, which are too long to be a key.';
COMMENT ON COLUMN package.detector IS 'The analyzer that found it.';
COMMENT ON COLUMN package.distribution IS
    'The distribution that it belongs to. Not a foreign key: its checks would lock the few rows that all manifests share; garbage collection spares what is in use.';
COMMENT ON COLUMN package.touched_at IS 'See layer.touched_at.';

CREATE TABLE manifest_packages (
    manifest bigint PRIMARY KEY REFERENCES manifest ON DELETE CASCADE,
    packages bigint[] NOT NULL
);
-- Without fastupdate: its list of entries yet to be sorted in is read for every package asked for.
CREATE INDEX manifest_packages_packages ON manifest_packages
    USING gin (packages) WITH (fastupdate = off);

COMMENT ON TABLE manifest_packages IS
    'The packages of each indexed manifest. One row each with an inverted index over its elements takes a tenth of what a row for each pair takes, and changes as a whole.';
COMMENT ON COLUMN manifest_packages.packages IS 'Keys of package, ascending.';
