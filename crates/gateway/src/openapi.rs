//! The description of the API, in `OpenAPI` 3.1, written by hand in `openapi/`.

use std::sync::LazyLock;

use crate::tags::Tag;

/// The description as it is written.
pub(crate) const YAML: &str = concat!(
    include_str!("../openapi/info.yaml"),
    "paths:\n",
    include_str!("../openapi/discovery.yaml"),
    include_str!("../openapi/indexer.yaml"),
    include_str!("../openapi/matcher.yaml"),
    include_str!("../openapi/notifier.yaml"),
    include_str!("../openapi/admin.yaml"),
    "components:\n",
    include_str!("../openapi/responses.yaml"),
    "  schemas:\n",
    include_str!("../openapi/reports.yaml"),
    include_str!("../openapi/updates.yaml"),
    include_str!("../openapi/operation.yaml"),
);

/// The forms in which the description is given.
#[derive(Debug)]
pub(crate) struct Description {
    pub(crate) json: String,
    pub(crate) json_tag: Tag,
    pub(crate) yaml_tag: Tag,
}

/// The description, made when it is first asked for.
#[allow(
    clippy::expect_used,
    reason = "the text is part of the program, and tests read it"
)]
pub(crate) fn description() -> &'static Description {
    static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| {
        let document: serde_json::Value = serde_saphyr::from_str(YAML).expect("it is YAML");
        let json = document.to_string();
        let tag = |text: &str| {
            let hash = xxhash_rust::xxh3::xxh3_128(text.as_bytes());
            Tag::new(&format!("{hash:032x}")).expect("digits are a tag")
        };
        Description {
            json_tag: tag(&json),
            yaml_tag: tag(YAML),
            json,
        }
    });
    &DESCRIPTION
}
