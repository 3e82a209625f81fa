//! A package as the databases of package managers tell it.

use std::fmt::Write as _;

/// An installed package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version, as the package manager writes it: `1:2.3-4.el9`.
    pub version: String,
    /// Its architecture, in the word of the package manager; empty for that of most packages.
    pub arch: String,
    pub(super) source: Option<String>,
    pub(super) source_version: Option<String>,
    pub(super) module: Option<String>,
    pub(super) vendor: Option<String>,
}

impl Package {
    /// A package that is built from a source of its own name.
    pub fn new(name: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            arch: String::new(),
            source: None,
            source_version: None,
            module: None,
            vendor: None,
        }
    }

    /// Built from a source of this name, of its own version.
    #[must_use]
    pub fn source(mut self, name: &str) -> Self {
        self.source = Some(name.to_owned());
        self
    }

    /// The version of the source, where that is another one.
    #[must_use]
    pub fn source_version(mut self, version: &str) -> Self {
        self.source_version = Some(version.to_owned());
        self
    }

    /// For this architecture.
    #[must_use]
    pub fn arch(mut self, arch: &str) -> Self {
        self.arch = arch.to_owned();
        self
    }

    /// Of a module, by its label `name:stream:version:context`.
    #[must_use]
    pub fn module(mut self, label: &str) -> Self {
        self.module = Some(label.to_owned());
        self
    }

    /// Distributed by this vendor.
    #[must_use]
    pub fn vendor(mut self, vendor: &str) -> Self {
        self.vendor = Some(vendor.to_owned());
        self
    }

    pub(super) fn arch_or<'a>(&'a self, usual: &'a str) -> &'a str {
        if self.arch.is_empty() {
            usual
        } else {
            &self.arch
        }
    }

    pub(super) fn source_name(&self) -> &str {
        self.source.as_deref().unwrap_or(&self.name)
    }

    /// The paragraph of `/var/lib/dpkg/status`.
    pub(super) fn dpkg(&self) -> String {
        let mut paragraph = format!(
            "Package: {}\nStatus: install ok installed\nArchitecture: {}\n",
            self.name,
            self.arch_or("amd64")
        );
        let _ = match &self.source_version {
            Some(version) => writeln!(paragraph, "Source: {} ({version})", self.source_name()),
            None => writeln!(paragraph, "Source: {}", self.source_name()),
        };
        let _ = write!(paragraph, "Version: {}\n\n", self.version);
        paragraph
    }

    /// The paragraph of `/lib/apk/db/installed`.
    pub(super) fn apk(&self) -> String {
        format!(
            "P:{}\nV:{}\nA:{}\no:{}\n\n",
            self.name,
            self.version,
            self.arch_or("x86_64"),
            self.source_name()
        )
    }

    /// The description in pacman's local database.
    pub(super) fn pacman(&self) -> (String, String) {
        let path = format!("var/lib/pacman/local/{}-{}/desc", self.name, self.version);
        let text = format!(
            "%NAME%\n{}\n\n%VERSION%\n{}\n\n%BASE%\n{}\n\n%ARCH%\n{}\n\n",
            self.name,
            self.version,
            self.source_name(),
            self.arch_or("x86_64")
        );
        (path, text)
    }

    /// The SPDX document that a component of Bitnami brings.
    pub(super) fn bitnami(&self) -> (String, String) {
        let Self { name, version, .. } = self;
        let arch = self.arch_or("amd64");
        let document = serde_json::json!({
            "spdxVersion": "SPDX-2.3",
            "SPDXID": format!("SPDXRef-{name}-{version}-linux-{arch}"),
            "name": "SPDX document",
            "packages": [{
                "name": name,
                "SPDXID": format!("SPDXRef-Package-{name}"),
                "versionInfo": version,
                "externalRefs": [{
                    "referenceCategory": "PACKAGE-MANAGER",
                    "referenceType": "purl",
                    "referenceLocator": format!("pkg:bitnami/{name}@{version}?arch={arch}"),
                }],
            }],
        });
        let path = format!("opt/bitnami/{name}/.spdx-{name}.spdx");
        (path, document.to_string())
    }

    /// The Dockerfile that one of Red Hat's images has of itself. The version is its tag.
    pub(super) fn recipe(&self) -> (String, String) {
        let Self { name, version, .. } = self;
        let short = name.replace('/', "-");
        let text = format!(
            "FROM scratch\nLABEL com.redhat.component=\"{}\" \\\n      name=\"{name}\" \\\n      \
             architecture=\"{}\"\n",
            self.source_name(),
            self.arch_or("x86_64")
        );
        (format!("root/buildinfo/Dockerfile-{short}-{version}"), text)
    }

    /// The labels that one of Red Hat's images has of itself. The version is the second in which it
    /// was built.
    pub(super) fn labels(&self, cpe: &str) -> (String, String) {
        let second = self.version.parse().expect("a second");
        let created = jiff::Timestamp::from_second(second).expect("a time");
        let labels = serde_json::json!({
            "name": self.name,
            "architecture": self.arch_or("x86_64"),
            "org.opencontainers.image.created": created.to_string(),
            "cpe": cpe,
        });
        let path = "usr/share/buildinfo/labels.json".to_owned();
        (path, labels.to_string())
    }
}
