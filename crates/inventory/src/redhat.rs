//! What Red Hat's images tell of themselves besides their packages: which repositories the packages
//! come from, and which of its container images they are.
//!
//! <https://redhatproductsecurity.github.io/security-data-guidelines/scanning-vendors/> describes
//! the files.

mod content_manifest;
mod dnf_history;
mod dockerfile;
mod labels;
mod recipe;
mod table;

pub(crate) use content_manifest::ContentManifestAnalyzer;
pub(crate) use dnf_history::DnfHistoryAnalyzer;
pub(crate) use labels::LabelsAnalyzer;
pub(crate) use recipe::RecipeAnalyzer;

/// The root file system whose packages a content manifest or a history speaks of.
pub(crate) fn root_of(path: &str) -> Option<&str> {
    content_manifest::root_of(path).or_else(|| dnf_history::root_of(path))
}

/// Longest identifier, name or version that is taken for one.
const MAX_NAME: usize = 512;

/// Whether a text can be a name, an identifier or a version: short, and safe to print.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_NAME && text.bytes().all(|byte| byte.is_ascii_graphic())
}
