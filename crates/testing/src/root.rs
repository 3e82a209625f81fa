//! Root file systems of any distribution: release files and package databases out of a few words.

mod package;
mod rpm;

pub use package::Package;
pub use rpm::RpmFormat;

/// A root file system of a distribution release.
#[derive(Debug, Clone)]
pub struct Root {
    os_release: String,
    manager: Manager,
    packages: Vec<Package>,
    content_sets: Vec<String>,
}

/// What installs the packages of a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manager {
    /// `dpkg` of Debian.
    Dpkg,
    /// `apk` of Alpine.
    Apk,
    /// `pacman` of Arch Linux.
    Pacman,
    /// `rpm`, with a database in this format.
    Rpm(RpmFormat),
    /// None: components of Bitnami, below `opt/bitnami`.
    Bitnami,
    /// None: images of Red Hat's catalog, by the Dockerfiles that they were built from.
    Recipe,
    /// None: an image of Red Hat's catalog of the product with this CPE, by its labels.
    Labels(&'static str),
}

impl Root {
    /// A root without packages that has this `os-release`.
    pub fn new(manager: Manager, os_release: &str) -> Self {
        Self {
            os_release: os_release.to_owned(),
            manager,
            packages: Vec::new(),
            content_sets: Vec::new(),
        }
    }

    /// A release of Debian.
    pub fn debian(codename: &str, version: &str) -> Self {
        let os_release = format!(
            "ID=debian\nVERSION_ID=\"{version}\"\nVERSION=\"{version} ({codename})\"\n\
             VERSION_CODENAME={codename}\nPRETTY_NAME=\"Debian GNU/Linux {version} ({codename})\"\n"
        );
        Self::new(Manager::Dpkg, &os_release)
    }

    /// A release of Ubuntu.
    pub fn ubuntu(codename: &str, version: &str) -> Self {
        let os_release = format!(
            "ID=ubuntu\nVERSION_ID=\"{version}\"\nVERSION_CODENAME={codename}\n\
             UBUNTU_CODENAME={codename}\nPRETTY_NAME=\"Ubuntu {version}\"\n"
        );
        Self::new(Manager::Dpkg, &os_release)
    }

    /// A release of Alpine.
    pub fn alpine(version: &str) -> Self {
        let os_release =
            format!("ID=alpine\nVERSION_ID={version}\nPRETTY_NAME=\"Alpine Linux v{version}\"\n");
        Self::new(Manager::Apk, &os_release)
    }

    /// A distribution that nobody knows.
    pub fn unknown() -> Self {
        let os_release = "ID=nobody\nPRETTY_NAME=\"Nobody's Linux\"\n";
        Self::new(Manager::Dpkg, os_release)
    }

    /// No distribution and no packages.
    pub fn empty() -> Self {
        Self::new(Manager::Dpkg, "")
    }

    /// Adds a package of this name and version, built from a source of that name.
    #[must_use]
    pub fn with(self, name: &str, version: &str, source: &str) -> Self {
        self.with_package(Package::new(name, version).source(source))
    }

    /// Adds a package.
    #[must_use]
    pub fn with_package(mut self, package: Package) -> Self {
        self.packages.push(package);
        self
    }

    /// Packages come from these repositories, as the content manifests of Red Hat's images tell.
    #[must_use]
    pub fn with_content_sets(mut self, ids: &[&str]) -> Self {
        self.content_sets
            .extend(ids.iter().map(|&id| id.to_owned()));
        self
    }

    /// Paths and contents of all files.
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let os_release = self.os_release.clone().into_bytes();
        let mut files = vec![("etc/os-release".to_owned(), os_release)];
        if !self.content_sets.is_empty() {
            let path = "root/buildinfo/content_manifests/image-container-1-1.json";
            let manifest = serde_json::json!({
                "metadata": {"icm_version": 1, "image_layer_index": 0},
                "content_sets": self.content_sets,
                "image_contents": [],
            });
            files.push((path.to_owned(), manifest.to_string().into_bytes()));
        }
        if !self.packages.is_empty() {
            files.extend(self.databases());
        }
        files
    }

    fn databases(&self) -> Vec<(String, Vec<u8>)> {
        let paragraphs = |path: &str, paragraph: fn(&Package) -> String| {
            let text: String = self.packages.iter().map(paragraph).collect();
            vec![(path.to_owned(), text.into_bytes())]
        };
        let each = |file: fn(&Package) -> (String, String)| {
            let files = self.packages.iter().map(file);
            files
                .map(|(path, text)| (path, text.into_bytes()))
                .collect()
        };
        match self.manager {
            Manager::Dpkg => paragraphs("var/lib/dpkg/status", Package::dpkg),
            Manager::Apk => paragraphs("lib/apk/db/installed", Package::apk),
            Manager::Pacman => each(Package::pacman),
            Manager::Rpm(format) => {
                vec![(format.path().to_owned(), format.database(&self.packages))]
            }
            Manager::Bitnami => each(Package::bitnami),
            Manager::Recipe => each(Package::recipe),
            Manager::Labels(cpe) => {
                let files = self.packages.iter().map(|package| package.labels(cpe));
                files
                    .map(|(path, text)| (path, text.into_bytes()))
                    .collect()
            }
        }
    }

    /// All of it as a layer.
    #[expect(clippy::unwrap_used, reason = "memory takes what is written")]
    pub fn layer(&self) -> Vec<u8> {
        let mut layer = tar::Builder::new(Vec::new());
        for (path, content) in self.files() {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            layer
                .append_data(&mut header, path, content.as_slice())
                .unwrap();
        }
        layer.into_inner().unwrap()
    }
}
