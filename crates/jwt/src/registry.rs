//! Where things are in a key registry (jwtproxy's protocol, which Quay serves at `/keys/`).

use url::Url;

use crate::fetch::shown;

/// As what jwtproxy introduces itself to key registries.
pub(crate) const USER_AGENT: &str = "KeyRegistryClient/0.1.0";

/// The URL of a key registry.
#[derive(Debug, Clone)]
pub(crate) struct RegistryUrl(Url);

impl RegistryUrl {
    pub(crate) fn new(url: &Url) -> Self {
        let mut url = url.clone();
        url.set_query(None);
        url.set_fragment(None);
        Self(url)
    }

    /// Where the key of an issuer is, `services/ISSUER/keys/KEY`. `None` if one of the two is a
    /// name that no URL can have as a segment of its path.
    pub(crate) fn key(&self, issuer: &str, key_id: &str) -> Option<Url> {
        if !is_segment(issuer) || !is_segment(key_id) {
            return None;
        }
        let mut url = self.0.clone();
        url.path_segments_mut()
            .ok()?
            .pop_if_empty()
            .extend(["services", issuer, "keys", key_id]);
        Some(url)
    }

    /// What tokens for the registry name as their audience.
    pub(crate) fn url(&self) -> &Url {
        &self.0
    }

    /// The URL as it may be logged.
    pub(crate) fn shown(&self) -> String {
        shown(&self.0)
    }
}

/// URLs resolve `.` and `..` even where they are escaped, and drop tabs and line breaks from
/// wherever they stand, also between two dots.
fn is_segment(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(issuer: &str, key_id: &str) -> Option<String> {
        let registry = RegistryUrl::new(&Url::parse("https://quay.example/keys/").unwrap());
        registry.key(issuer, key_id).map(String::from)
    }

    #[test]
    fn keys_are_below_their_issuers() {
        assert_eq!(
            key("security_scanner", "a-B_9").as_deref(),
            Some("https://quay.example/keys/services/security_scanner/keys/a-B_9")
        );
    }

    #[test]
    fn names_are_one_segment_of_the_path_whatever_they_are() {
        let base = "https://quay.example/keys/services/";
        for (issuer, key_id, expected) in [
            ("quay", "../../admin", "quay/keys/..%2F..%2Fadmin"),
            ("quay", "a?b#c", "quay/keys/a%3Fb%23c"),
            ("quay", "%2e%2e", "quay/keys/%252e%252e"),
            ("quay", "a\\..\\b", "quay/keys/a%5C..%5Cb"),
            (
                "https://idp.example/",
                "1",
                "https:%2F%2Fidp.example%2F/keys/1",
            ),
            ("quay", "ключ", "quay/keys/%D0%BA%D0%BB%D1%8E%D1%87"),
        ] {
            assert_eq!(key(issuer, key_id).unwrap(), format!("{base}{expected}"));
        }
    }

    #[test]
    fn names_that_would_lead_elsewhere_are_no_names() {
        for (issuer, key_id) in [
            ("quay", ".."),
            ("quay", "."),
            ("..", "1"),
            ("quay", ""),
            ("quay", ".\t."),
            ("quay", "a\nb"),
        ] {
            assert_eq!(key(issuer, key_id), None, "{issuer} {key_id:?}");
        }
    }

    #[test]
    fn a_registry_without_a_slash_at_its_end_is_the_same() {
        let registry = RegistryUrl::new(&Url::parse("http://quay.example:8080/keys").unwrap());
        let url = registry.key("quay", "1").unwrap();
        assert_eq!(
            url.as_str(),
            "http://quay.example:8080/keys/services/quay/keys/1"
        );
    }
}
