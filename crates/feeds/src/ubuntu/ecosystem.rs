//! The names of Ubuntu's ecosystems: a release, and what is built and fixed apart from it.

use clair_model::Namespace;

/// Pockets by their names in ecosystems, without the release, in lower case.
///
/// The names are those of Canonical's description of its OSV data, and older or newer spellings
/// of the same that occur in it.
const POCKETS: &[(&str, &str)] = &[
    ("pro", "pro"),
    ("pro:fips", "pro:fips"),
    ("pro:fips-updates", "pro:fips-updates"),
    ("pro:fips-preview", "pro:fips-preview"),
    ("pro:realtime", "pro:realtime"),
    ("pro:realtime:kernel", "pro:realtime"),
    ("nvidia-bluefield", "nvidia-bluefield"),
    ("for:nvidia:bluefield", "nvidia-bluefield"),
];

/// The namespace of an ecosystem: `Ubuntu:22.04:LTS`, `Ubuntu:24.10`, `Ubuntu:Pro:18.04:LTS`,
/// `Ubuntu:Pro:FIPS-updates:22.04:LTS`, `Ubuntu:Pro:22.04:LTS:Realtime:Kernel`. None if it is not
/// of Ubuntu, or of no kind that we know.
pub(crate) fn namespace(ecosystem: &str) -> Option<Namespace> {
    let mut parts: Vec<&str> = ecosystem.strip_prefix("Ubuntu:")?.split(':').collect();
    let release = parts.remove(parts.iter().position(|part| is_release(part))?);
    // Whether a release is supported for long changes nothing about its packages, and a release
    // only gets the mark when it is out.
    parts.retain(|part| *part != "LTS");
    if parts.is_empty() {
        return Some(Namespace::ubuntu(release));
    }
    let name = parts.join(":").to_ascii_lowercase();
    let (_, pocket) = POCKETS.iter().find(|(known, _)| *known == name)?;
    Some(Namespace::ubuntu_pocket(release, pocket))
}

/// `22.04`: a year and a month.
fn is_release(text: &str) -> bool {
    matches!(text.as_bytes(), [a, b, b'.', c, d]
        if [a, b, c, d].into_iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ecosystems_are_releases_and_pockets() {
        for (ecosystem, expected) in [
            ("Ubuntu:22.04:LTS", Some("ubuntu:22.04")),
            ("Ubuntu:24.10", Some("ubuntu:24.10")),
            ("Ubuntu:Pro:18.04:LTS", Some("ubuntu:18.04:pro")),
            ("Ubuntu:Pro:FIPS:16.04:LTS", Some("ubuntu:16.04:pro:fips")),
            (
                "Ubuntu:Pro:FIPS-updates:22.04:LTS",
                Some("ubuntu:22.04:pro:fips-updates"),
            ),
            (
                "Ubuntu:Pro:FIPS-preview:22.04:LTS",
                Some("ubuntu:22.04:pro:fips-preview"),
            ),
            (
                "Ubuntu:Pro:Realtime:24.04:LTS",
                Some("ubuntu:24.04:pro:realtime"),
            ),
            (
                "Ubuntu:Pro:22.04:LTS:Realtime:Kernel",
                Some("ubuntu:22.04:pro:realtime"),
            ),
            (
                "Ubuntu:Nvidia-BlueField:22.04:LTS",
                Some("ubuntu:22.04:nvidia-bluefield"),
            ),
            (
                "Ubuntu:22.04:LTS:for:NVIDIA:BlueField",
                Some("ubuntu:22.04:nvidia-bluefield"),
            ),
            ("Ubuntu:Pro:Quantum:28.04:LTS", None),
            ("Ubuntu:22.04.1", None),
            ("Ubuntu", None),
            ("Ubuntu:", None),
            ("Debian:12", None),
            ("", None),
        ] {
            let found = namespace(ecosystem).map(|namespace| namespace.to_string());
            assert_eq!(found.as_deref(), expected, "{ecosystem}");
        }
    }
}
