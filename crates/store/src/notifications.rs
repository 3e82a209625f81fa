//! Notifications: what an update means for the images that were indexed.
//!
//! Those of one update are a set, which is written and delivered as a whole. With the set goes a
//! receipt for the update operation, in the same transaction: an operation without one still has
//! to be looked at, one with it never again.

use std::collections::HashMap;

use clair_model::Digest;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use crate::manifests::digest;
use crate::{Error, Operation, Store, document, hash, operations};

const VULNERABILITY: &str = "vulnerability of a notification";

/// Notifications of one statement.
const CHUNK: usize = 5_000;

/// Whether an image is affected now, or no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// It is affected now.
    Added,
    /// It is no longer.
    Removed,
}

impl Reason {
    const fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
        }
    }

    fn of_name(name: &str) -> Result<Self, Error> {
        match name {
            "added" => Ok(Self::Added),
            "removed" => Ok(Self::Removed),
            other => Err(Error::damaged(
                "reason of a notification",
                format!("{other:?} is unknown"),
            )),
        }
    }
}

/// A source that has changed since its changes were last looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingUpdate {
    /// The newest operation of the source.
    pub current: Operation,
    /// The newest one that has a receipt. `None` while none has: the source is new, and what it
    /// states is no news.
    pub previous: Option<Uuid>,
}

/// A notification to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewNotification<'a> {
    /// The image.
    pub manifest: &'a Digest,
    /// What happened to it.
    pub reason: Reason,
    /// The vulnerability: an opaque document. The same one is stored once for all images.
    pub vulnerability: &'a [u8],
}

/// A notification of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Its name, which also is its place in the set.
    pub id: Uuid,
    /// The image.
    pub manifest: Digest,
    /// What happened to it.
    pub reason: Reason,
    /// The vulnerability.
    pub vulnerability: Vec<u8>,
}

/// A part of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationPage {
    /// The notifications, in the order of their ids.
    pub notifications: Vec<Notification>,
    /// The id after which the next page begins; `None` on the last one.
    pub next: Option<Uuid>,
}

/// A set that is being written. Dropped, it never was.
#[derive(Debug)]
pub struct NotificationWriter {
    transaction: Transaction<'static, Postgres>,
    set: Uuid,
    operation: Uuid,
    previous: Option<Uuid>,
    count: i64,
    vulnerabilities: HashMap<Uuid, i32>,
    rows: Rows,
}

#[derive(Debug, Default)]
struct Rows {
    id: Vec<Uuid>,
    manifest: Vec<String>,
    reason: Vec<String>,
    vulnerability: Vec<i32>,
}

impl Store {
    /// The sources whose newest operation has no receipt, oldest operation first.
    pub async fn pending_updates(&self) -> Result<Vec<PendingUpdate>, Error> {
        let rows = sqlx::query!(
            r#"SELECT newest.ref AS current, (
                 SELECT ref FROM update_operation
                 JOIN notification_receipt ON operation = update_operation.id
                 WHERE update_operation.source = source.id
                 ORDER BY update_operation.id DESC LIMIT 1
             ) AS previous
             FROM source JOIN update_operation AS newest ON newest.id = source.operation
             WHERE kind = 'vulnerability'
             AND NOT EXISTS (SELECT FROM notification_receipt WHERE operation = newest.id)
             ORDER BY newest.id"#,
        )
        .fetch_all(&self.pool)
        .await?;
        let mut pending = Vec::with_capacity(rows.len());
        for row in rows {
            // One that was collected since has a newer one in its place.
            if let Some(current) = self.operation(row.current).await? {
                pending.push(PendingUpdate {
                    current,
                    previous: row.previous,
                });
            }
        }
        Ok(pending)
    }

    /// Gives an operation, and those of the source before it, a receipt without notifications.
    /// `false` when it had one already.
    ///
    /// # Errors
    ///
    /// [`Error::NoOperation`].
    pub async fn skip_notifications(&self, operation: Uuid) -> Result<bool, Error> {
        let mut transaction = self.pool.begin().await?;
        let first = give_receipts(&mut transaction, operation, None).await?;
        transaction.commit().await?;
        Ok(first)
    }

    /// Begins the set of the notifications for an operation, under a new id. They tell what changed
    /// since the `previous` one, if they tell of more than the operation itself.
    ///
    /// # Errors
    ///
    /// [`Error::NoOperation`].
    pub async fn begin_notifications(
        &self,
        operation: Uuid,
        previous: Option<Uuid>,
    ) -> Result<NotificationWriter, Error> {
        let mut transaction = self.pool.begin().await?;
        let source = Operation::try_from(find(&mut transaction, operation).await?)?.source;
        let set = Uuid::new_v4();
        sqlx::query!(
            "INSERT INTO notification_set (id, source, operation, notifications)
             VALUES ($1, $2, $3, 0)",
            set,
            source,
            operation,
        )
        .execute(&mut *transaction)
        .await?;
        Ok(NotificationWriter {
            transaction,
            set,
            operation,
            previous,
            count: 0,
            vulnerabilities: HashMap::new(),
            rows: Rows::default(),
        })
    }

    /// Gives the notifications of a set, at most `limit` after an id; `None` if there is no such
    /// set.
    pub async fn notifications(
        &self,
        set: Uuid,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Option<NotificationPage>, Error> {
        let exists = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM notification_set WHERE id = $1) AS "exists!""#,
            set,
        )
        .fetch_one(&self.pool)
        .await?;
        if !exists {
            return Ok(None);
        }
        let rows = sqlx::query!(
            "SELECT id, manifest, reason, document
             FROM notification
             JOIN notification_vulnerability USING (notification_set)
             WHERE notification_set = $1 AND id > $2 AND position = vulnerability
             ORDER BY id
             LIMIT $3",
            set,
            after.unwrap_or_default(),
            i64::from(limit) + 1,
        )
        .fetch_all(&self.pool)
        .await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        let notifications = rows.into_iter().take(limit).map(|row| {
            Ok(Notification {
                id: row.id,
                manifest: digest(&row.manifest)?,
                reason: Reason::of_name(&row.reason)?,
                vulnerability: document::unpack(VULNERABILITY, &row.document)?,
            })
        });
        let notifications = notifications.collect::<Result<Vec<_>, Error>>()?;
        let next = notifications.last().filter(|_| more).map(|last| last.id);
        Ok(Some(NotificationPage {
            notifications,
            next,
        }))
    }
}

impl NotificationWriter {
    /// The id of the set.
    pub fn id(&self) -> Uuid {
        self.set
    }

    /// Adds notifications to the set. Its pages have them in the order in which they are added.
    pub async fn add(&mut self, notifications: &[NewNotification<'_>]) -> Result<(), Error> {
        for notification in notifications {
            let vulnerability = self.vulnerability(notification.vulnerability).await?;
            self.rows.id.push(Uuid::now_v7());
            self.rows.manifest.push(notification.manifest.to_string());
            self.rows.reason.push(notification.reason.name().to_owned());
            self.rows.vulnerability.push(vulnerability);
            if self.rows.id.len() >= CHUNK {
                self.flush().await?;
            }
        }
        Ok(())
    }

    /// Ends the set, which is due for delivery from now on, and gives the operation its receipt.
    /// A set without notifications leaves the receipt only.
    ///
    /// `false` when the operation, or one since the previous one, had a receipt already: then
    /// nothing is stored, since something of it has been told.
    ///
    /// # Errors
    ///
    /// [`Error::NoOperation`].
    pub async fn commit(mut self) -> Result<bool, Error> {
        self.flush().await?;
        if !give_receipts(&mut self.transaction, self.operation, self.previous).await? {
            return Ok(false);
        }
        if self.count == 0 {
            sqlx::query!("DELETE FROM notification_set WHERE id = $1", self.set)
                .execute(&mut *self.transaction)
                .await?;
        } else {
            sqlx::query!(
                "UPDATE notification_set
                 SET notifications = $2, created_at = clock_timestamp(),
                     next_attempt_at = clock_timestamp()
                 WHERE id = $1",
                self.set,
                self.count,
            )
            .execute(&mut *self.transaction)
            .await?;
        }
        self.transaction.commit().await?;
        Ok(true)
    }

    async fn vulnerability(&mut self, document: &[u8]) -> Result<i32, Error> {
        let hash = hash::of_bytes(document);
        if let Some(position) = self.vulnerabilities.get(&hash) {
            return Ok(*position);
        }
        let position = i32::try_from(self.vulnerabilities.len())
            .map_err(|error| Error::damaged(VULNERABILITY, error))?;
        sqlx::query!(
            "INSERT INTO notification_vulnerability (notification_set, position, document)
             VALUES ($1, $2, $3)",
            self.set,
            position,
            document::pack(VULNERABILITY, document)?,
        )
        .execute(&mut *self.transaction)
        .await?;
        self.vulnerabilities.insert(hash, position);
        Ok(position)
    }

    async fn flush(&mut self) -> Result<(), Error> {
        let Rows {
            id,
            manifest,
            reason,
            vulnerability,
        } = std::mem::take(&mut self.rows);
        if id.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "INSERT INTO notification (notification_set, id, manifest, reason, vulnerability)
             SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::text[], $5::int[])",
            self.set,
            &id,
            &manifest,
            &reason,
            &vulnerability,
        )
        .execute(&mut *self.transaction)
        .await?;
        self.count = self
            .count
            .saturating_add(i64::try_from(id.len()).unwrap_or(i64::MAX));
        Ok(())
    }
}

/// Gives receipts to an operation and to those of its source before it. `false` when the operation
/// itself had one, or any since a previous one.
async fn give_receipts(
    transaction: &mut Transaction<'static, Postgres>,
    operation: Uuid,
    previous: Option<Uuid>,
) -> Result<bool, Error> {
    let row = find(transaction, operation).await?;
    let after = match previous {
        Some(previous) => find(transaction, previous).await?.id,
        None => row.id - 1,
    };
    // Whoever gives the same at the same time is waited for.
    let given = sqlx::query_scalar!(
        "INSERT INTO notification_receipt (operation)
         SELECT id FROM update_operation WHERE source = $1 AND id <= $2 ORDER BY id
         ON CONFLICT DO NOTHING
         RETURNING operation",
        row.source_id,
        row.id,
    )
    .fetch_all(&mut **transaction)
    .await?;
    let meant = sqlx::query_scalar!(
        "SELECT id FROM update_operation WHERE source = $1 AND id > $2 AND id <= $3",
        row.source_id,
        after,
        row.id,
    )
    .fetch_all(&mut **transaction)
    .await?;
    Ok(meant.iter().all(|id| given.contains(id)))
}

async fn find(
    transaction: &mut Transaction<'static, Postgres>,
    reference: Uuid,
) -> Result<operations::Row, Error> {
    let row = operations::find(&mut **transaction, reference).await?;
    row.ok_or(Error::NoOperation { reference })
}
