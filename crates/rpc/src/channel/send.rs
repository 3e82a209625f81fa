//! One call, with all its attempts.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Service as _, ServiceExt as _};

use super::Channel;
use crate::method::{self, Method};
use crate::{Context, Error, ErrorCode, RequestId, metrics, timeout, trace};

/// Makes a call. A failure is a response with a status, as if the service had sent it.
pub(super) async fn send(
    channel: Channel,
    context: Option<Context>,
    mut request: Request<Body>,
) -> Response<Body> {
    let method = method::by_path(request.uri().path());
    let deadline = match deadline(&channel, context.as_ref(), method, request.headers()) {
        Ok(deadline) => deadline,
        Err(error) => return Status::from(error).into_http(),
    };
    identify(&channel, context.as_ref(), request.headers_mut());
    let mut attempts = 0;
    let response = match method {
        Some(method) if method.is_idempotent && !method.streams_request => {
            repeat(&channel, request, deadline, &mut attempts).await
        }
        _ => attempt(&channel, request, deadline).await,
    };
    if let Some(method) = method {
        let code = status(response.headers()).map_or(Code::Ok, |status| status.code());
        metrics::called(method, code, attempts.saturating_sub(1));
    }
    response
}

/// When the call is over: by its own deadline or that of the context, whichever is earlier.
fn deadline(
    channel: &Channel,
    context: Option<&Context>,
    method: Option<&Method>,
    headers: &HeaderMap,
) -> Result<Option<Instant>, Error> {
    let own = timeout::read(headers)?;
    let is_stream = method.is_some_and(|method| method.streams_request || method.streams_response);
    let default = (!is_stream).then_some(channel.options.timeout);
    let remaining = context.and_then(Context::remaining);
    let limit = match (own, remaining) {
        (Some(own), Some(remaining)) => Some(own.min(remaining)),
        (own, remaining) => own.or(remaining).or(default),
    };
    if limit == Some(Duration::ZERO) {
        return Err(too_late());
    }
    Ok(limit.and_then(|limit| Instant::now().checked_add(limit)))
}

fn too_late() -> Error {
    Error::new(ErrorCode::DeadlineExceeded, "the time for the call is over")
}

fn identify(channel: &Channel, context: Option<&Context>, headers: &mut HeaderMap) {
    if let Some(token) = &channel.options.token {
        headers.insert(AUTHORIZATION, token.header());
    }
    if let Some(context) = context
        && let Ok(id) = HeaderValue::from_str(context.request_id.as_str())
    {
        headers.insert(RequestId::HEADER, id);
    }
    trace::inject(headers);
}

/// Tries until the service is available, there were enough attempts, or time is over.
async fn repeat(
    channel: &Channel,
    request: Request<Body>,
    deadline: Option<Instant>,
    attempts: &mut u32,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    // The request is one message of our own making, already in memory.
    let bytes: Bytes = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(status) => return status.into_http(),
    };
    loop {
        let body = Body::new(Full::new(bytes.clone()));
        let response = attempt(channel, Request::from_parts(head.clone(), body), deadline).await;
        *attempts += 1;
        let Some(status) = status(response.headers()) else {
            return response;
        };
        let Some(pause) = pause(channel, &status, *attempts) else {
            return response;
        };
        let resume = Instant::now() + pause;
        if deadline.is_some_and(|deadline| resume >= deadline) {
            return response;
        }
        tracing::debug!(
            address = channel.options.address,
            error = status.message(),
            ?pause,
            "service is unavailable, trying again"
        );
        tokio::time::sleep_until(resume.into()).await;
    }
}

/// How long to wait before the next attempt; none if there should be none.
fn pause(channel: &Channel, status: &Status, attempts: u32) -> Option<Duration> {
    if status.code() != Code::Unavailable {
        return None;
    }
    let pause = channel.options.retry.pause(attempts)?;
    let asked = Error::from(status).retry_after();
    Some(asked.map_or(pause, |asked| asked.max(pause)))
}

async fn attempt(
    channel: &Channel,
    mut request: Request<Body>,
    deadline: Option<Instant>,
) -> Response<Body> {
    let mut transport = channel.transport();
    let call = async {
        if let Some(deadline) = deadline {
            let left = deadline.saturating_duration_since(Instant::now());
            timeout::write(request.headers_mut(), left);
        }
        transport.ready().await?.call(request).await
    };
    let result = match deadline {
        None => call.await,
        Some(deadline) => match tokio::time::timeout_at(deadline.into(), call).await {
            Ok(result) => result,
            Err(_) => return Status::from(too_late()).into_http(),
        },
    };
    match result {
        Ok(response) => {
            let address = channel.options.address.clone();
            response.map(|body| Body::new(body.map_err(move |error| broken(&address, error))))
        }
        Err(error) => {
            broken(&channel.options.address, Status::from_error(error.into())).into_http()
        }
    }
}

/// The status of a connection that could not be made, or broke. tonic does not know a code for the
/// most of them; they all mean that the service is unavailable.
fn broken(address: &str, status: Status) -> Status {
    let is_known = !matches!(
        status.code(),
        Code::Unknown | Code::Internal | Code::Unavailable
    );
    if is_known {
        return status;
    }
    let mut message = format!("{address}: {}", status.message());
    let mut source = std::error::Error::source(&status);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !message.contains(&cause_text) {
            message = format!("{message}: {cause_text}");
        }
        source = cause.source();
    }
    Error::new(ErrorCode::Unavailable, message).into()
}

/// The status of a call that failed at once, which is in the headers.
fn status(headers: &HeaderMap) -> Option<Status> {
    Status::from_header_map(headers).filter(|status| status.code() != Code::Ok)
}
