//! Platforms by their CPEs, <https://csrc.nist.gov/projects/security-content-automation-protocol/specifications/cpe>.

use clair_cpe::Cpe;

use crate::finding::Package;

/// Part, vendor, product, version, update, edition, language, software edition, target software,
/// target hardware, other.
const ATTRIBUTES: usize = 11;

/// Reads a name, which has to tell the kind of product. None if it is none.
///
/// A formatted string has eleven attributes. Many write only as many as they need, or leave one empty;
/// what is not there is any, as in the URI.
pub(crate) fn read(text: &str) -> Option<Cpe> {
    let cpe: Cpe = match text.strip_prefix("cpe:2.3:") {
        Some(attributes) => completed(attributes).parse(),
        None => text.parse(),
    }
    .ok()?;
    cpe.part().is_some().then_some(cpe)
}

/// The formatted string with all attributes.
fn completed(written: &str) -> String {
    let mut text = "cpe:2.3:".to_owned();
    let (mut count, mut is_empty, mut is_quoted) = (1, true, false);
    for character in written.chars() {
        let is_end = character == ':' && !is_quoted;
        if is_end && is_empty {
            text.push('*');
        }
        count += usize::from(is_end);
        is_empty = is_end;
        is_quoted = character == '\\' && !is_quoted;
        text.push(character);
    }
    if is_empty {
        text.push('*');
    }
    text.push_str(&":*".repeat(ATTRIBUTES.saturating_sub(count)));
    text
}

/// Whether something of a name is meant by one that may tell less.
pub(crate) fn is(general: &Cpe, special: &Cpe) -> bool {
    // One without vendor and product would be everything.
    let is_something = general.vendor().is_some() && general.product().is_some();
    is_something && general.is_superset_of(special)
}

/// Whether a package belongs to a platform: by the CPE of its repository or distribution, or where
/// these are not known by what its distribution is.
pub(crate) fn is_platform(cpe: &Cpe, package: &Package<'_>) -> bool {
    let mut own = package.platforms();
    own.any(|own| is(cpe, own)) || is_redhat(cpe, package) || is_suse(cpe, package)
}

/// Red Hat names its system by the major release, and its repositories as editions of it:
/// `cpe:/a:redhat:enterprise_linux:9::appstream`. Minor releases replace each other.
fn is_redhat(cpe: &Cpe, package: &Package<'_>) -> bool {
    let major = |number: &str| number.split('.').next().unwrap_or_default().to_owned();
    cpe.vendor() == Some("redhat")
        && cpe.product() == Some("enterprise_linux")
        && package.distribution().is_some_and(|own| {
            own.did == "rhel"
                && !own.version_id.is_empty()
                && major(&own.version_id) == major(cpe.version().unwrap_or_default())
        })
}

/// SUSE names the modules of a service pack one by one, which share their packages:
/// `cpe:/o:suse:sle-module-basesystem:15:sp4`. Subscriptions for longer (`sles-ltss`) get packages
/// that others do not, and are other platforms.
fn is_suse(cpe: &Cpe, package: &Package<'_>) -> bool {
    let Some(own) = package.distribution() else {
        return false;
    };
    let version = cpe.version().unwrap_or_default();
    let release = match cpe.update().and_then(|update| update.strip_prefix("sp")) {
        Some(pack) => format!("{version}.{pack}"),
        None => version.to_owned(),
    };
    let product = cpe.product().unwrap_or_default();
    let is_release = release == own.version_id || own.version_id == format!("{release}.0");
    match (cpe.vendor().unwrap_or_default(), own.did.as_str()) {
        ("suse", "sles" | "sled" | "sles_sap") => {
            let is_server = matches!(
                product,
                "sles" | "sled" | "sles_sap" | "suse_sles" | "suse_sled"
            );
            is_release && (is_server || product.starts_with("sle-module-"))
        }
        ("suse", "sle-micro" | "sl-micro") => {
            is_release && matches!(product, "sle-micro" | "sl-micro" | "suse-microos")
        }
        ("opensuse", "opensuse-tumbleweed") => product == "tumbleweed",
        ("opensuse", "opensuse-leap") => product == "leap" && is_release,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpe(text: &str) -> Cpe {
        read(text).unwrap()
    }

    #[test]
    fn both_ways_to_write_one_are_the_same() {
        let uri = cpe("cpe:/a:redhat:enterprise_linux:9::appstream");
        let text = cpe("cpe:2.3:a:redhat:enterprise_linux:9:*:appstream:*:*:*:*:*");
        assert_eq!(uri, text);
        assert_eq!(
            cpe("cpe:2.3:a:x:a\\:b\\+:1.0:*:*:*:*:*:*:*"),
            cpe("cpe:/a:x:a%3Ab%2B:1.0")
        );
        for short in ["cpe:2.3:a:x:a\\:b::el9", "cpe:2.3:a:x:a\\:b:*:el9:::"] {
            assert_eq!(cpe(short), cpe("cpe:/a:x:a%3ab::el9"), "{short}");
        }
        for wrong in [
            "",
            "cpe:",
            "cpe:/",
            "cpe:/x:a",
            "cpe:2.3:",
            "cpe:/a:%ff",
            "a:b",
            "cpe:2.3:a:b:c:d:e:f:g:h:i:j:k:l",
            "cpe:/a:b:c:d:e:f:g:h",
            "cpe:2.3:*:redhat:enterprise_linux",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_a_name_does_not_tell_it_does_not_restrict() {
        let special = cpe("cpe:/a:redhat:enterprise_linux:9::appstream");
        for (general, expected) in [
            ("cpe:/a:redhat:enterprise_linux:9::appstream", true),
            ("cpe:/a:RedHat:enterprise_linux:9", true),
            ("cpe:/a:redhat", false),
            ("cpe:/a:redhat:enterprise_linux", true),
            ("cpe:/a::enterprise_linux", false),
            ("cpe:/o:redhat:enterprise_linux:9", false),
            ("cpe:/a:redhat:enterprise_linux:9::baseos", false),
            ("cpe:/a:redhat:enterprise_linux:9:-:appstream", false),
            ("cpe:2.3:a:redhat:enterprise_linux:9*", true),
            ("cpe:/a:redhat:enterprise_linux:9::~appstream~~~~", true),
        ] {
            assert_eq!(is(&cpe(general), &special), expected, "{general}");
        }
    }
}
