//! Runs the program in a home of its own, on images and feeds made for the test.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output};

pub(crate) use clair_testing::Root;
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

    /// `clairctl` in the machine's directory.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_clairctl"));
        command
            .args(arguments)
            .current_dir(self.dir.path())
            .env_clear()
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("HOME", self.dir.path());
        command
    }

    /// Runs it.
    pub(crate) fn clairctl(&self, arguments: &[&str]) -> Run {
        Run::new(self.command(arguments).output().unwrap())
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
            self.write_bytes(&format!("{name}/{path}"), &content);
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
