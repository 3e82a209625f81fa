//! The lists of packages in Azure Linux's images without rpm, as CBL-Mariner had them before.
//!
//! The build of a distroless image asks rpm what is installed and keeps the answer:
//! `container-manifest-2` has ten columns of each package, and `container-manifest-1` its name,
//! version, release and architecture:
//! <https://github.com/dotnet/dotnet-docker/blob/main/documentation/azurelinux.md>.

use clair_rpmdb::Package;

use crate::limits::MAX_PACKAGES;
use crate::lines::{lines, root_of, text};
use crate::problems::Problems;
use crate::rpm::add_packages;
use crate::{AnalyzeError, Analyzer, AnalyzerId, File, FileInfo, Findings};

pub(crate) struct RpmManifestAnalyzer;

const NAMES: &str = "var/lib/rpmmanifest/container-manifest-1";
const TABLE: &str = "var/lib/rpmmanifest/container-manifest-2";

impl Analyzer for RpmManifestAnalyzer {
    fn id(&self) -> AnalyzerId {
        AnalyzerId {
            name: "rpm-manifest",
            version: 1,
        }
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        root_of(file.path, TABLE).is_some() || root_of(file.path, NAMES).is_some()
    }

    fn analyze(&self, file: &File<'_>, _: &[File<'_>]) -> Result<Findings, AnalyzeError> {
        if root_of(file.path, NAMES).is_some() {
            return read(file.bytes, of_name);
        }
        let mut findings = read(file.bytes, of_columns)?;
        findings.supersedes = vec![file.path.replace(TABLE, NAMES)];
        Ok(findings)
    }
}

fn read(bytes: &[u8], package: fn(&[u8]) -> Option<Package>) -> Result<Findings, AnalyzeError> {
    let mut findings = Findings::default();
    let mut problems = Problems::default();
    let mut packages = Vec::new();
    for (number, line) in (1..).zip(lines(bytes)) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        if packages.len() == MAX_PACKAGES {
            problems.push(format_args!(
                "only its first {MAX_PACKAGES} packages were read"
            ));
            break;
        }
        match package(line) {
            Some(package) => packages.push(package),
            None => problems.push(format_args!(
                "line {number} describes no package and was passed over"
            )),
        }
    }
    if packages.is_empty() && problems.count() > 0 {
        return Err(AnalyzeError::new("none of its lines describes a package"));
    }
    findings.problems = problems.into_list();
    add_packages(&mut findings, packages);
    // The files of packages are in no list.
    findings.ownership.clear();
    Ok(findings)
}

/// `NAME VERSION-RELEASE INSTALLTIME BUILDTIME VENDOR EPOCH SIZE ARCH EPOCHNUM SOURCERPM`, with
/// tabs between them. rpm writes `(none)` for what a package does not have.
fn of_columns(line: &[u8]) -> Option<Package> {
    let columns: Vec<&[u8]> = line.split(|byte| *byte == b'\t').take(10).collect();
    let [name, evr, _, _, vendor, _, _, arch, epoch, source] = columns[..] else {
        return None;
    };
    let known = |column: &[u8]| Some(text(column)).filter(|text| text != "(none)");
    let evr = text(evr);
    let (version, release) = evr.rsplit_once('-')?;
    let package = Package {
        name: text(name),
        epoch: text(epoch).parse().ok(),
        version: version.to_owned(),
        release: release.to_owned(),
        arch: known(arch),
        source_rpm: known(source),
        vendor: known(vendor),
        ..Package::default()
    };
    is_complete(&package).then_some(package)
}

/// `name-version-release.arch`. Epochs are not told.
fn of_name(line: &[u8]) -> Option<Package> {
    let line = text(line);
    let (rest, arch) = line.rsplit_once('.')?;
    let (rest, release) = rest.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    let package = Package {
        name: name.to_owned(),
        version: version.to_owned(),
        release: release.to_owned(),
        arch: Some(arch.to_owned()).filter(|arch| arch != "(none)"),
        ..Package::default()
    };
    is_complete(&package).then_some(package)
}

fn is_complete(package: &Package) -> bool {
    !(package.name.is_empty() || package.version.is_empty() || package.release.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn analyze(path: &str, content: &str) -> Result<Findings, AnalyzeError> {
        let file = File {
            path,
            bytes: content.as_bytes(),
        };
        RpmManifestAnalyzer.analyze(&file, &[])
    }

    const VENDOR: &str = "Microsoft Corporation";

    #[test]
    fn a_table_has_epochs_and_sources() {
        let table = format!(
            "glibc\t2.38-8.azl3\t1718000000\t1717000000\t{VENDOR}\t(none)\t100\tx86_64\t0\tglibc-2.38-8.azl3.src.rpm\n\
             bind-libs\t9.20.0-1.azl3\t1\t1\t{VENDOR}\t32\t1\tx86_64\t32\tbind-9.20.0-1.azl3.src.rpm\n\
             gpg-pubkey\t3135ce90-5e6fda74\t1\t1\t(none)\t(none)\t0\t(none)\t0\t(none)\n\n"
        );
        let findings = analyze(TABLE, &table).unwrap();
        let [bind, glibc] = findings.packages.as_slice() else {
            panic!("{findings:?}");
        };
        assert_eq!(bind.version, "32:9.20.0-1.azl3");
        assert_eq!(bind.source.as_ref().unwrap().name, "bind");
        assert_eq!(bind.source.as_ref().unwrap().version, "32:9.20.0-1.azl3");
        assert_eq!(glibc.version, "2.38-8.azl3");
        assert_eq!(
            (glibc.arch.as_str(), glibc.vendor.as_deref()),
            ("x86_64", Some(VENDOR))
        );
        assert_eq!(findings.supersedes, [NAMES]);
        assert!(findings.problems.is_empty());
    }

    #[test]
    fn a_list_of_names_is_taken_apart_from_the_right() {
        let findings = analyze(
            NAMES,
            "ca-certificates-base-3.0.0-7.azl3.noarch\nlibgcc-13.2.0-7.azl3.x86_64\n",
        )
        .unwrap();
        let [certificates, _] = findings.packages.as_slice() else {
            panic!("{findings:?}");
        };
        assert_eq!(certificates.name, "ca-certificates-base");
        assert_eq!(certificates.version, "3.0.0-7.azl3");
        assert_eq!(certificates.arch, "noarch");
        assert!(findings.supersedes.is_empty());
    }

    #[test]
    fn lines_of_another_form_are_told() {
        let findings = analyze(NAMES, "a-1-2.x86_64\nb\n-1-2.noarch\n").unwrap();
        assert_eq!((findings.packages.len(), findings.problems.len()), (1, 2));
        assert!(analyze(TABLE, "a-1-2.x86_64\n").is_err());
        assert!(analyze(TABLE, "\n").unwrap().packages.is_empty());
    }
}
