//! The indexer's part: to have images indexed, and to forget them.

use clair_model::{Digest, Manifest};
use reqwest::{Method, StatusCode};
use serde::Deserialize;

use crate::client::LONG_TIMEOUT;
use crate::{Client, Document, Error};

const PATH: [&str; 4] = ["indexer", "api", "v1", "index_report"];

/// What of an index report is read: how it came out.
#[derive(Debug, Clone, Deserialize)]
pub struct IndexSummary {
    /// Which image it is about.
    pub manifest_hash: Digest,
    /// How far the indexer has come.
    #[serde(default)]
    pub state: String,
    /// Whether it came to the end.
    #[serde(default)]
    pub success: bool,
    /// What went wrong; empty if nothing did.
    #[serde(default)]
    pub err: String,
}

impl Client {
    /// The index report of an image. `None` if the server does not know the image.
    pub async fn index_report(
        &self,
        manifest: &Digest,
    ) -> Result<Option<Document<IndexSummary>>, Error> {
        let digest = manifest.to_string();
        let path: Vec<&str> = PATH.into_iter().chain([digest.as_str()]).collect();
        let request = self.request(Method::GET, &path);
        let expected = [StatusCode::OK, StatusCode::NOT_FOUND];
        match self.call(&request, &expected).await? {
            (StatusCode::OK, json) => Document::read(&request.name(), json).map(Some),
            _ => Ok(None),
        }
    }

    /// Has an image indexed, and waits until that is done. An image that is known already is not
    /// read again.
    ///
    /// # Errors
    ///
    /// Also when the server answers that the image could not be indexed.
    pub async fn index(&self, manifest: &Manifest) -> Result<Document<IndexSummary>, Error> {
        let request = self.request(Method::POST, &PATH);
        let body = serde_json::to_vec(manifest).map_err(|source| Error::Answer {
            request: request.name(),
            source,
        })?;
        let request = request.with_body(body).with_timeout(Some(LONG_TIMEOUT));
        // Servers before Clair 4.1 say that all is well, later ones that something was made.
        let expected = [StatusCode::OK, StatusCode::CREATED];
        let (_, json) = self.call(&request, &expected).await?;
        let report: Document<IndexSummary> = Document::read(&request.name(), json)?;
        if !report.content.success && !report.content.err.is_empty() {
            return Err(Error::NotIndexed {
                manifest: manifest.hash.clone(),
                reason: report.content.err,
            });
        }
        Ok(report)
    }

    /// Has images forgotten. Gives those that were known.
    pub async fn delete(&self, manifests: &[Digest]) -> Result<Document<Vec<Digest>>, Error> {
        let request = self.request(Method::DELETE, &PATH);
        let body = serde_json::to_vec(manifests).map_err(|source| Error::Answer {
            request: request.name(),
            source,
        })?;
        let request = request.with_body(body);
        let (_, json) = self.call(&request, &[StatusCode::OK]).await?;
        // Clair says `null` for none.
        let document: Document<Option<Vec<Digest>>> = Document::read(&request.name(), json)?;
        Ok(Document {
            json: document.json,
            content: document.content.unwrap_or_default(),
        })
    }
}
