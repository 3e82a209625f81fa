//! What a notification says of a vulnerability, and how it is kept.
//!
//! It is kept as the message in which it will be sent. Two statements with the same [`Identity`]
//! are the same news, whatever words they use.

use clair_rpc::proto::model::v1::{Vulnerability, VulnerabilitySummary};
use prost::Message as _;

/// What distinguishes a vulnerability of an image from another: all that a notification says of
/// it but the description and the links.
///
/// Vendors correct the wording of advisories all the time, and one advisory speaks of many
/// packages. So most statements in which two states of a source differ say the same as before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Identity(Vec<u8>);

/// Makes the summary of a statement.
pub(crate) fn summarize(statement: Vulnerability) -> VulnerabilitySummary {
    VulnerabilitySummary {
        name: statement.name,
        description: statement.description,
        package: non_empty(statement.package),
        distribution: non_empty(statement.distribution),
        repository: non_empty(statement.repository),
        normalized_severity: statement.normalized_severity,
        fixed_in_version: statement.fixed_in_version,
        links: statement.links,
    }
}

fn non_empty<M: Default + PartialEq>(message: Option<M>) -> Option<M> {
    message.filter(|message| *message != M::default())
}

/// The identity of what a summary is about.
pub(crate) fn identity(summary: &VulnerabilitySummary) -> Identity {
    let news = VulnerabilitySummary {
        description: String::new(),
        links: String::new(),
        ..summary.clone()
    };
    Identity(news.encode_to_vec())
}

/// How a summary is kept.
pub(crate) fn encode(summary: &VulnerabilitySummary) -> Vec<u8> {
    summary.encode_to_vec()
}

/// The summary that is kept in these bytes.
pub(crate) fn decode(bytes: &[u8]) -> Result<VulnerabilitySummary, prost::DecodeError> {
    VulnerabilitySummary::decode(bytes)
}

#[cfg(test)]
mod tests {
    use clair_rpc::proto::model::v1::{Distribution, Package, Repository, Severity};

    use super::*;

    fn statement() -> Vulnerability {
        Vulnerability {
            name: "CVE-1".into(),
            description: "It is bad.".into(),
            package: Some(Package {
                name: "bash".into(),
                ..Package::default()
            }),
            distribution: Some(Distribution::default()),
            repository: Some(Repository::default()),
            normalized_severity: Severity::High.into(),
            fixed_in_version: "1".into(),
            ..Vulnerability::default()
        }
    }

    #[test]
    fn what_is_not_known_is_left_out_and_the_rest_reads_back() {
        let summary = summarize(statement());
        assert_eq!(summary.package.as_ref().unwrap().name, "bash");
        assert_eq!((&summary.distribution, &summary.repository), (&None, &None));
        assert_eq!(decode(&encode(&summary)).unwrap(), summary);
    }

    #[test]
    fn other_words_are_no_news_but_another_severity_or_fix_is() {
        let known = identity(&summarize(statement()));
        let reworded = Vulnerability {
            description: "It is very bad.".into(),
            links: "https://cve.example/1".into(),
            ..statement()
        };
        assert_eq!(identity(&summarize(reworded)), known);
        let worse = Vulnerability {
            normalized_severity: Severity::Critical.into(),
            ..statement()
        };
        let fixed = Vulnerability {
            fixed_in_version: "2".into(),
            ..statement()
        };
        for other in [worse, fixed] {
            assert_ne!(identity(&summarize(other)), known);
        }
    }
}
