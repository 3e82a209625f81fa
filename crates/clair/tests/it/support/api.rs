//! A client of the API, such as a registry.

use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::{Image, Outside, eventually};

/// The preshared key, as configurations and as tokens have it.
pub(crate) const KEY: &str = "c2VjcmV0LW9mLXRoZS1zdWl0ZS1pbi10ZXN0cy0zMiE=";

/// A client that signs its requests as `quay` does.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    pub(crate) base: String,
    client: reqwest::Client,
}

/// An answer of the API.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }
}

impl Api {
    pub(crate) fn new(base: String) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { base, client }
    }

    /// A request without a token.
    pub(crate) fn unsigned(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.unsigned(method, path).bearer_auth(token())
    }

    /// Sends a request. `None` if there is no answer.
    pub(crate) async fn try_send(request: RequestBuilder) -> Option<Answer> {
        Self::answer(request).await.ok()
    }

    pub(crate) async fn send(request: RequestBuilder) -> Answer {
        Self::answer(request).await.unwrap()
    }

    async fn answer(request: RequestBuilder) -> reqwest::Result<Answer> {
        let response = request.send().await?;
        Ok(Answer {
            status: response.status(),
            headers: response.headers().clone(),
            text: response.text().await?,
        })
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Self::send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        Self::send(self.request(Method::DELETE, path)).await
    }

    /// Has an image indexed, and waits for the report.
    pub(crate) async fn index(&self, image: &Image, outside: &Outside) -> Answer {
        Self::send(self.submission(image, outside)).await
    }

    pub(crate) fn submission(&self, image: &Image, outside: &Outside) -> RequestBuilder {
        let request = self.request(Method::POST, "/indexer/api/v1/index_report");
        request.json(&image.manifest(outside))
    }

    /// Puts an image into the queue.
    pub(crate) async fn enqueue(&self, image: &Image, outside: &Outside) -> Answer {
        let request = self.submission(image, outside);
        Self::send(request.header("prefer", "respond-async")).await
    }

    /// Waits until an image is indexed, and gives its report.
    pub(crate) async fn indexed(&self, image: &Image) -> Value {
        let path = format!("/indexer/api/v1/index_report/{}", image.digest);
        eventually("the image is indexed", async || {
            let answer = Self::try_send(self.request(Method::GET, &path)).await?;
            let is_done = answer.status == 200 && answer.json()["state"] == "IndexFinished";
            is_done.then(|| answer.json())
        })
        .await
    }

    /// The names of the vulnerabilities of an image, sorted; `None` while there is no report.
    pub(crate) async fn vulnerabilities(&self, image: &Image) -> Option<Vec<String>> {
        let path = format!("/matcher/api/v1/vulnerability_report/{}", image.digest);
        let answer = Self::try_send(self.request(Method::GET, &path)).await?;
        if answer.status != 200 {
            return None;
        }
        let report = answer.json();
        let found = report["vulnerabilities"].as_object().unwrap().values();
        let mut names: Vec<String> = found
            .map(|found| found["name"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        Some(names)
    }

    /// Waits until an image has these vulnerabilities.
    pub(crate) async fn has(&self, image: &Image, names: &[&str]) {
        eventually(&format!("the image has {names:?}"), async || {
            (self.vulnerabilities(image).await? == names).then_some(())
        })
        .await;
    }

    /// Asks the feeds, and waits until that is done.
    pub(crate) async fn update(&self) -> Answer {
        let request = self.request(Method::POST, "/admin/api/v1/update");
        Self::send(request.json(&json!({}))).await
    }
}

/// A token as Quay makes it: with an issuer, and no audience.
pub(crate) fn token() -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let claims = json!({"iss": "quay", "iat": now, "nbf": now, "exp": now + 300});
    let key = jsonwebtoken::EncodingKey::from_base64_secret(KEY).unwrap();
    let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    jsonwebtoken::encode(&header, &claims, &key).unwrap()
}
