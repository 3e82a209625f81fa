//! A web server of a few lines whose answers a test decides, and which remembers what it was asked.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use clair_feeds::Location;

/// It lives as long as the test process.
pub(crate) struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

/// What it was asked: `GET /path`, and the lines of the header in lower case.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) header: String,
}

#[derive(Debug)]
pub(crate) struct Response {
    status: u16,
    header: String,
    body: Vec<u8>,
    /// How many bytes of the body to send before the connection breaks off.
    cut: Option<usize>,
}

impl Server {
    pub(crate) fn start(answer: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let Some(request) = read(&stream) else {
                    continue;
                };
                log.lock().unwrap().push(request.clone());
                // Whether the client is still there is its own affair.
                let _ = answer(&request).send(&request, &stream);
            }
        });
        Self { address, requests }
    }

    pub(crate) fn at(&self, path: &str) -> Location {
        format!("http://{}/{path}", self.address).parse().unwrap()
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The request lines so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.requests()
            .into_iter()
            .map(|request| request.line)
            .collect()
    }
}

impl Request {
    pub(crate) fn path(&self) -> &str {
        self.line.split(' ').nth(1).unwrap()
    }

    /// Whether the header has a line.
    pub(crate) fn says(&self, line: &str) -> bool {
        self.header.lines().any(|it| it == line)
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let line = lines.next()?.trim_end_matches(" HTTP/1.1").to_owned();
    let header: Vec<String> = lines
        .take_while(|line| !line.is_empty())
        .map(|line| line.to_lowercase())
        .collect();
    Some(Request {
        line,
        header: header.join("\n"),
    })
}

impl Response {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            header: String::new(),
            body: body.into(),
            cut: None,
        }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        write!(self.header, "{name}: {value}\r\n").unwrap();
        self
    }

    pub(crate) fn cut_after(self, length: usize) -> Self {
        Self {
            cut: Some(length),
            ..self
        }
    }

    fn send(&self, request: &Request, mut stream: &TcpStream) -> std::io::Result<()> {
        let (status, length) = (self.status, self.body.len());
        write!(
            stream,
            "HTTP/1.1 {status} Test\r\nConnection: close\r\nContent-Length: {length}\r\n{}\r\n",
            self.header
        )?;
        if request.line.starts_with("HEAD ") {
            return Ok(());
        }
        stream.write_all(&self.body[..self.cut.unwrap_or(length)])
    }
}
