-- Tokens that were used, so that none is used twice.

CREATE TABLE used_token (
    hash       bytea PRIMARY KEY,
    expires_at timestamptz NOT NULL
);
CREATE INDEX used_token_expires ON used_token (expires_at);

COMMENT ON TABLE used_token IS
    'The tokens that any gateway has accepted and that could still be replayed.';
COMMENT ON COLUMN used_token.hash IS 'SHA-256 of issuer, zero byte and jti.';
COMMENT ON COLUMN used_token.expires_at IS
    'When every gateway refuses the token anyway, clock skew included.';
