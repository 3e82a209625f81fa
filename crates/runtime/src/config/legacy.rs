//! The file that clair-jwt's two programs read together: `clair:` for Clair 2 and 3, `jwtproxy:`
//! for the proxy in front of it. What has a place here is moved there, the rest is named.

use super::Period;
use super::node::{Map, Node, Value};
use super::origin::{KeyPath, Origin};
use super::problem::Problem;

const SECTIONS: [&str; 2] = ["clair", "jwtproxy"];

/// Where keys move to, once the proxies and the options in them are unfolded.
const MOVES: [(&str, &str); 20] = [
    ("clair.database.options.source", "database.connstring"),
    ("clair.api.healthaddr", "introspection_addr"),
    ("clair.api.healthport", "introspection_addr"),
    ("clair.updater.interval", "updater.period"),
    ("jwtproxy.verifier.listen_addr", "http_listen_addr"),
    ("jwtproxy.verifier.crt_file", "tls.cert"),
    ("jwtproxy.verifier.key_file", "tls.key"),
    (
        "jwtproxy.verifier.verifier.audience",
        "gateway.jwt.audience",
    ),
    (
        "jwtproxy.verifier.verifier.max_skew",
        "gateway.jwt.max_skew",
    ),
    ("jwtproxy.verifier.verifier.max_ttl", "gateway.jwt.max_ttl"),
    ("jwtproxy.verifier.verifier.key_server", "gateway.jwt.keys"),
    ("jwtproxy.signer.signer.issuer", "gateway.signer.issuer"),
    (
        "jwtproxy.signer.signer.expiration_time",
        "gateway.signer.expiration_time",
    ),
    ("jwtproxy.signer.signer.max_skew", "gateway.signer.max_skew"),
    (
        "jwtproxy.signer.signer.nonce_length",
        "gateway.signer.nonce_length",
    ),
    (
        "jwtproxy.signer.signer.private_key",
        "gateway.signer.private_key",
    ),
    ("jwtproxy.verifier.enabled", ""),
    ("jwtproxy.signer.enabled", ""),
    ("clair.database.type", ""),
    ("clair.database.options.cachesize", ""),
];

/// Moves what the document says in the old sections to the new ones.
pub(crate) fn translate(root: &mut Node, warnings: &mut Vec<Problem>) {
    let Value::Map(map) = &mut root.value else {
        return;
    };
    let sections: Map = SECTIONS
        .into_iter()
        .filter_map(|section| map.remove_entry(section))
        .collect();
    let Some(origin) = sections.values().next().map(|node| node.origin.clone()) else {
        return;
    };
    let mut old = Node {
        value: Value::Map(sections),
        origin,
    };
    unfold_verifiers(&mut old, warnings);
    unfold_signer(&mut old);
    disable_updaters(&mut old, root);
    for (from, to) in MOVES {
        let Some(node) = old.take(&KeyPath::of(from)) else {
            continue;
        };
        if to.is_empty() || matches!(node.value, Value::Null) {
            continue;
        }
        if root.get(&KeyPath::of(to)).is_some() {
            warnings.push(problem(
                node.origin,
                KeyPath::of(from),
                format!("has no effect, because {to} is set"),
            ));
            continue;
        }
        let keys: Vec<&str> = to.split('.').collect();
        // Only where a section of the new file is no mapping, which is found when it is decoded.
        let _ = root.put(&keys, adapt(to, node));
    }
    warn_of_rest(&old, &KeyPath::default(), warnings);
}

/// Gives a value the form that its new key wants.
fn adapt(key: &str, node: Node) -> Node {
    let origin = node.origin.clone();
    let value = match (key, node.value) {
        ("gateway.jwt.audience" | "gateway.jwt.keys", value) => Value::List(vec![Node {
            value,
            origin: origin.clone(),
        }]),
        // A port alone.
        ("introspection_addr", Value::Plain(port)) => Value::Text(format!(":{port}")),
        (_, value) => value,
    };
    Node { value, origin }
}

/// Puts the first verifier that is enabled at `jwtproxy.verifier`, its key server's options beside
/// the type.
fn unfold_verifiers(old: &mut Node, warnings: &mut Vec<Problem>) {
    let path = KeyPath::of("jwtproxy.verifier_proxies");
    let Some(proxies) = old.take(&path) else {
        return;
    };
    let Value::List(proxies) = proxies.value else {
        warnings.push(problem(proxies.origin, path, "has no effect: no list"));
        return;
    };
    let mut enabled = proxies.into_iter().filter(is_enabled);
    if let Some(mut verifier) = enabled.next() {
        flatten(&mut verifier, "verifier.key_server");
        let _ = old.put(&["jwtproxy", "verifier"], verifier);
    }
    for further in enabled {
        let message = "has no effect: there is one gateway, the first verifier's";
        warnings.push(problem(further.origin, path.clone(), message));
    }
}

/// Puts the signer at `jwtproxy.signer`, its key's options beside the type.
fn unfold_signer(old: &mut Node) {
    let Some(mut signer) = old.take(&KeyPath::of("jwtproxy.signer_proxy")) else {
        return;
    };
    if is_enabled(&signer) {
        flatten(&mut signer, "signer.private_key.options.key_server");
        let registry = KeyPath::of("signer.private_key.options.key_server");
        if let Some(Value::Map(mut server)) = signer.take(&registry).map(|node| node.value)
            && let Some(url) = server.remove("registry")
        {
            let _ = signer.put(&["signer", "private_key", "options", "registry"], url);
        }
        flatten(&mut signer, "signer.private_key");
        let _ = old.put(&["jwtproxy", "signer"], signer);
    }
}

/// An interval of 0 stood for no updates at all.
fn disable_updaters(old: &mut Node, root: &mut Node) {
    let path = KeyPath::of("clair.updater.interval");
    let interval = old.get(&path).and_then(Node::text);
    let is_zero = interval
        .and_then(|interval| interval.parse::<Period>().ok())
        .is_some_and(Period::is_zero);
    if is_zero && let Some(mut node) = old.take(&path) {
        node.value = Value::Plain("true".to_owned());
        let _ = root.put(&["matcher", "disable_updaters"], node);
    }
}

fn is_enabled(node: &Node) -> bool {
    node.get(&KeyPath::of("enabled")).and_then(Node::text) != Some("false")
}

/// Turns `{type, options: {…}}` into `{type, …}`.
fn flatten(node: &mut Node, path: &str) {
    let options = KeyPath::of(path).key("options");
    let Some(Value::Map(options)) = node.take(&options).map(|node| node.value) else {
        return;
    };
    for (key, option) in options {
        let keys: Vec<&str> = path.split('.').chain([key.as_str()]).collect();
        let _ = node.put(&keys, option);
    }
}

fn warn_of_rest(node: &Node, path: &KeyPath, warnings: &mut Vec<Problem>) {
    match &node.value {
        Value::Map(map) => {
            for (key, child) in map {
                warn_of_rest(child, &path.key(key), warnings);
            }
        }
        Value::Null => {}
        _ => warnings.push(problem(
            node.origin.clone(),
            path.clone(),
            "has no effect: it is a setting of clair-jwt that is not needed here",
        )),
    }
}

fn problem(origin: Origin, path: KeyPath, message: impl Into<String>) -> Problem {
    Problem {
        origin: Some(origin),
        path,
        message: message.into(),
    }
}
