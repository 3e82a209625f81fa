//! Tokens that were used. One that may be used once only is refused by every gateway after that.

use jiff::Timestamp;

use crate::{Error, Store, hash, time};

impl Store {
    /// Notes that a token is used, and tells whether it is for the first time.
    ///
    /// `expires` is from when on every gateway refuses the token anyway, with the clock skew that
    /// it allows; then the note goes too.
    pub async fn use_token(
        &self,
        issuer: &str,
        jti: &str,
        expires: Timestamp,
    ) -> Result<bool, Error> {
        let noted = sqlx::query!(
            "INSERT INTO used_token (hash, expires_at) VALUES ($1, $2)
             ON CONFLICT (hash) DO UPDATE SET expires_at = excluded.expires_at
             WHERE used_token.expires_at <= now()",
            hash::of_pair(issuer, jti),
            time::to_database(expires)?,
        )
        .execute(&self.pool)
        .await?;
        Ok(noted.rows_affected() > 0)
    }
}
