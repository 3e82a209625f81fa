//! Rules applied to a report as a server wrote it.
//!
//! The server may be Clair, whose reports lack some of what ours have, or have it in other forms. So
//! what rules need is read leniently, and what they suppress is taken out of the JSON, where all
//! else stays as it came.

mod edit;
mod read;

use anyhow::Context as _;
use clair_client::{Document, Report};
use clair_registry::Reference;

use crate::triage::Triage;

/// Takes out of a report what is suppressed.
pub(super) fn apply(
    triage: &mut Triage,
    image: &str,
    document: Document<Report>,
) -> anyhow::Result<Document<Report>> {
    if !triage.has_rules() {
        return Ok(document);
    }
    let report = read::report(&document.json)
        .with_context(|| format!("{image}: the rules cannot be applied to the server's report"))?;
    let name = image.strip_prefix("docker://").unwrap_or(image);
    let reference: Option<Reference> = name.parse().ok();
    let (_, decisions) = triage.apply(report, reference.as_ref(), None);
    let json = edit::without(&document.json, &decisions.unwrap_or_default())?;
    Ok(Document {
        content: serde_json::from_slice(&json)?,
        json: json.into(),
    })
}
