//! opkg: what is installed on OpenWrt up to 24.10, and in images of the Yocto project.
//!
//! `status` lists what is installed; `info` has of each package the control file that it came with,
//! and the list of its files. Where there is no `status`, the control files tell. All are like
//! those of dpkg, but in a `lib/opkg` of their own: below `usr` on OpenWrt, below `var` by default
//! (<https://git.yoctoproject.org/opkg/tree/libopkg/opkg_conf.h>).

use clair_model::{Package, PackageManager, SourcePackage};

use crate::control::{self, Stanza, owned};
use crate::lines::{lines, root_of, text};
use crate::{AnalyzeError, Analyzer, AnalyzerId, File, FileInfo, Findings};

pub(crate) struct OpkgAnalyzer;

const STATUS: &str = "lib/opkg/status";
const INFO: &str = "lib/opkg/info";

/// What a path means to opkg.
enum Role<'a> {
    Status,
    /// A stanza without a state.
    Control,
    /// The files of the package of this name.
    List(&'a str),
}

fn role(path: &str) -> Option<Role<'_>> {
    if root_of(path, STATUS).is_some() {
        return Some(Role::Status);
    }
    let (directory, name) = path.rsplit_once('/')?;
    let (package, kind) = name.rsplit_once('.')?;
    root_of(directory, INFO)?;
    match kind {
        "control" => Some(Role::Control),
        "list" => Some(Role::List(package)),
        _ => None,
    }
}

impl Analyzer for OpkgAnalyzer {
    fn id(&self) -> AnalyzerId {
        AnalyzerId {
            name: "opkg",
            version: 1,
        }
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        role(file.path).is_some()
    }

    fn analyze(&self, file: &File<'_>, _: &[File<'_>]) -> Result<Findings, AnalyzeError> {
        match role(file.path) {
            Some(Role::Status) => {
                let mut findings = control::parse(file.bytes, true, &convert)?;
                let root = file.path.strip_suffix("status").unwrap_or_default();
                let listed = findings.packages.iter();
                findings.supersedes = listed
                    .map(|package| format!("{root}info/{}.control", package.name))
                    .collect();
                Ok(findings)
            }
            Some(Role::Control) => control::parse(file.bytes, false, &convert),
            Some(Role::List(package)) => {
                // Yocto's opkg writes mode and target of a link behind the path.
                let paths =
                    lines(file.bytes).filter_map(|line| line.split(|byte| *byte == b'\t').next());
                Ok(owned(package, paths))
            }
            None => Ok(Findings::default()),
        }
    }
}

fn convert(stanza: &Stanza<'_>) -> Package {
    let version = text(stanza.version);
    let source = source(stanza).map(|name| SourcePackage {
        name,
        version: version.clone(),
    });
    Package {
        name: text(stanza.package),
        version,
        arch: text(stanza.architecture),
        manager: PackageManager::Opkg,
        source,
        module: None,
        vendor: None,
    }
}

/// The name of the source, which only control files have: OpenWrt's `SourceName`, before which
/// there was only the place of the source in its tree; or the name of a recipe in Yocto's
/// `Source: NAME_VERSION.bb`. Where `Source` is a list of addresses it names nothing.
fn source(stanza: &Stanza<'_>) -> Option<String> {
    let name = text(stanza.source_name);
    if !name.is_empty() {
        return Some(name);
    }
    let source = text(stanza.source);
    if source.contains("://") || source.contains(char::is_whitespace) {
        return None;
    }
    let last = source.rsplit('/').next().unwrap_or_default();
    let name = match last.strip_suffix(".bb") {
        Some(recipe) => recipe.split('_').next().unwrap_or_default(),
        None => last,
    };
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn analyze(path: &str, content: &str) -> Findings {
        let file = File {
            path,
            bytes: content.as_bytes(),
        };
        OpkgAnalyzer.analyze(&file, &[]).unwrap()
    }

    const STATUS_FILE: &str = "Package: busybox\nVersion: 1.36.1-1\nDepends: libc\n\
        Status: install user installed\nEssential: yes\nArchitecture: x86_64\n\
        Conffiles:\n /etc/x 0123\nInstalled-Time: 1714492800\n\n\
        Package: dnsmasq\nVersion: 2.90-2\nStatus: unknown ok not-installed\n";

    #[test]
    fn what_is_installed_is_in_the_status() {
        let findings = analyze("usr/lib/opkg/status", STATUS_FILE);
        let [busybox] = findings.packages.as_slice() else {
            panic!("{findings:?}");
        };
        assert_eq!(busybox.name, "busybox");
        assert_eq!(busybox.version, "1.36.1-1");
        assert_eq!(busybox.arch, "x86_64");
        assert_eq!(busybox.manager, PackageManager::Opkg);
    }

    /// The same package would be listed twice, once with its source.
    #[test]
    fn control_files_of_what_the_status_lists_do_not_count() {
        let findings = analyze("usr/lib/opkg/status", STATUS_FILE);
        assert_eq!(findings.supersedes, ["usr/lib/opkg/info/busybox.control"]);
    }

    #[test]
    fn a_control_file_alone_tells_of_an_installed_package_and_its_source() {
        for (source, expected) in [
            (
                "Source: package/utils/busybox\nSourceName: bb\n",
                Some("bb"),
            ),
            ("Source: package/utils/busybox\n", Some("busybox")),
            ("Source: busybox_1.36.1.bb\n", Some("busybox")),
            ("Source: https://x.example/a.tar.gz file://b.patch\n", None),
            ("", None),
        ] {
            let control = format!("Package: busybox\nVersion: 1.36.1-1\n{source}");
            let findings = analyze("var/lib/opkg/info/busybox.control", &control);
            let source = findings.packages[0].source.as_ref();
            assert_eq!(source.map(|source| source.name.as_str()), expected);
        }
    }

    #[test]
    fn file_lists_have_paths_with_or_without_modes() {
        let findings = analyze(
            "usr/lib/opkg/info/busybox.list",
            "/bin/busybox\n/bin/sh\t0120777\tbusybox\n",
        );
        let [ownership] = findings.ownership.as_slice() else {
            panic!("{findings:?}");
        };
        assert_eq!(ownership.package, "busybox");
        assert!(ownership.owns("bin/busybox") && ownership.owns("bin/sh"));
    }

    #[test]
    fn both_places_of_the_database_are_known() {
        for path in [
            "usr/lib/opkg/status",
            "var/lib/opkg/status",
            "opt/lib/opkg/status",
        ] {
            assert!(role(path).is_some(), "{path}");
        }
        assert!(role("usr/lib/opkg/info/busybox.prerm").is_none());
        assert!(role("usr/lib/opkg/lists/base").is_none());
    }
}
