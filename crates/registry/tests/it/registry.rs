//! A registry of the Docker distribution as a child process, and how to push to it.

use std::env;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use clair_model::Digest;
use clair_registry::{Reference, media_type};
use reqwest::blocking as http;
use tempfile::TempDir;

use crate::manifests::sha256;

pub(crate) const PROGRAM: &str = "docker-registry";
pub(crate) const USER: &str = "tester";
pub(crate) const PASSWORD: &str = "correct horse";

/// Whether the programs are there. Where they are not the test says so, and fails in CI.
pub(crate) fn programs_exist(programs: &[&str]) -> bool {
    for program in programs {
        let found = env::var_os("PATH").is_some_and(|path| {
            env::split_paths(&path).any(|directory| directory.join(program).is_file())
        });
        if !found {
            let hint = "apt-get install docker-registry apache2-utils openssl";
            assert!(
                env::var_os("CI").is_none(),
                "{program} is not installed: {hint}"
            );
            println!("not run: {program} is not installed: {hint}");
            return false;
        }
    }
    true
}

/// A running registry.
pub(crate) struct Registry {
    process: Child,
    pub(crate) host: String,
    /// Talks to the registry to push.
    pusher: http::Client,
    scheme: &'static str,
    pub(crate) directory: TempDir,
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Registry {
    fn start(directory: TempDir, http_options: &str, auth: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let host = format!("127.0.0.1:{port}");
        let root = directory.path();
        let config = root.join("config.yml");
        let storage = root.join("storage");
        let storage = storage.display();
        let text = format!(
            "version: 0.1\nlog: {{level: error}}\n\
             storage: {{filesystem: {{rootdirectory: {storage}}}}}\n\
             http:\n  addr: {host}\n{http_options}{auth}"
        );
        fs::write(&config, text).unwrap();
        let log = fs::File::create(root.join("log")).unwrap();
        let process = Command::new(PROGRAM)
            .arg("serve")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let pusher = http::Client::builder()
            .no_proxy()
            .tls_danger_accept_invalid_certs(true);
        let registry = Self {
            process,
            host,
            pusher: pusher.build().unwrap(),
            scheme: if http_options.is_empty() {
                "http"
            } else {
                "https"
            },
            directory,
        };
        registry.wait();
        registry
    }

    pub(crate) fn anonymous() -> Self {
        Self::start(TempDir::new().unwrap(), "", "")
    }

    pub(crate) fn with_password() -> Self {
        let directory = TempDir::new().unwrap();
        let made = Command::new("htpasswd")
            .args(["-Bbn", USER, PASSWORD])
            .output()
            .unwrap();
        assert!(made.status.success());
        let file = directory.path().join("htpasswd");
        fs::write(&file, made.stdout).unwrap();
        let path = file.display();
        let auth = format!("auth: {{htpasswd: {{realm: a realm, path: {path}}}}}\n");
        Self::start(directory, "", &auth)
    }

    pub(crate) fn with_certificate() -> Self {
        let directory = TempDir::new().unwrap();
        let root = directory.path().to_owned();
        make_certificate(&root);
        let root = root.display();
        let tls = format!("  tls: {{certificate: {root}/cert.pem, key: {root}/key.pem}}\n");
        Self::start(directory, &tls, "")
    }

    fn wait(&self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.push_request("GET", "").send().is_err() {
            let log = fs::read_to_string(self.directory.path().join("log")).unwrap();
            assert!(
                Instant::now() < deadline,
                "{PROGRAM} does not answer: {log}"
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn push_request(&self, method: &str, tail: &str) -> http::RequestBuilder {
        let url = format!("{}://{}/v2/{tail}", self.scheme, self.host);
        self.pusher
            .request(method.parse().unwrap(), url)
            .basic_auth(USER, Some(PASSWORD))
    }

    fn push_blob(&self, repository: &str, bytes: &[u8]) -> Digest {
        let digest = sha256(bytes);
        let started = self.push_request("POST", &format!("{repository}/blobs/uploads/"));
        let started = started.send().unwrap().error_for_status().unwrap();
        let location = started.headers()["location"].to_str().unwrap().to_owned();
        let joint = if location.contains('?') { '&' } else { '?' };
        self.pusher
            .put(format!("{location}{joint}digest={digest}"))
            .basic_auth(USER, Some(PASSWORD))
            .header("Content-Type", "application/octet-stream")
            .body(bytes.to_vec())
            .send()
            .unwrap()
            .error_for_status()
            .unwrap();
        digest
    }

    fn push_manifest(&self, repository: &str, tag: &str, media_type: &str, text: &str) -> Digest {
        self.push_request("PUT", &format!("{repository}/manifests/{tag}"))
            .header("Content-Type", media_type.to_owned())
            .body(text.to_owned())
            .send()
            .unwrap()
            .error_for_status()
            .unwrap();
        sha256(text.as_bytes())
    }

    /// Pushes an image of one layer as `tag`, and an index of it as `all`.
    pub(crate) fn push_image(&self, repository: &str, tag: &str, layer: &[u8]) -> Image {
        let config = br#"{"architecture":"amd64","os":"linux","rootfs":{}}"#;
        let (config_digest, layer_digest) = (
            self.push_blob(repository, config),
            self.push_blob(repository, layer),
        );
        let manifest = format!(
            r#"{{"schemaVersion":2,"mediaType":"{}","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{config_digest}","size":{}}},"layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{layer_digest}","size":{}}}]}}"#,
            media_type::OCI_MANIFEST,
            config.len(),
            layer.len()
        );
        let digest = self.push_manifest(repository, tag, media_type::OCI_MANIFEST, &manifest);
        let index = format!(
            r#"{{"schemaVersion":2,"mediaType":"{}","manifests":[{{"mediaType":"{}","digest":"{digest}","size":{},"platform":{{"architecture":"amd64","os":"linux"}}}}]}}"#,
            media_type::OCI_INDEX,
            media_type::OCI_MANIFEST,
            manifest.len()
        );
        let index = self.push_manifest(repository, "all", media_type::OCI_INDEX, &index);
        Image {
            index,
            manifest: digest,
            config: config_digest,
            layer: layer_digest,
        }
    }

    pub(crate) fn reference(&self, rest: &str) -> Reference {
        format!("{}/{rest}", self.host).parse().unwrap()
    }
}

/// The digests of a pushed image.
pub(crate) struct Image {
    pub(crate) index: Digest,
    pub(crate) manifest: Digest,
    pub(crate) config: Digest,
    pub(crate) layer: Digest,
}

/// A certificate for 127.0.0.1 that vouches for itself.
fn make_certificate(directory: &Path) {
    let config = directory.join("openssl.cnf");
    let text = "[req]\nprompt=no\ndistinguished_name=name\nx509_extensions=extensions\n\
                [name]\nCN=registry of a test\n\
                [extensions]\nbasicConstraints=critical,CA:FALSE\nsubjectAltName=IP:127.0.0.1\n";
    fs::write(&config, text).unwrap();
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ])
        .args([
            "-nodes", "-days", "2", "-keyout", "key.pem", "-out", "cert.pem", "-config",
        ])
        .arg(&config)
        .current_dir(directory)
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
}
