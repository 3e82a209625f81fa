//! Runs the program in a home of its own, on images and feeds made for the test.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A person's machine: a cache directory and files.
pub(crate) struct Machine {
    dir: TempDir,
}

/// What a run of the program came to.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Machine {
    pub(crate) fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.dir.path().join(relative)
    }

    /// Writes a file, with the directories above it.
    pub(crate) fn write(&self, relative: &str, content: &str) -> PathBuf {
        self.write_bytes(relative, content.as_bytes())
    }

    pub(crate) fn write_bytes(&self, relative: &str, content: &[u8]) -> PathBuf {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Runs `clairctl` in the machine's directory.
    pub(crate) fn clairctl(&self, arguments: &[&str]) -> Run {
        let output = Command::new(env!("CARGO_BIN_EXE_clairctl"))
            .args(arguments)
            .current_dir(self.dir.path())
            .env_clear()
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("HOME", self.dir.path())
            .output()
            .unwrap();
        Run::new(output)
    }

    /// Runs `clairctl`, which must succeed, and gives what it printed.
    #[track_caller]
    pub(crate) fn succeed(&self, arguments: &[&str]) -> String {
        let run = self.clairctl(arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {run:?}");
        run.stdout
    }

    /// The same, of one JSON document.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.succeed(arguments)).unwrap()
    }

    /// A root file system in a directory: release file and package database.
    pub(crate) fn root(&self, name: &str, root: &Root) -> String {
        for (path, content) in root.files() {
            self.write(&format!("{name}/{path}"), &content);
        }
        format!("dir:{name}")
    }

    /// The same root file system as what `docker save` writes, with one layer.
    pub(crate) fn docker_archive(&self, name: &str, root: &Root) -> String {
        let layer = root.layer();
        let diff_id = sha256(&layer);
        let config = format!(
            r#"{{"architecture":"amd64","os":"linux","rootfs":{{"type":"layers","diff_ids":["sha256:{diff_id}"]}}}}"#
        );
        let config_name = format!("{}.json", sha256(config.as_bytes()));
        let manifest = format!(
            r#"[{{"Config":"{config_name}","RepoTags":["demo:latest"],"Layers":["{diff_id}/layer.tar"]}}]"#
        );
        let mut archive = tar::Builder::new(File::create(self.path(name)).unwrap());
        append(&mut archive, &config_name, config.as_bytes());
        append(&mut archive, &format!("{diff_id}/layer.tar"), &layer);
        append(&mut archive, "manifest.json", manifest.as_bytes());
        archive.into_inner().unwrap().flush().unwrap();
        format!("docker-archive:{name}")
    }

    /// Fills the database with what the feeds of a mirror in the machine say.
    #[track_caller]
    pub(crate) fn update(&self, mirror: &str, feed: &str) {
        self.succeed(&[
            "db",
            "update",
            "--offline",
            "--from",
            mirror,
            "--only",
            feed,
        ]);
    }
}

impl Run {
    fn new(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

fn append<W: std::io::Write>(archive: &mut tar::Builder<W>, path: &str, content: &[u8]) {
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, path, content).unwrap();
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    let digest = clair_image::digest_of(clair_model::Algorithm::Sha256, bytes);
    digest.to_string()["sha256:".len()..].to_owned()
}

/// A root file system of a distribution release.
pub(crate) struct Root {
    os_release: String,
    packages: Packages,
}

enum Packages {
    Dpkg(Vec<String>),
    Apk(Vec<String>),
    None,
}

impl Root {
    pub(crate) fn debian(codename: &str, version: &str) -> Self {
        let os_release = format!(
            "ID=debian\nVERSION_ID=\"{version}\"\nVERSION=\"{version} ({codename})\"\n\
             VERSION_CODENAME={codename}\nPRETTY_NAME=\"Debian GNU/Linux {version} ({codename})\"\n"
        );
        Self {
            os_release,
            packages: Packages::Dpkg(Vec::new()),
        }
    }

    pub(crate) fn ubuntu(codename: &str, version: &str) -> Self {
        let os_release = format!(
            "ID=ubuntu\nVERSION_ID=\"{version}\"\nVERSION_CODENAME={codename}\n\
             UBUNTU_CODENAME={codename}\nPRETTY_NAME=\"Ubuntu {version}\"\n"
        );
        Self {
            os_release,
            packages: Packages::Dpkg(Vec::new()),
        }
    }

    pub(crate) fn alpine(version: &str) -> Self {
        let os_release =
            format!("ID=alpine\nVERSION_ID={version}\nPRETTY_NAME=\"Alpine Linux v{version}\"\n");
        Self {
            os_release,
            packages: Packages::Apk(Vec::new()),
        }
    }

    /// A distribution that nobody knows.
    pub(crate) fn unknown() -> Self {
        Self {
            os_release: "ID=nobody\nPRETTY_NAME=\"Nobody's Linux\"\n".to_owned(),
            packages: Packages::Dpkg(Vec::new()),
        }
    }

    pub(crate) fn empty() -> Self {
        Self {
            os_release: String::new(),
            packages: Packages::None,
        }
    }

    /// Adds a package of this name and version, built from a source of that name.
    pub(crate) fn with(mut self, name: &str, version: &str, source: &str) -> Self {
        match &mut self.packages {
            Packages::Dpkg(stanzas) => stanzas.push(format!(
                "Package: {name}\nStatus: install ok installed\nArchitecture: amd64\n\
                 Source: {source}\nVersion: {version}\n\n"
            )),
            Packages::Apk(stanzas) => {
                stanzas.push(format!("P:{name}\nV:{version}\nA:x86_64\no:{source}\n\n"));
            }
            Packages::None => unreachable!("an empty root has no packages"),
        }
        self
    }

    /// All of it as a layer.
    pub(crate) fn layer(&self) -> Vec<u8> {
        let mut layer = tar::Builder::new(Vec::new());
        for (path, content) in self.files() {
            append(&mut layer, &path, content.as_bytes());
        }
        layer.into_inner().unwrap()
    }

    fn files(&self) -> Vec<(String, String)> {
        let mut files = vec![("etc/os-release".to_owned(), self.os_release.clone())];
        match &self.packages {
            Packages::Dpkg(stanzas) => {
                files.push(("var/lib/dpkg/status".to_owned(), stanzas.concat()));
            }
            Packages::Apk(stanzas) => {
                files.push(("lib/apk/db/installed".to_owned(), stanzas.concat()));
            }
            Packages::None => {}
        }
        files
    }
}

/// A security tracker's document: source, vulnerability, release, fixed version (none where it is
/// open), urgency.
pub(crate) fn tracker(facts: &[(&str, &str, &str, Option<&str>, &str)]) -> String {
    let mut document = serde_json::json!({});
    for (source, id, release, fixed, urgency) in facts {
        let mut facts = serde_json::json!({"urgency": urgency, "repositories": {}});
        match fixed {
            Some(fixed) => {
                facts["status"] = "resolved".into();
                facts["fixed_version"] = (*fixed).into();
            }
            None => facts["status"] = "open".into(),
        }
        document[source][id]["releases"][release] = facts;
    }
    document.to_string()
}

/// The corpus of real files. `None` where it is not to be had, which is told and is a failure
/// in CI.
pub(crate) fn corpus() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let root = std::env::var_os("CLAIR_CORPUS").map_or_else(beside, PathBuf::from);
    if root.is_dir() {
        return Some(root);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "no corpus at {}",
        root.display()
    );
    println!("not run: no corpus at {}", root.display());
    None
}

/// The names of all findings of a report, each with its fixed version.
pub(crate) fn findings(report: &Value) -> Vec<(String, String)> {
    let vulnerabilities = report["vulnerabilities"].as_object().unwrap();
    let mut found: Vec<_> = vulnerabilities
        .values()
        .map(|found| {
            let text = |field: &str| found[field].as_str().unwrap().to_owned();
            (text("name"), text("fixed_in_version"))
        })
        .collect();
    found.sort();
    found
}
