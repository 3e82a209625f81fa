//! The routes of the API, with the right that each asks for.

use std::collections::HashMap;
use std::sync::Arc;

use axum::handler::Handler;
use axum::routing::{self, MethodFilter, MethodRouter};
use clair_runtime::config::{Scope, Scopes};
use http::Method;

use crate::Error;
use crate::api::admin::{database, dead_letters, sources, status, update};
use crate::api::{
    affected_manifest, discovery, index_report, index_state, notification, update_diff,
    update_operation, vulnerability_report,
};
use crate::app::App;

/// A route: requests of one method to one path, with parameters in braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    pub(crate) pace: Pace,
}

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody.
    Open,
    /// Whoever has a valid token.
    Known,
    /// Whoever has this right.
    Scope(Scope),
}

/// How long a request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As long as any request.
    Usual,
    /// As long as it takes: the first update of all sources takes hours.
    Unlimited,
}

type Served = (Route, MethodRouter<Arc<App>>);

const INDEX: Access = Access::Scope(Scope::Index);
const REPORT: Access = Access::Scope(Scope::Report);
const NOTIFY: Access = Access::Scope(Scope::Notify);
const ADMIN: Access = Access::Scope(Scope::Admin);

/// All routes, with what serves them.
pub(crate) fn all() -> Vec<Served> {
    let mut all = clairs();
    all.extend(ours());
    all
}

/// Those of Clair.
fn clairs() -> Vec<Served> {
    vec![
        get("/robots.txt", Access::Open, discovery::robots),
        get("/openapi/v1", Access::Known, discovery::openapi),
        post("/indexer/api/v1/index_report", INDEX, index_report::submit),
        delete(
            "/indexer/api/v1/index_report",
            INDEX,
            index_report::remove_all,
        ),
        get(
            "/indexer/api/v1/index_report/{manifest_hash}",
            REPORT,
            index_report::read,
        ),
        delete(
            "/indexer/api/v1/index_report/{manifest_hash}",
            INDEX,
            index_report::remove,
        ),
        get("/indexer/api/v1/index_state", INDEX, index_state::read),
        post(
            "/indexer/api/v1/internal/affected_manifest",
            REPORT,
            affected_manifest::of_vulnerabilities,
        ),
        get(
            "/matcher/api/v1/vulnerability_report/{manifest_hash}",
            REPORT,
            vulnerability_report::read,
        ),
        get(
            "/matcher/api/v1/internal/update_operation",
            REPORT,
            update_operation::list,
        ),
        delete(
            "/matcher/api/v1/internal/update_operation/{ref}",
            ADMIN,
            update_operation::remove,
        ),
        get(
            "/matcher/api/v1/internal/update_diff",
            REPORT,
            update_diff::read,
        ),
        get(
            "/notifier/api/v1/notification/{notification_id}",
            NOTIFY,
            notification::read,
        ),
        delete(
            "/notifier/api/v1/notification/{notification_id}",
            NOTIFY,
            notification::acknowledge,
        ),
    ]
}

/// Those that Clair has not.
fn ours() -> Vec<Served> {
    vec![
        post(
            "/matcher/api/v1/vulnerability_report",
            REPORT,
            vulnerability_report::read_all,
        ),
        get(
            "/matcher/api/v1/vulnerability/{name}/affected_manifest",
            REPORT,
            affected_manifest::of_name,
        ),
        get("/notifier/api/v1/notification", NOTIFY, notification::list),
        get("/admin/api/v1/status", ADMIN, status::read),
        get("/admin/api/v1/sources", ADMIN, sources::list),
        unlimited(post("/admin/api/v1/update", ADMIN, update::run)),
        unlimited(get("/admin/api/v1/database", ADMIN, database::export)),
        unlimited(put("/admin/api/v1/database", ADMIN, database::import)),
        get("/admin/api/v1/dead_letters", ADMIN, dead_letters::list),
        post(
            "/admin/api/v1/dead_letters/replay",
            ADMIN,
            dead_letters::replay,
        ),
    ]
}

/// The path under which a route is found too: Clair's clients write a slash at the end of some.
pub(crate) fn alias(path: &str) -> Option<&'static str> {
    (path == "/indexer/api/v1/internal/affected_manifest")
        .then_some("/indexer/api/v1/internal/affected_manifest/")
}

/// The routes, by the path that a request was matched with.
#[derive(Debug)]
pub(crate) struct Routes(HashMap<&'static str, Vec<Arc<Route>>>);

impl Routes {
    /// The routes, some of which ask for another right than usual.
    ///
    /// # Errors
    ///
    /// When a right is configured for what is no route.
    pub(crate) fn new(scopes: &Scopes) -> Result<Self, Error> {
        let mut routes: Vec<Route> = all().into_iter().map(|(route, _)| route).collect();
        for (name, scope) in &scopes.routes {
            let named = routes.iter_mut().find(|route| route.has_name(name));
            let route = named.ok_or_else(|| Error::NoRoute(name.clone()))?;
            route.access = Access::Scope(*scope);
        }
        let mut found: HashMap<_, Vec<_>> = HashMap::new();
        for route in routes.into_iter().map(Arc::new) {
            for path in [Some(route.path), alias(route.path)].into_iter().flatten() {
                found.entry(path).or_default().push(Arc::clone(&route));
            }
        }
        Ok(Self(found))
    }

    /// The route of a request that was matched with a path.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Option<&Arc<Route>> {
        let method = if method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        self.0
            .get(path)?
            .iter()
            .find(|route| route.method == method)
    }
}

impl Route {
    /// Whether this is what the configuration calls it: a method and a path, in which parameters
    /// may have any names.
    fn has_name(&self, name: &str) -> bool {
        let Some((method, path)) = name.split_once(' ') else {
            return false;
        };
        let shape = |path: &str| -> Vec<Option<String>> {
            let parts = path.trim_end_matches('/').split('/');
            parts
                .map(|part| (!part.starts_with('{')).then(|| part.to_owned()))
                .collect()
        };
        self.method == method && shape(self.path) == shape(path)
    }
}

fn get<H, T>(path: &'static str, access: Access, handler: H) -> Served
where
    H: Handler<T, Arc<App>>,
    T: 'static,
{
    serve(Method::GET, MethodFilter::GET, path, access, handler)
}

fn post<H, T>(path: &'static str, access: Access, handler: H) -> Served
where
    H: Handler<T, Arc<App>>,
    T: 'static,
{
    serve(Method::POST, MethodFilter::POST, path, access, handler)
}

fn put<H, T>(path: &'static str, access: Access, handler: H) -> Served
where
    H: Handler<T, Arc<App>>,
    T: 'static,
{
    serve(Method::PUT, MethodFilter::PUT, path, access, handler)
}

fn delete<H, T>(path: &'static str, access: Access, handler: H) -> Served
where
    H: Handler<T, Arc<App>>,
    T: 'static,
{
    serve(Method::DELETE, MethodFilter::DELETE, path, access, handler)
}

fn serve<H, T>(
    method: Method,
    filter: MethodFilter,
    path: &'static str,
    access: Access,
    handler: H,
) -> Served
where
    H: Handler<T, Arc<App>>,
    T: 'static,
{
    let route = Route {
        method,
        path,
        access,
        pace: Pace::Usual,
    };
    (route, routing::on(filter, handler))
}

fn unlimited((route, handler): Served) -> Served {
    let route = Route {
        pace: Pace::Unlimited,
        ..route
    };
    (route, handler)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::openapi;

    #[test]
    fn what_is_described_is_what_there_is() {
        let description: Value = serde_json::from_str(&openapi::description().json).unwrap();
        let mut described = BTreeSet::new();
        for (path, item) in description["paths"].as_object().unwrap() {
            for method in item
                .as_object()
                .unwrap()
                .keys()
                .filter(|key| *key != "parameters")
            {
                described.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
        let routes: BTreeSet<String> = all()
            .into_iter()
            .map(|(route, _)| format!("{} {}", route.method, route.path))
            .collect();
        assert_eq!(described, routes);
    }

    /// The description says of every route which right it asks for.
    #[test]
    fn the_rights_are_those_that_are_described() {
        let description: Value = serde_json::from_str(&openapi::description().json).unwrap();
        for (route, _) in all() {
            let method = route.method.as_str().to_lowercase();
            let operation = &description["paths"][route.path][method];
            let text = operation["description"].as_str().unwrap_or_default();
            let text = text.replace('\n', " ");
            match route.access {
                Access::Open => assert_eq!(operation["security"], serde_json::json!([{}])),
                Access::Known => assert!(!text.contains("Asks for"), "{text}"),
                Access::Scope(scope) => {
                    let right = serde_json::to_value(scope).unwrap();
                    let expected = format!("Asks for the right `{}`.", right.as_str().unwrap());
                    assert!(
                        text.contains(&expected),
                        "{} {}: {text}",
                        route.method,
                        route.path
                    );
                }
            }
        }
    }

    #[test]
    fn a_route_is_found_by_the_path_that_a_request_was_matched_with() {
        let routes = Routes::new(&Scopes::default()).unwrap();
        let path = "/indexer/api/v1/index_report/{manifest_hash}";
        let found = |method: &Method, path| routes.find(method, path).map(|route| route.access);
        assert_eq!(found(&Method::GET, path), Some(REPORT));
        assert_eq!(found(&Method::HEAD, path), Some(REPORT));
        assert_eq!(found(&Method::DELETE, path), Some(INDEX));
        assert_eq!(found(&Method::PUT, path), None);
        let with_slash = "/indexer/api/v1/internal/affected_manifest/";
        assert_eq!(found(&Method::POST, with_slash), Some(REPORT));
    }
}
