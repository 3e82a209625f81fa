//! What is counted and measured. The families of queries have Clair's names.

use std::time::{Duration, Instant};

use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

use crate::error::Failure;
use crate::updates::Outcome;

const PENDING: &str = "clair_notifier_pending_updates";
const UPDATES: &str = "clair_notifier_updates_total";
const UPDATE_SECONDS: &str = "clair_notifier_update_duration_seconds";
const ADDED: &str = "clair_notifier_putnotifications_affected_total";
const COLLECTED: &str = "clair_notifier_collectnotification_affected_total";
const DELIVERIES: &str = "clair_notifier_deliveries_total";
const DELIVERY_SECONDS: &str = "clair_notifier_delivery_duration_seconds";

/// A query of the database.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Query {
    total: &'static str,
    seconds: &'static str,
    name: &'static str,
}

macro_rules! queries {
    ($($constant:ident = $name:literal, $total:literal, $what:literal;)+) => {
        $(
            #[doc = $what]
            pub(crate) const $constant: Query = Query {
                total: concat!("clair_notifier_", $name, $total),
                seconds: concat!("clair_notifier_", $name, "_duration_seconds"),
                name: $name,
            };
        )+

        fn describe_queries() {
            $(
                describe_counter!($constant.total, concat!("Queries: ", $what));
                describe_histogram!(
                    $constant.seconds, Unit::Seconds, concat!("Time of queries: ", $what)
                );
            )+
        }
    };
}

queries! {
    CREATED = "created", "_total", "claiming sets that are due for delivery";
    NOTIFICATIONS = "notifications", "_total", "reading a page of a set";
    SET_DELIVERED = "setdelivered", "_total", "noting that a set was accepted";
    SET_DELIVERY_FAILED = "setdeliveryfailed", "_total", "noting that a set was not accepted";
    SET_DELETED = "setdeleted", "_total", "acknowledging a set";
    PUT_RECEIPT = "putreceipt", "_total", "giving an update a receipt without notifications";
    PUT_NOTIFICATIONS = "putnotifications", "_query_total", "storing a set with its receipt";
    COLLECT_NOTIFICATION = "collectnotification", "_query_total", "collecting sets";
}

/// Describes the metrics of this crate to the recorder that is installed.
pub fn describe_metrics() {
    describe_queries();
    describe_gauge!(
        PENDING,
        "Updates that were not looked at when it was last looked"
    );
    describe_counter!(
        UPDATES,
        "Attempts to make notifications of an update, by outcome"
    );
    describe_histogram!(
        UPDATE_SECONDS,
        Unit::Seconds,
        "Time of attempts to make notifications of an update, by outcome"
    );
    describe_counter!(ADDED, "Notifications that were made, by reason");
    describe_counter!(COLLECTED, "Sets that were collected");
    describe_counter!(DELIVERIES, "Attempts to deliver a set, by outcome");
    describe_histogram!(
        DELIVERY_SECONDS,
        Unit::Seconds,
        "Time of attempts to deliver a set"
    );
}

/// Makes a query, and measures it.
pub(crate) async fn query<T, E>(
    query: Query,
    run: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let began = Instant::now();
    let result = run.await;
    let error = if result.is_err() { "true" } else { "false" };
    counter!(query.total, "query" => query.name, "error" => error).increment(1);
    histogram!(query.seconds, "query" => query.name, "error" => error).record(began.elapsed());
    result
}

/// So many updates wait.
#[allow(clippy::cast_precision_loss, reason = "gauges are floats")]
pub(crate) fn pending(updates: usize) {
    gauge!(PENDING).set(updates as f64);
}

/// Notifications were to be made of an update.
pub(crate) fn update(result: &Result<Outcome, Failure>, elapsed: Duration) {
    let outcome = match result {
        Ok(Outcome::Notified) => "notified",
        Ok(Outcome::Unaffected) => "unaffected",
        Ok(Outcome::First) => "first",
        Ok(Outcome::Done) => "done",
        Ok(Outcome::Busy) => "busy",
        Ok(Outcome::Behind) => "behind",
        Err(_) => "error",
    };
    counter!(UPDATES, "outcome" => outcome).increment(1);
    histogram!(UPDATE_SECONDS, "outcome" => outcome).record(elapsed);
}

/// Notifications were made.
pub(crate) fn notified(added: u64, removed: u64) {
    counter!(ADDED, "reason" => "added").increment(added);
    counter!(ADDED, "reason" => "removed").increment(removed);
}

/// Sets were collected.
pub(crate) fn collected(sets: u64) {
    counter!(COLLECTED).increment(sets);
}

/// A set was to be delivered.
pub(crate) fn delivery(outcome: &'static str, elapsed: Duration) {
    counter!(DELIVERIES, "outcome" => outcome).increment(1);
    histogram!(DELIVERY_SECONDS, "outcome" => outcome).record(elapsed);
}
