//! What the interfaces say about each method.

use std::collections::HashMap;
use std::sync::OnceLock;

use prost::Message as _;
use prost_types::method_options::IdempotencyLevel;
use prost_types::{FileDescriptorSet, MethodOptions};

use crate::proto::DESCRIPTORS;

/// A method of one of our services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Method {
    /// Full name of the service: `clair.matcher.v1.Matcher`.
    pub(crate) service: String,
    /// Name.
    pub(crate) name: String,
    /// Whether calling it twice comes to the same as calling it once, by its
    /// `idempotency_level`.
    pub(crate) is_idempotent: bool,
    /// Whether the request is a stream.
    pub(crate) streams_request: bool,
    /// Whether the response is a stream.
    pub(crate) streams_response: bool,
}

/// The method with this path, `/clair.matcher.v1.Matcher/GetStatus`.
pub(crate) fn by_path(path: &str) -> Option<&'static Method> {
    static METHODS: OnceLock<HashMap<String, Method>> = OnceLock::new();
    METHODS.get_or_init(read).get(path)
}

fn read() -> HashMap<String, Method> {
    // The bytes are written by the build script; the tests read every method of them.
    let descriptors = FileDescriptorSet::decode(DESCRIPTORS).unwrap_or_default();
    let mut methods = HashMap::new();
    for file in descriptors.file {
        let package = file.package().to_owned();
        for service in file.service {
            let service_name = format!("{package}.{}", service.name());
            for method in service.method {
                let level = method
                    .options
                    .as_ref()
                    .map(MethodOptions::idempotency_level);
                let path = format!("/{service_name}/{}", method.name());
                methods.insert(
                    path,
                    Method {
                        service: service_name.clone(),
                        name: method.name().to_owned(),
                        is_idempotent: matches!(
                            level,
                            Some(IdempotencyLevel::Idempotent | IdempotencyLevel::NoSideEffects)
                        ),
                        streams_request: method.client_streaming(),
                        streams_response: method.server_streaming(),
                    },
                );
            }
        }
    }
    methods
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_as_their_interfaces_declare_them() {
        let status = by_path("/clair.matcher.v1.Matcher/GetStatus").unwrap();
        assert!(status.is_idempotent && !status.streams_request && !status.streams_response);
        let import = by_path("/clair.updater.v1.Updater/ImportDatabase").unwrap();
        assert!(import.streams_request && !import.streams_response);
        let index = by_path("/clair.indexer.v1.Indexer/Index").unwrap();
        assert!(index.streams_response);
        let replay = by_path("/clair.indexer.v1.Indexer/ReplayDeadLetters").unwrap();
        assert!(!replay.is_idempotent);
        assert_eq!(by_path("/grpc.health.v1.Health/Check"), None);
    }
}
