//! Writes tar archives member by member, also such as no sane program writes.

#![allow(dead_code, reason = "each test binary uses a part of it")]

/// An archive that grows by one member after another.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tar {
    bytes: Vec<u8>,
}

impl Tar {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.named(b'0', path, "", content.as_ref())
    }

    pub(crate) fn directory(self, path: &str) -> Self {
        self.named(b'5', &format!("{path}/"), "", b"")
    }

    pub(crate) fn symlink(self, path: &str, target: &str) -> Self {
        self.named(b'2', path, target, b"")
    }

    pub(crate) fn hardlink(self, path: &str, target: &str) -> Self {
        self.named(b'1', path, target, b"")
    }

    /// A member with a header of any kind, and its data padded to a block.
    pub(crate) fn member(self, header: &Header, data: &[u8]) -> Self {
        self.raw(&header.block()).raw(data).padded()
    }

    /// The records of an extended header for the member that comes next.
    pub(crate) fn pax(self, records: &[(&str, &str)]) -> Self {
        self.pax_of_kind(b'x', records)
    }

    /// The same for all members to come.
    pub(crate) fn global_pax(self, records: &[(&str, &str)]) -> Self {
        self.pax_of_kind(b'g', records)
    }

    fn pax_of_kind(self, kind: u8, records: &[(&str, &str)]) -> Self {
        let text: String = records
            .iter()
            .map(|(key, value)| pax_record(key, value))
            .collect();
        let header = Header::new(kind, "PaxHeaders/x").size(text.len() as u64);
        self.member(&header, text.as_bytes())
    }

    /// A name for the member that comes next, in GNU's way.
    pub(crate) fn gnu_long_name(self, name: &str) -> Self {
        self.gnu_long(b'L', name)
    }

    /// A link target for the member that comes next, in GNU's way.
    pub(crate) fn gnu_long_link(self, target: &str) -> Self {
        self.gnu_long(b'K', target)
    }

    fn gnu_long(self, kind: u8, text: &str) -> Self {
        let data = [text.as_bytes(), &[0]].concat();
        let header = Header::new(kind, "././@LongLink").size(data.len() as u64);
        self.member(&header, &data)
    }

    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// Zeros up to the next block.
    pub(crate) fn padded(mut self) -> Self {
        let length = self.bytes.len().next_multiple_of(512);
        self.bytes.resize(length, 0);
        self
    }

    /// The archive with its end mark.
    pub(crate) fn end(self) -> Vec<u8> {
        self.raw(&[0; 1024]).bytes
    }

    /// The archive without an end mark.
    pub(crate) fn cut(self) -> Vec<u8> {
        self.bytes
    }

    fn named(mut self, kind: u8, path: &str, link: &str, data: &[u8]) -> Self {
        if path.len() > 100 {
            self = self.gnu_long_name(path);
        }
        if link.len() > 100 {
            self = self.gnu_long_link(link);
        }
        let header = Header::new(kind, path).link(link).size(data.len() as u64);
        self.member(&header, data)
    }
}

/// `LENGTH KEY=VALUE` and a line end, where the length counts itself.
pub(crate) fn pax_record(key: &str, value: &str) -> String {
    let rest = format!(" {key}={value}\n");
    let mut length = rest.len();
    while length != rest.len() + length.to_string().len() {
        length = rest.len() + length.to_string().len();
    }
    format!("{length}{rest}")
}

/// A header, field by field.
#[derive(Debug, Clone)]
pub(crate) struct Header([u8; 512]);

impl Header {
    /// A header in the ustar format; of a path that is too long, the beginning.
    pub(crate) fn new(kind: u8, path: &str) -> Self {
        let mut block = [0; 512];
        block[100..108].copy_from_slice(b"0000644\0");
        block[156] = kind;
        block[257..265].copy_from_slice(b"ustar\x0000");
        Self(block).text(0, 100, path.as_bytes()).size(0)
    }

    /// The same in GNU's format.
    pub(crate) fn gnu(kind: u8, path: &str) -> Self {
        Self::new(kind, path).set(257, b"ustar  \0")
    }

    /// The same as Unix wrote it before there was a standard.
    pub(crate) fn v7(kind: u8, path: &str) -> Self {
        Self::new(kind, path).set(257, &[0; 8])
    }

    pub(crate) fn path(self, path: &[u8]) -> Self {
        self.set(0, &[0; 100]).text(0, 100, path)
    }

    pub(crate) fn link(self, target: &str) -> Self {
        self.text(157, 100, target.as_bytes())
    }

    pub(crate) fn size(self, size: u64) -> Self {
        if size < 1 << 33 {
            return self.set(124, format!("{size:011o}\0").as_bytes());
        }
        self.base_256_size(size)
    }

    /// The size in binary, as GNU writes those that do not fit.
    pub(crate) fn base_256_size(self, size: u64) -> Self {
        self.set(124, &[0x80, 0, 0, 0])
            .set(128, &size.to_be_bytes())
    }

    pub(crate) fn set(mut self, at: usize, bytes: &[u8]) -> Self {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    fn text(self, at: usize, room: usize, text: &[u8]) -> Self {
        let length = text.len().min(room);
        self.set(at, &text[..length])
    }

    /// The bytes with their checksum.
    pub(crate) fn block(&self) -> [u8; 512] {
        let mut block = self.0;
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        block
    }
}
