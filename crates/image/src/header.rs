//! The members of a tar archive, one after another, in bounded memory.
//!
//! The `tar` crate knows the fields of a header; how headers follow each other is read here,
//! because a hostile archive must not be able to make us keep a name of gigabytes, and because
//! the readers of container engines accept what a strict reader does not: archives joined end to
//! end, padding of zeros in between, members without data that claim a size. Where formats leave
//! a choice, it is made as Go's `archive/tar` makes it, since that is what unpacks images.

mod pax;
mod sparse;

use std::borrow::Cow;
use std::io::{self, Read};

use tar::{EntryType, Header};

use pax::PaxRecords;
use sparse::Segment;
pub(crate) use sparse::SparseMap;

/// A reader that can pass over bytes more cheaply than by reading them.
pub(crate) trait Skip: Read {
    /// Passes over `count` bytes; fewer only at the end.
    fn skip(&mut self, count: u64) -> io::Result<u64>
    where
        Self: Sized,
    {
        io::copy(&mut self.by_ref().take(count), &mut io::sink())
    }
}

impl Skip for &[u8] {
    fn skip(&mut self, count: u64) -> io::Result<u64> {
        let step = usize::try_from(count).unwrap_or(usize::MAX).min(self.len());
        *self = &self[step..];
        Ok(step as u64)
    }
}

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MemberKind {
    File,
    Directory,
    Symlink,
    Hardlink,
    /// Devices, pipes, and whatever else has no content that could matter.
    Other,
}

/// One member of an archive.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) kind: MemberKind,
    /// Path as stored.
    pub(crate) path: Vec<u8>,
    /// Link target as stored; empty where there is none.
    pub(crate) link: Vec<u8>,
    /// Size of the file when unpacked.
    pub(crate) size: u64,
    /// Permission bits.
    pub(crate) mode: u32,
    /// Where the data starts in the archive.
    pub(crate) offset: u64,
    /// Bytes of data in the archive.
    pub(crate) stored: u64,
    /// Holes, if any.
    pub(crate) sparse: Option<SparseMap>,
}

/// Reads an archive member by member.
#[derive(Debug)]
pub(crate) struct Members<R> {
    reader: R,
    /// Bytes of the archive passed so far.
    position: u64,
    /// Bytes of the current member's data (padding included) not passed yet.
    left: u64,
    /// Largest extended header that is read.
    extension_limit: u64,
    seen_any: bool,
}

const BLOCK: u64 = 512;

impl<R: Skip> Members<R> {
    pub(crate) fn new(reader: R, extension_limit: u64) -> Self {
        Self {
            reader,
            position: 0,
            left: 0,
            extension_limit,
            seen_any: false,
        }
    }

    pub(crate) fn into_inner(self) -> R {
        self.reader
    }

    /// The next member, passing over whatever of the current one was not read.
    ///
    /// # Errors
    ///
    /// When the archive ends inside a member or a header is malformed. The message has the
    /// position.
    pub(crate) fn next(&mut self) -> io::Result<Option<Member>> {
        let mut extensions = Extensions::default();
        loop {
            self.pass(self.left)?;
            self.left = 0;
            let at = self.position;
            let Some(block) = self.header_block()? else {
                return Ok(None);
            };
            let header = Header::from_byte_slice(&block);
            let size = number_field(&header.as_old().size)
                .ok_or_else(|| malformed(at, format_args!("bad size")))?;
            let kind = header.entry_type();
            if let EntryType::GNULongName
            | EntryType::GNULongLink
            | EntryType::XHeader
            | EntryType::XGlobalHeader = kind
            {
                let data = self.extension(at, size)?;
                match kind {
                    EntryType::GNULongName => extensions.gnu_path = until_nul(data),
                    EntryType::GNULongLink => extensions.gnu_link = until_nul(data),
                    EntryType::XHeader => {
                        extensions.pax = PaxRecords::parse(&data)
                            .map_err(|error| malformed(at, format_args!("{error}")))?;
                    }
                    // A member of its own, so what came before it names no other.
                    _ => extensions = Extensions::default(),
                }
                continue;
            }
            return self.member(header, size, extensions).map(Some);
        }
    }

    /// The content of the member that [`next`](Self::next) gave last, holes filled with zeros.
    pub(crate) fn content<'a>(&'a mut self, member: &'a Member) -> MemberContent<'a, R> {
        MemberContent {
            position: 0,
            segments: member.sparse.as_ref().map(SparseMap::segments),
            size: member.size,
            members: self,
        }
    }

    fn member(
        &mut self,
        header: &Header,
        header_size: u64,
        extensions: Extensions,
    ) -> io::Result<Member> {
        let at = self.position;
        let Extensions {
            gnu_path,
            gnu_link,
            pax,
        } = extensions;
        let named = |long: [Vec<u8>; 2]| long.into_iter().find(|name| !name.is_empty());
        let mut path =
            named([gnu_path, pax.path]).unwrap_or_else(|| header.path_bytes().into_owned());
        let link = named([gnu_link, pax.link]).unwrap_or_else(|| {
            let short = header.link_name_bytes();
            short.map(Cow::into_owned).unwrap_or_default()
        });
        let kind = match header.entry_type() {
            // Before POSIX, a directory was a file whose name ends with a slash.
            EntryType::Regular if header.as_old().linkflag[0] == 0 && path.ends_with(b"/") => {
                MemberKind::Directory
            }
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => MemberKind::File,
            EntryType::Directory => MemberKind::Directory,
            EntryType::Symlink => MemberKind::Symlink,
            EntryType::Link => MemberKind::Hardlink,
            _ => MemberKind::Other,
        };
        // Types 1 to 6 have no data, whatever size they claim.
        let has_data = !matches!(header.as_old().linkflag[0], b'1'..=b'6');
        let stored = if has_data {
            pax.size.unwrap_or(header_size)
        } else {
            0
        };
        self.left = stored
            .checked_next_multiple_of(BLOCK)
            .ok_or_else(|| malformed(at, format_args!("bad size: {stored}")))?;

        let mut sparse = None;
        if header.entry_type() == EntryType::GNUSparse {
            sparse = Some(self.old_gnu_map(header)?);
        } else if let Some(records) = pax.sparse {
            if let Some(name) = records.name.clone() {
                path = name;
            }
            sparse = Some(self.pax_map(records)?);
        }
        Ok(Member {
            kind,
            path,
            link,
            size: sparse.as_ref().map_or(stored, SparseMap::size),
            mode: header.mode().unwrap_or(0),
            offset: self.position,
            stored: stored.min(self.left),
            sparse,
        })
    }

    /// The next header block that is not padding. `None` at the end.
    fn header_block(&mut self) -> io::Result<Option<[u8; 512]>> {
        let mut padded = false;
        loop {
            let at = self.position;
            let mut block = [0; 512];
            let length = read_up_to(&mut self.reader, &mut block)?;
            self.position += length as u64;
            if length == 0 {
                return Ok(None);
            }
            if length < block.len() {
                // Some writers pad the end with less than a block.
                if block[..length].iter().all(|byte| *byte == 0) {
                    return Ok(None);
                }
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    format!("the archive ends inside the header at byte {at}"),
                ));
            }
            if block.iter().all(|byte| *byte == 0) {
                padded = true;
                continue;
            }
            if !checksum_holds(&block) {
                // After the end mark there may be anything.
                if padded && self.seen_any {
                    return Ok(None);
                }
                return Err(malformed(at, format_args!("bad checksum")));
            }
            self.seen_any = true;
            return Ok(Some(block));
        }
    }

    fn extension(&mut self, at: u64, size: u64) -> io::Result<Vec<u8>> {
        if size > self.extension_limit {
            return Err(malformed(
                at,
                format_args!(
                    "an extended header of {size} bytes; at most {} are read",
                    self.extension_limit
                ),
            ));
        }
        let mut data = Vec::new();
        self.reader.by_ref().take(size).read_to_end(&mut data)?;
        if (data.len() as u64) < size {
            return Err(self.ends_early());
        }
        self.position += size;
        self.left = size.next_multiple_of(BLOCK) - size;
        Ok(data)
    }

    fn pass(&mut self, count: u64) -> io::Result<()> {
        let passed = self.reader.skip(count)?;
        self.position += passed;
        // The padding after the very last member may be missing; data may not.
        if count - passed >= BLOCK {
            return Err(self.ends_early());
        }
        Ok(())
    }

    /// Reads data of the current member.
    fn read_data(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(out.len());
        let length = self.reader.read(&mut out[..room])?;
        self.position += length as u64;
        self.left -= length as u64;
        Ok(length)
    }

    fn ends_early(&self) -> io::Error {
        io::Error::new(
            io::ErrorKind::UnexpectedEof,
            format!("the archive ends inside a member at byte {}", self.position),
        )
    }
}

/// The content of one member.
#[derive(Debug)]
pub(crate) struct MemberContent<'a, R> {
    members: &'a mut Members<R>,
    segments: Option<std::vec::IntoIter<Segment>>,
    position: u64,
    size: u64,
}

impl<R: Skip> Read for MemberContent<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.size - self.position).unwrap_or(usize::MAX);
        let room = out.len().min(left);
        if room == 0 {
            return Ok(0);
        }
        let length = match &mut self.segments {
            None => self.members.read_data(&mut out[..room])?,
            Some(segments) => sparse::read(segments, &mut out[..room], |out| {
                self.members.read_data(out)
            })?,
        };
        self.position += length as u64;
        Ok(length)
    }
}

/// What extended headers say about the member that follows them. GNU's names go before those of
/// PAX, and empty ones do not count.
#[derive(Debug, Default)]
struct Extensions {
    gnu_path: Vec<u8>,
    gnu_link: Vec<u8>,
    pax: PaxRecords,
}

fn malformed(at: u64, what: std::fmt::Arguments<'_>) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("tar header at byte {at}: {what}"),
    )
}

/// A number of a header: octal digits with blanks around them, of which there may be none, or in
/// binary with the highest bit set. `None` if it is negative or too large.
fn number_field(field: &[u8]) -> Option<u64> {
    if let [first, rest @ ..] = field
        && *first >= 0x80
    {
        let (high, low) = rest.split_last_chunk::<8>()?;
        let is_small = *first == 0x80 && high.iter().all(|byte| *byte == 0);
        return is_small.then(|| u64::from_be_bytes(*low));
    }
    let is_blank = |byte: &u8| matches!(byte, b' ' | 0);
    let Some(start) = field.iter().position(|byte| !is_blank(byte)) else {
        return Some(0);
    };
    let digits = field[start..].split(is_blank).next()?;
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok()
}

fn until_nul(mut data: Vec<u8>) -> Vec<u8> {
    if let Some(end) = data.iter().position(|byte| *byte == 0) {
        data.truncate(end);
    }
    data
}

fn read_up_to(reader: &mut impl Read, out: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < out.len() {
        match reader.read(&mut out[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

/// The checksum is the sum of the header's bytes with its own field taken as spaces; some old
/// writers summed signed bytes.
fn checksum_holds(block: &[u8; 512]) -> bool {
    let header = Header::from_byte_slice(block);
    let Ok(expected) = header.cksum() else {
        return false;
    };
    let field = 148..156;
    let mut unsigned = 0_u32;
    let mut signed = 0_i32;
    for (index, byte) in block.iter().enumerate() {
        let byte = if field.contains(&index) { b' ' } else { *byte };
        unsigned += u32::from(byte);
        signed += i32::from(byte.cast_signed());
    }
    unsigned == expected || u32::try_from(signed) == Ok(expected)
}
