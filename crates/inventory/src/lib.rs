//! Analyzers: from the bytes of a few files to packages and distributions.
//!
//! An [`Analyzer`] says by path which files of a layer it wants, and turns the bytes of each into
//! [`Findings`]. It knows neither where the layer came from nor what lies in other layers: because
//! every finding belongs to one file, layers merge by the rules of the file system alone, and a
//! package database that an upper layer replaces takes its findings with it.
//!
//! A new analyzer is one module, and one line in [`all`].

mod analyzer;
mod apk;
mod bitnami;
mod control;
mod distribution;
mod dpkg;
mod limits;
mod lines;
mod opkg;
mod os_release;
mod ownership;
mod pacman;
mod portage;
mod problems;
mod provenance;
mod redhat;
mod release;
mod rpm;
mod rpm_manifest;

pub use analyzer::{AnalyzeError, Analyzer, AnalyzerId, File, FileInfo, Findings};
pub use distribution::detect;
pub use os_release::OsRelease;
pub use ownership::{Ownership, PathHash};
pub use provenance::{History, Origin, Provenance};
pub use release::{RELEASE_FILES, ReleaseFiles};

/// Every analyzer there is.
pub fn all() -> Vec<Box<dyn Analyzer>> {
    vec![
        Box::new(release::ReleaseAnalyzer),
        Box::new(dpkg::DpkgAnalyzer),
        Box::new(apk::ApkAnalyzer),
        Box::new(rpm::RpmAnalyzer),
        Box::new(rpm_manifest::RpmManifestAnalyzer),
        Box::new(pacman::PacmanAnalyzer),
        Box::new(opkg::OpkgAnalyzer),
        Box::new(portage::PortageAnalyzer),
        Box::new(bitnami::BitnamiAnalyzer),
        Box::new(redhat::ContentManifestAnalyzer),
        Box::new(redhat::DnfHistoryAnalyzer),
        Box::new(redhat::LabelsAnalyzer),
        Box::new(redhat::RecipeAnalyzer),
    ]
}
