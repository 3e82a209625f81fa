//! Packages of the kernel's headers.
//!
//! Vendors say of the source `linux` which versions are vulnerable, and every package that is
//! built from it is. One of these is in most images with a compiler: the headers that programs
//! are built with. Nothing of the kernel is in it, and no kernel runs in a container, so that
//! hundreds of statements about that source are wrong about it: see
//! <https://github.com/docker-library/ruby/issues/466>, and Grype's
//! `match-upstream-kernel-headers` (<https://github.com/anchore/grype/issues/2242>). What is said
//! of the package itself counts all the same.

use clair_model::ReportPackage;

/// Whether a package has headers of the kernel and nothing else.
pub(crate) fn are_all(package: &ReportPackage) -> bool {
    let Some(source) = package.source.as_deref() else {
        return false;
    };
    // Headers that are packaged by themselves have a source of their own, of which vendors speak.
    let is_kernel = ["linux", "kernel"].iter().any(|kernel| {
        let rest = source.name.strip_prefix(kernel);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }) && !has_word(&source.name, "headers");
    is_kernel && (has_word(&package.name, "headers") || package.name.starts_with("linux-libc-dev"))
}

fn has_word(name: &str, word: &str) -> bool {
    name.split('-').any(|part| part == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_told_by_name_and_source() {
        for (name, source, expected) in [
            ("linux-libc-dev", "linux", true),
            ("linux-libc-dev-arm64-cross", "linux", true),
            ("linux-headers-6.1.0-18-amd64", "linux", true),
            ("linux-hwe-6.5-headers-6.5.0-14", "linux-hwe-6.5", true),
            ("kernel-headers", "kernel", true),
            ("linux-image-6.1.0-18-amd64", "linux", false),
            ("linux-perf", "linux", false),
            ("linux-headers", "linux-headers", false),
            ("kernel-headers", "kernel-headers", false),
            ("linuxptp-headers", "linuxptp", false),
            ("libdrm-headers", "libdrm", false),
        ] {
            let package = ReportPackage {
                name: name.into(),
                source: Some(Box::new(ReportPackage {
                    name: source.into(),
                    ..ReportPackage::default()
                })),
                ..ReportPackage::default()
            };
            assert_eq!(are_all(&package), expected, "{name} of {source}");
        }
        assert!(!are_all(&ReportPackage::default()));
    }
}
