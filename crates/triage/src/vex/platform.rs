//! Platforms by their CPEs, <https://csrc.nist.gov/projects/security-content-automation-protocol/specifications/cpe>.

use std::str::FromStr;

use percent_encoding::percent_decode_str;

use crate::finding::Package;

/// A name of a platform or product: its attributes in the order of the standard, in lower case.
/// What is not told, or told to be any, is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cpe {
    attributes: [Option<String>; ATTRIBUTES],
}

/// Part, vendor, product, version, update, edition, language, software edition, target software,
/// target hardware, other.
const ATTRIBUTES: usize = 11;

impl Cpe {
    fn attribute(&self, index: usize) -> &str {
        self.attributes[index].as_deref().unwrap_or_default()
    }

    pub(crate) fn vendor(&self) -> &str {
        self.attribute(1)
    }

    fn product(&self) -> &str {
        self.attribute(2)
    }

    fn version(&self) -> &str {
        self.attribute(3)
    }

    fn update(&self) -> &str {
        self.attribute(4)
    }

    /// Whether something of this name is meant: each attribute that is told is the same there.
    pub(crate) fn is(&self, special: &Self) -> bool {
        let mut pairs = self.attributes.iter().zip(&special.attributes);
        // One without vendor and product would be everything.
        self.attributes[1..=2].iter().all(Option::is_some)
            && pairs.all(|(general, special)| general.is_none() || general == special)
    }
}

/// A text that is no CPE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoCpe;

impl FromStr for Cpe {
    type Err = NoCpe;

    /// Reads both ways to write one: `cpe:/o:redhat:enterprise_linux:9` and `cpe:2.3:o:…`.
    fn from_str(text: &str) -> Result<Self, NoCpe> {
        let mut attributes = [const { None }; ATTRIBUTES];
        let any = |text: &str| matches!(text, "" | "*").then_some(()).is_some();
        if let Some(rest) = text.strip_prefix("cpe:2.3:") {
            let parts = divided(rest);
            if parts.len() > ATTRIBUTES {
                return Err(NoCpe);
            }
            for (attribute, part) in attributes.iter_mut().zip(parts) {
                *attribute = (!any(&part)).then(|| part.to_lowercase());
            }
        } else if let Some(rest) = text.strip_prefix("cpe:/") {
            for (index, part) in rest.split(':').enumerate() {
                // The URI has seven attributes; the sixth may have five packed into it.
                let attribute = attributes
                    .get_mut(index)
                    .filter(|_| index < 7)
                    .ok_or(NoCpe)?;
                let part = percent_decode_str(part).decode_utf8().map_err(|_| NoCpe)?;
                *attribute = (!any(&part)).then(|| part.to_lowercase());
            }
        } else {
            return Err(NoCpe);
        }
        if attributes[0]
            .as_deref()
            .is_none_or(|part| !matches!(part, "a" | "o" | "h"))
        {
            return Err(NoCpe);
        }
        Ok(Self { attributes })
    }
}

/// The parts between colons that no backslash is before, without backslashes.
fn divided(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            ':' => parts.push(String::new()),
            _ => {
                let last = parts.last_mut();
                let kept = if character == '\\' {
                    characters.next()
                } else {
                    Some(character)
                };
                if let (Some(last), Some(kept)) = (last, kept) {
                    last.push(kept);
                }
            }
        }
    }
    parts
}

/// Whether a package belongs to a platform: by the CPE of its repository or distribution, or where
/// these are not known by what its distribution is.
pub(crate) fn is_platform(cpe: &Cpe, package: &Package<'_>) -> bool {
    let mut own = package.platforms();
    own.any(|own| cpe.is(own)) || is_redhat(cpe, package) || is_suse(cpe, package)
}

/// Red Hat names its system by the major release, and its repositories as editions of it:
/// `cpe:/a:redhat:enterprise_linux:9::appstream`. Minor releases replace each other.
fn is_redhat(cpe: &Cpe, package: &Package<'_>) -> bool {
    let major = |number: &str| number.split('.').next().unwrap_or_default().to_owned();
    cpe.vendor() == "redhat"
        && cpe.product() == "enterprise_linux"
        && package.distribution().is_some_and(|own| {
            own.did == "rhel"
                && !own.version_id.is_empty()
                && major(&own.version_id) == major(cpe.version())
        })
}

/// SUSE names the modules of a service pack one by one, which share their packages:
/// `cpe:/o:suse:sle-module-basesystem:15:sp4`. Subscriptions for longer (`sles-ltss`) get packages
/// that others do not, and are other platforms.
fn is_suse(cpe: &Cpe, package: &Package<'_>) -> bool {
    let Some(own) = package.distribution() else {
        return false;
    };
    let release = match cpe.update().strip_prefix("sp") {
        Some(pack) => format!("{}.{pack}", cpe.version()),
        None => cpe.version().to_owned(),
    };
    let is_release = release == own.version_id || own.version_id == format!("{release}.0");
    match (cpe.vendor(), own.did.as_str()) {
        ("suse", "sles" | "sled" | "sles_sap") => {
            let product = cpe.product();
            let is_server = matches!(
                product,
                "sles" | "sled" | "sles_sap" | "suse_sles" | "suse_sled"
            );
            is_release && (is_server || product.starts_with("sle-module-"))
        }
        ("suse", "sle-micro" | "sl-micro") => {
            is_release && matches!(cpe.product(), "sle-micro" | "sl-micro" | "suse-microos")
        }
        ("opensuse", "opensuse-tumbleweed") => cpe.product() == "tumbleweed",
        ("opensuse", "opensuse-leap") => cpe.product() == "leap" && is_release,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpe(text: &str) -> Cpe {
        text.parse().unwrap()
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
        ] {
            assert_eq!(wrong.parse::<Cpe>(), Err(NoCpe), "{wrong}");
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
        ] {
            assert_eq!(cpe(general).is(&special), expected, "{general}");
        }
    }
}
