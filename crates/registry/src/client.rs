//! The client: what is asked of a registry, with the answer to its challenge.

use std::io::Read;
use std::sync::Arc;

use clair_model::Digest;
use reqwest::StatusCode;
use reqwest::blocking::Response;

use crate::blob::Blob;
use crate::error::REFUSAL_BYTES;
use crate::manifest::{self, Manifest};
use crate::retry::Backoff;
use crate::scheme::Schemes;
use crate::secret::Secret;
use crate::session::Sessions;
use crate::transport::{Part, Request, Transport, read_small, refusal};
use crate::{BlobLocation, Error, Options, Reference, digest};

/// A client of any number of registries.
///
/// Clones share connections and tokens; each thread that fetches may have its own.
#[derive(Debug, Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    transport: Transport,
    schemes: Schemes,
    sessions: Sessions,
    max_manifest_size: u64,
}

impl Client {
    /// Makes a client. Nothing is asked of anyone yet; certificate files are read.
    pub fn new(options: &Options) -> Result<Self, Error> {
        Ok(Self {
            shared: Arc::new(Shared {
                transport: Transport::new(options)?,
                schemes: Schemes::new(options.plain_http),
                sessions: Sessions::new(options),
                max_manifest_size: options.max_manifest_size,
            }),
        })
    }

    /// Fetches the manifest or index that a reference names, and checks its digest.
    pub fn manifest(&self, reference: &Reference) -> Result<Manifest, Error> {
        self.fetch_manifest(reference, &reference.selector(), reference.digest())
    }

    /// Fetches a manifest or index of the reference's repository by its digest: one of those that
    /// an index lists. Tag and digest of the reference have no say.
    pub fn manifest_by_digest(
        &self,
        reference: &Reference,
        digest: &Digest,
    ) -> Result<Manifest, Error> {
        self.fetch_manifest(reference, &digest.to_string(), Some(digest))
    }

    /// Opens a blob of the reference's repository.
    ///
    /// With a `size` an answer of another size is an error. The bytes are **not** checked against
    /// the digest; see [`Blob`].
    pub fn blob(
        &self,
        reference: &Reference,
        digest: &Digest,
        size: Option<u64>,
    ) -> Result<Blob, Error> {
        Blob::open(self.clone(), reference, digest, size)
    }

    /// Fetches a small blob, such as the configuration of an image, and checks its digest.
    pub fn blob_bytes(
        &self,
        reference: &Reference,
        digest: &Digest,
        limit: u64,
    ) -> Result<Vec<u8>, Error> {
        let what = format!("blob {digest} of {}", reference.name());
        let too_large = || Error::TooLarge {
            what: what.clone(),
            limit,
        };
        let mut blob = self.blob(reference, digest, None)?;
        if blob.size().is_some_and(|size| size > limit) {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        let read = blob
            .by_ref()
            .take(limit.saturating_add(1))
            .read_to_end(&mut bytes);
        read.map_err(|error| unwrap_io(error, &what, blob.position()))?;
        if blob.position() > limit {
            return Err(too_large());
        }
        digest::verify(&what, digest, &bytes)?;
        Ok(bytes)
    }

    fn fetch_manifest(
        &self,
        reference: &Reference,
        selector: &str,
        wanted: Option<&Digest>,
    ) -> Result<Manifest, Error> {
        let what = format!("manifest {selector} of {}", reference.name());
        let tail = format!("manifests/{selector}");
        let limit = self.shared.max_manifest_size;
        let accept = Some(manifest::ACCEPT);
        let (headers, bytes) = self.get(
            &what,
            reference,
            &tail,
            (accept, Part::From(0)),
            |response| {
                let headers = response.headers().clone();
                Ok((headers, read_small(&what, response, limit)?))
            },
        )?;
        Manifest::check(&what, reference, wanted, &headers, bytes)
    }

    /// Asks for a blob from some byte on.
    pub(crate) fn get_blob(
        &self,
        what: &str,
        reference: &Reference,
        digest: &Digest,
        from: u64,
    ) -> Result<Response, Error> {
        self.get(
            what,
            reference,
            &format!("blobs/{digest}"),
            (None, Part::From(from)),
            Ok,
        )
    }

    /// Asks where somebody else can fetch a blob: follows the redirects of the registry, and
    /// fetches no more than a byte where it can help it.
    pub fn locate_blob(
        &self,
        reference: &Reference,
        digest: &Digest,
    ) -> Result<BlobLocation, Error> {
        let what = format!("blob {digest} of {}", reference.name());
        let tail = format!("blobs/{digest}");
        let url = self.get(
            &what,
            reference,
            &tail,
            (None, Part::FirstByte),
            |response| Ok(response.url().clone()),
        )?;
        let Shared {
            transport,
            schemes,
            sessions,
            ..
        } = &*self.shared;
        let registry = schemes.url(transport, reference, &tail)?;
        let authorization = sessions.authorization(reference);
        // Of a header that cannot be written as text nobody else has a use.
        let authorization = authorization
            .filter(|_| url.origin() == registry.origin())
            .and_then(|value| value.to_str().map(Secret::from).ok());
        Ok(BlobLocation { url, authorization })
    }

    pub(crate) fn backoff(&self) -> Backoff {
        self.shared.transport.backoff()
    }

    /// Asks for something of a repository, and answers the challenge if there is one.
    ///
    /// `wanted` is the accepted media types and the part.
    fn get<T>(
        &self,
        what: &str,
        reference: &Reference,
        tail: &str,
        wanted: (Option<&'static str>, Part),
        read: impl Fn(Response) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let Shared {
            transport,
            schemes,
            sessions,
            ..
        } = &*self.shared;
        let mut request = Request::get(what, schemes.url(transport, reference, tail)?);
        (request.accept, request.part) = wanted;
        request.authorization = sessions.authorization(reference);
        let judge = |response: Response| match response.status() {
            StatusCode::OK => read(response).map(Outcome::Done),
            StatusCode::PARTIAL_CONTENT if request.part.is_range() => {
                read(response).map(Outcome::Done)
            }
            // A redirect may have led to a storage whose 401 is not a challenge for us.
            StatusCode::UNAUTHORIZED if response.url().origin() == request.url.origin() => {
                Ok(Outcome::Challenge(response))
            }
            status if status.is_success() => {
                let reason = format!("its status is {status}");
                Err(Error::answer(what, reference.api_host(), reason))
            }
            _ => Err(refusal(what, response)),
        };
        let explain = |error| sessions.explain(reference, error);
        let response = match transport.send(&request, judge).map_err(explain)? {
            Outcome::Done(value) => return Ok(value),
            Outcome::Challenge(response) => response,
        };
        let refused = request.authorization.as_ref();
        let answer = sessions.renew(transport, reference, &response, refused)?;
        let Some(authorization) = answer else {
            return Err(explain(refusal(what, response)));
        };
        drain(response);
        request.authorization = Some(authorization);
        match transport.send(&request, judge).map_err(explain)? {
            Outcome::Done(value) => Ok(value),
            Outcome::Challenge(response) => Err(explain(refusal(what, response))),
        }
    }
}

/// What came of a request.
enum Outcome<T> {
    Done(T),
    /// The registry wants to know who asks.
    Challenge(Response),
}

/// Reads the rest of a short answer, so that its connection can be used again.
fn drain(response: Response) {
    let rest = &mut response.take(REFUSAL_BYTES);
    // If that fails there will be a new connection.
    let _ = std::io::copy(rest, &mut std::io::sink());
}

/// Takes our error out of the I/O error that [`Blob`] had to make of it.
fn unwrap_io(error: std::io::Error, what: &str, position: u64) -> Error {
    error
        .downcast::<Error>()
        .unwrap_or_else(|source| Error::Interrupted {
            what: what.to_owned(),
            position,
            source,
        })
}
