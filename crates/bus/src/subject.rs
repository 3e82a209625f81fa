//! Subjects: what is where.
//!
//! ```text
//! clair.work.index.high.sha256:…      work, by queue, priority and key
//! clair.event.update.applied          events, by name
//! clair.dead.work.index.high.sha256:… dead letters, by the subject they come from
//! clair.hint.work.index               that there is something new, for those who wait
//! ```

use crate::{Error, Priority};

const ROOT: &str = "clair.";

/// All work.
pub(crate) const WORK: &str = "clair.work.>";
/// All events.
pub(crate) const EVENTS: &str = "clair.event.>";
/// All dead letters.
pub(crate) const DEAD: &str = "clair.dead.>";

/// A piece of work.
pub(crate) fn work(queue: &str, priority: Priority, key: &str) -> Result<String, Error> {
    let is_token = !key.is_empty()
        && key
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b".*>".contains(&byte));
    if !is_token {
        return Err(Error::InvalidKey(key.to_owned()));
    }
    Ok(format!("clair.work.{queue}.{priority}.{key}"))
}

/// All work of one queue and one priority.
pub(crate) fn lane(queue: &str, priority: Priority) -> String {
    format!("clair.work.{queue}.{priority}.>")
}

/// An event.
pub(crate) fn event(name: &str) -> String {
    format!("clair.event.{name}")
}

/// The dead letter of what was sent to a subject.
pub(crate) fn dead(subject: &str) -> String {
    format!(
        "clair.dead.{}",
        subject.strip_prefix(ROOT).unwrap_or(subject)
    )
}

/// The dead letters of one queue.
pub(crate) fn dead_work(queue: &str) -> String {
    format!("clair.dead.work.{queue}.>")
}

/// The hint that there is new work in a queue.
pub(crate) fn work_hint(queue: &str) -> String {
    format!("clair.hint.work.{queue}")
}

/// The hint that there is a new event.
pub(crate) fn event_hint(name: &str) -> String {
    format!("clair.hint.event.{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_tell_where_they_come_from() {
        let subject = work("index", Priority::High, "sha256:00").unwrap();
        assert_eq!(subject, "clair.work.index.high.sha256:00");
        assert_eq!(dead(&subject), "clair.dead.work.index.high.sha256:00");
    }

    #[test]
    fn a_key_cannot_reach_other_subjects() {
        for key in ["", "a.b", "*", ">", "a b", "a\r\nPUB x 0", "é"] {
            let error = work("index", Priority::Low, key).unwrap_err();
            assert!(matches!(error, Error::InvalidKey(_)), "{key:?}");
        }
    }
}
