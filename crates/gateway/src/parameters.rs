//! What is in the path and in the query of a request.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::{FromRequestParts, Path, Query};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::failure::Failure;

/// The one parameter of a path.
#[derive(Debug)]
pub(crate) struct InPath<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for InPath<T>
where
    T: FromStr<Err: Display>,
    S: Send + Sync,
{
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let text = Path::<String>::from_request_parts(parts, state).await;
        let Path(text) = text.map_err(|rejection| Failure::bad_request(rejection.body_text()))?;
        let value = text.parse();
        value
            .map(Self)
            .map_err(|error: T::Err| Failure::bad_request(format!("{text:?} in the path: {error}")))
    }
}

/// The parameters of a query. Those that are not known are ignored.
#[derive(Debug)]
pub(crate) struct InQuery<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for InQuery<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let query = Query::<T>::try_from_uri(&parts.uri);
        query
            .map(|Query(value)| Self(value))
            .map_err(|rejection| Failure::bad_request(rejection.body_text()))
    }
}
