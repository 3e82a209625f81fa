//! From headers to packages: which tag becomes which field, and what may be missing or broken
//! without losing the package.

use std::borrow::Cow;

use crate::error::Error;
use crate::header::{Header, Strings, tag};
use crate::limits::{MAX_FILES, MAX_RESULT_BYTES};
use crate::package::Package;
use crate::signature;

/// What is left of the bytes all packages together may occupy.
#[derive(Debug)]
pub(crate) struct Budget(usize);

impl Budget {
    pub(crate) fn new() -> Self {
        Self(MAX_RESULT_BYTES)
    }

    fn take(&mut self, bytes: usize) -> Result<(), Error> {
        match self.0.checked_sub(bytes) {
            Some(left) => {
                self.0 = left;
                Ok(())
            }
            None => Err(Error::Limit {
                what: "bytes of packages",
                limit: MAX_RESULT_BYTES,
            }),
        }
    }

    /// An owned copy that is paid for.
    fn own(&mut self, text: Cow<'_, str>) -> Result<String, Error> {
        self.take(text.len())?;
        Ok(text.into_owned())
    }
}

/// Reads the package out of a header. Without name, version and release, or with an unreadable
/// epoch, it is none. Anything else that is broken is left out, and the first such error given
/// beside the package.
pub(crate) fn package(
    header: &Header<'_>,
    budget: &mut Budget,
) -> Result<(Package, Option<Error>), Error> {
    budget.take(size_of::<Package>())?;
    let mut package = Package {
        name: required(header, tag::NAME, "name", budget)?,
        version: required(header, tag::VERSION, "version", budget)?,
        release: required(header, tag::RELEASE, "release", budget)?,
        epoch: header.integer(tag::EPOCH)?,
        ..Package::default()
    };
    let mut lenient = Lenient {
        header,
        budget,
        first: None,
    };
    package.arch = lenient.text(tag::ARCH);
    package.source_rpm = lenient.text(tag::SOURCERPM);
    package.modularity_label = lenient.text(tag::MODULARITYLABEL);
    package.vendor = lenient.text(tag::VENDOR);
    package.payload_digest = lenient.text(tag::PAYLOADDIGEST);
    package.install_time = lenient
        .keep(header.integer(tag::INSTALLTIME))
        .flatten()
        .map(u64::from);
    package.signing_key = signing_key(header);
    let files = files(header, lenient.budget);
    package.files = lenient.keep(files).unwrap_or_default();
    Ok((package, lenient.first))
}

fn required(
    header: &Header<'_>,
    tag: u32,
    name: &'static str,
    budget: &mut Budget,
) -> Result<String, Error> {
    match header.string(tag)? {
        Some(text) if !text.is_empty() => budget.own(text),
        _ => Err(Error::MissingTag(name)),
    }
}

/// Reads what a package can do without.
struct Lenient<'h, 'a, 'b> {
    header: &'h Header<'a>,
    budget: &'b mut Budget,
    first: Option<Error>,
}

impl Lenient<'_, '_, '_> {
    fn text(&mut self, tag: u32) -> Option<String> {
        let text = match self.header.string(tag) {
            Ok(Some(text)) if !text.is_empty() => self.budget.own(text),
            Ok(_) => return None,
            Err(error) => Err(error),
        };
        self.keep(text)
    }

    fn keep<T>(&mut self, value: Result<T, Error>) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(error) => {
                self.first.get_or_insert(error);
                None
            }
        }
    }
}

/// The key of the first signature that names one, those over the header alone before the older
/// ones over header and payload.
fn signing_key(header: &Header<'_>) -> Option<String> {
    [tag::RSAHEADER, tag::DSAHEADER, tag::SIGPGP, tag::SIGGPG]
        .into_iter()
        .find_map(|tag| signature::key_id(header.binary(tag).ok()??))
}

/// The paths of a package: base names joined with their directories, or whole paths as old
/// packages have them.
fn files(header: &Header<'_>, budget: &mut Budget) -> Result<Vec<String>, Error> {
    let Some(names) = header.strings(tag::BASENAMES)? else {
        return match header.strings(tag::OLDFILENAMES)? {
            Some(paths) => {
                let mut files = list(&paths)?;
                for path in paths {
                    budget.take(size_of::<String>())?;
                    files.push(budget.own(path?)?);
                }
                Ok(files)
            }
            None => Ok(Vec::new()),
        };
    };
    let (Some(directories), Some(indexes)) = (
        header.strings(tag::DIRNAMES)?,
        header.integers(tag::DIRINDEXES)?,
    ) else {
        return Err(Error::MissingTag("directory"));
    };
    let mut prefixes = list(&directories)?;
    for directory in directories {
        prefixes.push(directory?);
    }
    let mut files = list(&names)?;
    for (number, name) in names.enumerate() {
        let name = name?;
        let prefix = indexes
            .get(number)
            .and_then(|index| prefixes.get(index as usize));
        let Some(prefix) = prefix else {
            return Err(Error::Header {
                offset: 0,
                why: "a file in a directory that is not there",
            });
        };
        budget.take(size_of::<String>() + prefix.len() + name.len())?;
        let mut path = String::with_capacity(prefix.len() + name.len());
        path.push_str(prefix);
        path.push_str(&name);
        files.push(path);
    }
    Ok(files)
}

/// An empty vector for as many values as there are, unless those are too many.
fn list<T>(values: &Strings<'_>) -> Result<Vec<T>, Error> {
    match values.remaining() {
        count if count > MAX_FILES => Err(Error::Limit {
            what: "files in a package",
            limit: MAX_FILES,
        }),
        // The count is only claimed, so large ones are left to grow.
        count => Ok(Vec::with_capacity(count.min(4096))),
    }
}
