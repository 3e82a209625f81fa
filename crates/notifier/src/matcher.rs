//! What the matcher is asked.

use std::time::Duration;

use clair_rpc::Channel;
use clair_rpc::proto::matcher::v1::affected_by_advisories_request::Selection;
use clair_rpc::proto::matcher::v1::matcher_client::MatcherClient;
use clair_rpc::proto::matcher::v1::{
    AffectedByAdvisoriesRequest, GetStatusRequest, UpdateDifference,
};
use clair_store::Operation;
use uuid::Uuid;

use crate::changes::Changes;
use crate::error::Failure;

/// How long the matcher may say nothing. It looks through all indexed packages between two parts
/// of its answer.
const SILENCE: Duration = Duration::from_mins(10);

/// The matcher.
#[derive(Debug, Clone)]
pub(crate) struct Matcher {
    client: MatcherClient<Channel>,
}

impl Matcher {
    pub(crate) fn new(channel: &Channel) -> Self {
        Self {
            client: channel.client(),
        }
    }

    /// Whether it answers from this operation. From a newer one it does only when that is in the
    /// database, where it will be found in place of this one.
    pub(crate) async fn has(&self, operation: &Operation) -> Result<bool, Failure> {
        let status = self.client.clone().get_status(GetStatusRequest {}).await;
        let status = status.map_err(clair_rpc::Error::from)?.into_inner();
        let reference = operation.reference.to_string();
        let source = status
            .sources
            .iter()
            .find(|source| source.name == operation.source);
        Ok(source.is_some_and(|source| source.current_ref == reference))
    }

    /// What two operations of a source differ in, as far as it affects indexed images.
    pub(crate) async fn changes(&self, current: Uuid, previous: Uuid) -> Result<Changes, Failure> {
        let difference = UpdateDifference {
            current_ref: current.to_string(),
            previous_ref: previous.to_string(),
        };
        let request = AffectedByAdvisoriesRequest {
            selection: Some(Selection::Difference(difference)),
        };
        let mut client = self.client.clone();
        let answer = spoken(client.affected_by_advisories(request)).await?;
        let mut parts = answer.into_inner();
        let mut changes = Changes::default();
        while let Some(part) = spoken(parts.message()).await? {
            changes.add(part)?;
        }
        Ok(changes)
    }
}

/// Waits for an answer, but not for ever.
async fn spoken<T>(answer: impl Future<Output = Result<T, tonic::Status>>) -> Result<T, Failure> {
    match tokio::time::timeout(SILENCE, answer).await {
        Ok(answer) => Ok(answer.map_err(clair_rpc::Error::from)?),
        Err(_) => Err(Failure::Silence(SILENCE)),
    }
}
