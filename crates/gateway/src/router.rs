//! What a request passes on its way to a handler and back.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate as _, SizeAbove};
use tower_http::decompression::RequestDecompressionLayer;

use crate::app::App;
use crate::failure::Failure;
use crate::limits::{self, Client};
use crate::negotiation::JSON_LINES;
use crate::{access, authentication, routes};

/// Bytes from which on compression makes an answer smaller.
const WORTH_COMPRESSING: u64 = 512;

/// The routes, and what all requests have in common. What is added last comes first.
pub(crate) fn router(app: Arc<App>) -> Router {
    let mut router = Router::new();
    for (route, handler) in routes::all() {
        if let Some(alias) = routes::alias(route.path) {
            router = router.route(alias, handler.clone());
        }
        router = router.route(route.path, handler);
    }
    // A line is worth most when it comes at once, and archives are compressed already.
    let compressed = SizeAbove::new(WORTH_COMPRESSING)
        .and(NotForContentType::const_new(JSON_LINES))
        .and(NotForContentType::const_new(crate::api::ARCHIVE));
    router
        .fallback(async || Failure::not_found("there is nothing here"))
        .method_not_allowed_fallback(async || {
            let status = StatusCode::METHOD_NOT_ALLOWED;
            Failure::new(status, "the method is not one of this endpoint")
        })
        // What is in another encoding is left to those who read it, who say so.
        .layer(RequestDecompressionLayer::new().pass_through_unaccepted(true))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&app),
            authentication::authenticate,
        ))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&app),
            limit_addresses,
        ))
        .layer(CompressionLayer::new().compress_when(compressed))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&app),
            access::observe,
        ))
        .with_state(app)
}

/// Refuses those who ask too often, before anything is done for them. Issuers are counted where they
/// are known; without tokens there are none.
async fn limit_addresses(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if let Some(limiter) = &app.rate_limiter
        && !(limiter.counts_issuers() && app.verifier.is_required())
        && let Some(access::ClientAddress(address)) = request.extensions().get()
        && let Err(wait) = limiter.count(Client::at(*address))
    {
        return limits::too_often(wait).into_response();
    }
    next.run(request).await
}
