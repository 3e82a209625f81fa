-- Which images an update affects, and whether their owners know.

CREATE TABLE notification_receipt (
    operation bigint PRIMARY KEY REFERENCES update_operation ON DELETE CASCADE,
    made_at   timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE notification_receipt IS
    'An update operation about which all notifications that it makes necessary have been made. The receipt stays as long as the operation.';

CREATE TABLE notification_set (
    id              uuid PRIMARY KEY,
    source          text NOT NULL,
    operation       uuid NOT NULL,
    notifications   bigint NOT NULL,
    state           text NOT NULL DEFAULT 'created',
    attempts        integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz DEFAULT now(),
    last_error      text NOT NULL DEFAULT '',
    created_at      timestamptz NOT NULL DEFAULT now(),
    delivered_at    timestamptz,
    acknowledged_at timestamptz,
    CONSTRAINT notification_set_state_known
        CHECK (state IN ('created', 'failed', 'delivered', 'acknowledged'))
);
CREATE INDEX notification_set_due ON notification_set (next_attempt_at)
    WHERE state IN ('created', 'failed');
CREATE INDEX notification_set_created ON notification_set (created_at, id);

COMMENT ON TABLE notification_set IS 'The notifications of one update, which are delivered together.';
COMMENT ON COLUMN notification_set.operation IS 'The ref of the update operation.';
COMMENT ON COLUMN notification_set.notifications IS 'How many it was made with.';
COMMENT ON COLUMN notification_set.attempts IS 'How often delivery was tried.';
COMMENT ON COLUMN notification_set.next_attempt_at IS
    'When delivery is due: one that is being tried is not due before it would count as lost. Null: no more attempts.';
COMMENT ON COLUMN notification_set.last_error IS 'Why the last attempt failed; empty if it did not.';

CREATE TABLE notification_vulnerability (
    notification_set uuid NOT NULL REFERENCES notification_set ON DELETE CASCADE,
    position         integer NOT NULL,
    document         bytea NOT NULL,
    PRIMARY KEY (notification_set, position)
);
ALTER TABLE notification_vulnerability ALTER COLUMN document SET STORAGE EXTERNAL;

COMMENT ON TABLE notification_vulnerability IS
    'A vulnerability that notifications of a set are about: many images, few vulnerabilities.';
COMMENT ON COLUMN notification_vulnerability.document IS 'An opaque document of the notifier, zstd.';

CREATE TABLE notification (
    notification_set uuid NOT NULL REFERENCES notification_set ON DELETE CASCADE,
    id               uuid NOT NULL,
    manifest         text COLLATE "C" NOT NULL,
    reason           text NOT NULL,
    vulnerability    integer NOT NULL,
    PRIMARY KEY (notification_set, id),
    CONSTRAINT notification_reason_known CHECK (reason IN ('added', 'removed'))
);

COMMENT ON TABLE notification IS 'What an update means for one image.';
COMMENT ON COLUMN notification.manifest IS
    'Digest of the manifest, which may have been deleted since.';
COMMENT ON COLUMN notification.vulnerability IS 'Position in notification_vulnerability.';
