//! A token service as registries name it: password in, signed token out.
//! <https://distribution.github.io/distribution/spec/auth/jwt/>

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;

use crate::registry::{PASSWORD, USER};

const SERVICE: &str = "registry of a test";
const ISSUER: &str = "token service of a test";

#[derive(Debug, Clone)]
pub(crate) struct TokenService {
    address: String,
    directory: PathBuf,
}

impl TokenService {
    /// Starts the service with a key of its own, whose certificate the registry trusts.
    pub(crate) fn start(directory: &Path) -> Self {
        let made = Command::new("openssl")
            .args([
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            ])
            .args(["-subj", "/CN=token service of a test"])
            .args(["-keyout", "key.pem", "-out", "cert.pem"])
            .current_dir(directory)
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let service = Self {
            address: listener.local_addr().unwrap().to_string(),
            directory: directory.to_owned(),
        };
        let answering = service.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let service = answering.clone();
                // What is not HTTP, such as a try with TLS, ends the connection.
                thread::spawn(move || service.answer(&stream.unwrap()));
            }
        });
        service
    }

    /// What makes a registry ask for its tokens.
    pub(crate) fn configuration(&self) -> String {
        let certificate = self.directory.join("cert.pem");
        format!(
            "auth:\n  token:\n    realm: http://{}/token\n    service: {SERVICE}\n    \
             issuer: {ISSUER}\n    rootcertbundle: {}\n",
            self.address,
            certificate.display()
        )
    }

    /// A token for these actions in a repository.
    pub(crate) fn token(&self, repository: &str, actions: &[&str]) -> String {
        let pem = fs::read_to_string(self.directory.join("cert.pem")).unwrap();
        let certificate: String = pem
            .lines()
            .filter(|line| !line.starts_with("---"))
            .collect();
        let header = json!({"typ": "JWT", "alg": "RS256", "x5c": [certificate]});
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let claims = json!({
            "iss": ISSUER, "sub": USER, "aud": SERVICE, "jti": now.to_string(),
            "iat": now - 10, "nbf": now - 10, "exp": now + 300,
            "access": [{"type": "repository", "name": repository, "actions": actions}],
        });
        let encoded = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = encoded.join(".");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(self.sign(&signed)))
    }

    fn sign(&self, text: &str) -> Vec<u8> {
        let mut signing = Command::new("openssl")
            .args(["dgst", "-sha256", "-sign", "key.pem"])
            .current_dir(&self.directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        signing
            .stdin
            .take()
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        signing.wait_with_output().unwrap().stdout
    }

    fn answer(&self, stream: &TcpStream) -> Option<()> {
        let mut lines = BufReader::new(stream).lines();
        let request = lines.next()?.ok()?;
        let authorization = lines
            .map_while(Result::ok)
            .take_while(|line| !line.is_empty());
        let expected = STANDARD.encode(format!("{USER}:{PASSWORD}"));
        let is_known = authorization
            .filter_map(|line| Some(line.split_once(": ")?.1.strip_prefix("Basic ")?.to_owned()))
            .any(|given| given == expected);
        let (status, body) = match scope(&request) {
            Some(repository) if is_known => {
                let token = self.token(&repository, &["pull"]);
                ("200 OK", json!({"token": token}))
            }
            _ => (
                "401 Unauthorized",
                json!({"details": "incorrect username or password"}),
            ),
        };
        let body = body.to_string();
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}");
        let mut stream = stream;
        stream
            .write_all(format!("{head}\r\n\r\n{body}").as_bytes())
            .ok()
    }
}

/// The repository of `scope=repository:NAME:pull` in a request line.
fn scope(request: &str) -> Option<String> {
    let target = request.split_whitespace().nth(1)?;
    let (_, query) = target.split_once('?')?;
    let scope = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("scope="))?;
    let scope = scope.replace("%3A", ":").replace("%2F", "/");
    let rest = scope.strip_prefix("repository:")?;
    Some(rest.rsplit_once(':')?.0.to_owned())
}
