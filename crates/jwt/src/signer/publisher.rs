//! The writing side of a key registry: publishing a key, waiting until it is approved, taking it
//! back.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Method, StatusCode};
use url::Url;

use super::Template;
use super::private_key::PrivateKey;
use crate::error::Error;
use crate::fetch::{Answer, Client, FetchError, send};
use crate::registry::{RegistryUrl, USER_AGENT};

/// The writing side of a key registry.
#[derive(Debug)]
pub(super) struct Publisher {
    client: Client,
    registry: RegistryUrl,
    template: Template,
}

/// What a registry has to say of a key of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Tokens that are signed with it are accepted.
    Approved,
    /// Somebody has to approve it.
    Waiting,
    /// The registry does not have it, no more or not at all.
    Unknown,
    /// Its time is over, or it was refused.
    Refused,
}

impl Publisher {
    pub(super) fn new(registry: &Url, template: Template) -> Result<Self, Error> {
        Ok(Self {
            client: Client::new(USER_AGENT)?,
            registry: RegistryUrl::new(registry),
            template,
        })
    }

    /// As whom keys are published.
    pub(super) fn issuer(&self) -> &str {
        &self.template.issuer
    }

    /// The registry as it may be logged.
    pub(super) fn shown(&self) -> String {
        self.registry.shown()
    }

    /// Publishes a key. The first one is signed with itself and has to be approved by somebody,
    /// its successors are signed with the one before them. With a time of rotation, it expires
    /// after twice that.
    pub(super) async fn publish(
        &self,
        key: &PrivateKey,
        signed_with: &PrivateKey,
        rotate_every: Option<Duration>,
    ) -> Result<Standing, Error> {
        let mut url = self.url(key)?;
        let resource = url.clone();
        if let Some(rotate_every) = rotate_every {
            let rotation = rotate_every.as_secs();
            let expiration = Timestamp::now()
                .as_second()
                .saturating_add_unsigned(rotation.saturating_mul(2));
            url.query_pairs_mut()
                .append_pair("expiration", &expiration.to_string())
                .append_pair("rotation", &rotation.to_string());
        }
        let jwk = key.public().map_err(Error::MakeKey)?;
        let request = self.request(Method::PUT, &url, signed_with)?.json(&jwk);
        let answer = self.send(request, &resource).await?;
        match answer.status {
            StatusCode::OK | StatusCode::CREATED | StatusCode::NO_CONTENT => Ok(Standing::Approved),
            StatusCode::ACCEPTED => Ok(Standing::Waiting),
            StatusCode::FORBIDDEN => Ok(Standing::Refused),
            _ => Err(Error::Registry(answer.unexpected(&resource))),
        }
    }

    /// What the registry says of a key now.
    pub(super) async fn standing(&self, key: &PrivateKey) -> Result<Standing, Error> {
        let url = self.url(key)?;
        let answer = self.client.get(&url).await.map_err(Error::Registry)?;
        match answer.status {
            StatusCode::OK => Ok(Standing::Approved),
            StatusCode::CONFLICT => Ok(Standing::Waiting),
            StatusCode::NOT_FOUND => Ok(Standing::Unknown),
            StatusCode::FORBIDDEN => Ok(Standing::Refused),
            _ => Err(Error::Registry(answer.unexpected(&url))),
        }
    }

    /// Takes a key back. It signs that itself.
    pub(super) async fn revoke(&self, key: &PrivateKey) -> Result<(), Error> {
        let url = self.url(key)?;
        let request = self.request(Method::DELETE, &url, key)?;
        let answer = self.send(request, &url).await?;
        match answer.status {
            // A key that is gone or has expired is as good as taken back.
            StatusCode::OK
            | StatusCode::NO_CONTENT
            | StatusCode::NOT_FOUND
            | StatusCode::FORBIDDEN => Ok(()),
            _ => Err(Error::Registry(answer.unexpected(&url))),
        }
    }

    fn request(
        &self,
        method: Method,
        url: &Url,
        key: &PrivateKey,
    ) -> Result<reqwest::RequestBuilder, Error> {
        let token = self
            .template
            .sign(key, self.registry.url(), Timestamp::now())?;
        let request = self.client.http.request(method, url.clone());
        Ok(request.bearer_auth(token))
    }

    async fn send(&self, request: reqwest::RequestBuilder, url: &Url) -> Result<Answer, Error> {
        send(request, url).await.map_err(Error::Registry)
    }

    fn url(&self, key: &PrivateKey) -> Result<Url, Error> {
        let url = self.registry.key(self.issuer(), key.id());
        url.ok_or_else(|| {
            Error::Registry(FetchError::Name {
                issuer: self.issuer().to_owned(),
                key_id: key.id().to_owned(),
            })
        })
    }
}
