//! Where packages come from, as files tell that do not list the packages themselves.

use serde::{Deserialize, Serialize};

use crate::redhat;

/// What a file tells of where the rpm packages of its root file system come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Provenance {
    /// The repositories that all packages of its layer come from.
    Manifest {
        /// Their ids.
        repositories: Vec<String>,
        /// Whether the package manager's history knows better for the packages that it has.
        consults_history: bool,
    },
    /// The repositories of single packages.
    History(History),
}

/// From which repository each package was installed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// The ids of the repositories, sorted.
    pub repositories: Vec<String>,
    /// The packages, sorted.
    pub origins: Vec<Origin>,
}

/// A package with its repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Origin {
    /// Name of the package.
    pub name: String,
    /// Version with epoch and release, as rpm packages have it.
    pub version: String,
    /// Architecture.
    pub arch: String,
    /// Index of the repository.
    pub repository: u32,
}

impl History {
    /// The repository of a package, if the history has it.
    pub fn repository(&self, name: &str, version: &str, arch: &str) -> Option<&str> {
        let key = |origin: &Origin| {
            let own = (
                origin.name.as_str(),
                origin.version.as_str(),
                origin.arch.as_str(),
            );
            own.cmp(&(name, version, arch))
        };
        let place = self.origins.binary_search_by(key).ok()?;
        let repository = usize::try_from(self.origins[place].repository).ok()?;
        self.repositories.get(repository).map(String::as_str)
    }
}

impl Provenance {
    /// The root file system that a file speaks of, by its path.
    pub fn root_of(path: &str) -> Option<&str> {
        redhat::root_of(path)
    }

    /// About the memory that it takes.
    pub fn size(&self) -> usize {
        let text = |ids: &[String]| -> usize {
            let sizes = ids.iter().map(|id| size_of::<String>() + id.len());
            sizes.sum()
        };
        match self {
            Self::Manifest { repositories, .. } => text(repositories),
            Self::History(history) => {
                let origins = history.origins.iter().map(|origin| {
                    size_of::<Origin>()
                        + origin.name.len()
                        + origin.version.len()
                        + origin.arch.len()
                });
                text(&history.repositories) + origins.sum::<usize>()
            }
        }
    }
}
