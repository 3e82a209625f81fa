//! The code generated from `proto/`, one module per package.

/// The interfaces as a serialised `FileDescriptorSet`.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

macro_rules! packages {
    ($($(#[$doc:meta])* $module:ident = $package:literal;)+) => {
        $($(#[$doc])*
        pub mod $module {
            /// Version 1.
            #[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]
            pub mod v1 {
                tonic::include_proto!($package);
            }
        })+
    };
}

packages! {
    /// What every service speaks of.
    model = "clair.model.v1";
    /// From manifests to index reports.
    indexer = "clair.indexer.v1";
    /// From index reports to vulnerability reports.
    matcher = "clair.matcher.v1";
    /// From feeds to advisories.
    updater = "clair.updater.v1";
    /// Which indexed images an update affects.
    notifier = "clair.notifier.v1";
}
