//! The registry of the Docker distribution as a child process, and how to push to it.

use std::fs;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, thread};

use clair_image::OpenOptions;
use clair_registry::{Credentials, DockerConfig, Options};
use reqwest::blocking as http;
use tempfile::TempDir;

use crate::image::{Image, sha256};
use crate::token::TokenService;

const PROGRAM: &str = "docker-registry";
pub(crate) const USER: &str = "tester";
pub(crate) const PASSWORD: &str = "correct horse";

/// Who may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Anonymous,
    /// Basic authentication against a file of `htpasswd`.
    Password,
    /// A token of a token service.
    Token,
}

impl Access {
    fn programs(self) -> &'static [&'static str] {
        match self {
            Self::Anonymous => &[PROGRAM],
            Self::Password => &[PROGRAM, "htpasswd"],
            Self::Token => &[PROGRAM, "openssl"],
        }
    }

    /// Whether the programs it takes are there. Where they are not the test says so, and fails in
    /// CI.
    pub(crate) fn can_be_tested(self) -> bool {
        for program in self.programs() {
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
}

/// A running registry.
pub(crate) struct Registry {
    process: Child,
    host: String,
    pusher: http::Client,
    tokens: Option<TokenService>,
    _directory: TempDir,
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Registry {
    pub(crate) fn start(access: Access) -> Self {
        let directory = TempDir::new().unwrap();
        let root = directory.path();
        let tokens = (access == Access::Token).then(|| TokenService::start(root));
        let auth = match (access, &tokens) {
            (Access::Anonymous, _) => String::new(),
            (Access::Password, _) => {
                let made = Command::new("htpasswd")
                    .args(["-Bbn", USER, PASSWORD])
                    .output();
                let file = root.join("htpasswd");
                fs::write(&file, made.unwrap().stdout).unwrap();
                format!(
                    "auth: {{htpasswd: {{realm: a realm, path: {}}}}}\n",
                    file.display()
                )
            }
            (Access::Token, tokens) => tokens.as_ref().unwrap().configuration(),
        };
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let host = format!("127.0.0.1:{port}");
        let text = format!(
            "version: 0.1\nlog: {{level: error}}\n\
             storage: {{filesystem: {{rootdirectory: {}}}}}\n\
             http: {{addr: {host}}}\n{auth}",
            root.join("storage").display()
        );
        let config = root.join("config.yml");
        fs::write(&config, text).unwrap();
        let process = Command::new(PROGRAM)
            .arg("serve")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(fs::File::create(root.join("log")).unwrap())
            .spawn()
            .unwrap();
        let registry = Self {
            process,
            host,
            pusher: http::Client::builder().no_proxy().build().unwrap(),
            tokens,
            _directory: directory,
        };
        let deadline = Instant::now() + Duration::from_secs(20);
        while registry.request("GET", "", "").send().is_err() {
            assert!(Instant::now() < deadline, "{PROGRAM} does not answer");
            thread::sleep(Duration::from_millis(20));
        }
        registry
    }

    fn request(&self, method: &str, repository: &str, tail: &str) -> http::RequestBuilder {
        let url = if tail.starts_with("http") {
            tail.to_owned()
        } else {
            format!("http://{}/v2/{repository}{tail}", self.host)
        };
        let request = self.pusher.request(method.parse().unwrap(), url);
        match &self.tokens {
            Some(tokens) => request.bearer_auth(tokens.token(repository, &["pull", "push"])),
            None => request.basic_auth(USER, Some(PASSWORD)),
        }
    }

    /// Pushes an image, and gives the reference of its tag.
    pub(crate) fn push(&self, repository: &str, tag: &str, image: &Image) -> String {
        let manifest = image.manifest();
        let send = |request: http::RequestBuilder, bytes: Vec<u8>| {
            let sent = request.body(bytes).send().unwrap();
            sent.error_for_status().unwrap()
        };
        for blob in image.blobs().into_iter().filter(|blob| *blob != manifest) {
            let started = self.request("POST", repository, "/blobs/uploads/");
            let started = send(started, Vec::new());
            let location = started.headers()["location"].to_str().unwrap().to_owned();
            let joint = if location.contains('?') { '&' } else { '?' };
            let location = format!("{location}{joint}digest={}", sha256(&blob));
            let upload = self.request("PUT", repository, &location);
            send(
                upload.header("Content-Type", "application/octet-stream"),
                blob,
            );
        }
        let put = self.request("PUT", repository, &format!("/manifests/{tag}"));
        send(
            put.header("Content-Type", "application/vnd.oci.image.manifest.v1+json"),
            manifest,
        );
        format!("{}/{repository}:{tag}", self.host)
    }

    /// How a user with this password opens its images.
    pub(crate) fn options(&self, password: Option<&str>) -> OpenOptions {
        let credentials = password.map(|password| {
            let basic = Credentials::Basic {
                username: USER.to_owned(),
                password: password.into(),
            };
            (self.host.clone(), basic)
        });
        OpenOptions {
            registry: Options {
                docker_config: DockerConfig::Ignored,
                credentials: credentials.into_iter().collect(),
                retry_delay: Duration::from_millis(1),
                ..Options::default()
            },
            ..OpenOptions::default()
        }
    }
}
