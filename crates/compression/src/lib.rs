//! Decompression of streams by their first bytes.
//!
//! Layers, image archives and feed documents are compressed in whatever way their publisher
//! likes, and media types and file names are often wrong about it. So the bytes decide.

use std::fmt;
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

use liblzma::stream::{CONCATENATED, Stream};

/// How a stream is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all, or in no way that we know.
    None,
    /// gzip, of one member or many.
    Gzip,
    /// Zstandard, of one frame or many, skippable ones included.
    Zstd,
    /// xz.
    Xz,
    /// bzip2.
    Bzip2,
}

/// As many first bytes as [`Compression::detect`] looks at.
pub const MAGIC_LENGTH: usize = 6;

/// Input is read in steps of this size: below it, inflating costs measurably more.
const BUFFER: usize = 256 * 1024;

/// The largest window a Zstandard frame may ask for, as a power of two: 128 MiB, the limit of the
/// format's own tools without `--ultra` options.
const ZSTD_WINDOW_LOG: u32 = 27;

/// The memory that decoding an xz stream may take. Its own tools use 65 MiB at the highest level;
/// the format allows for dictionaries of 4 GiB.
const XZ_MEMORY: u64 = 192 * 1024 * 1024;

impl Compression {
    /// Tells the compression from the first bytes of a stream.
    pub fn detect(start: &[u8]) -> Self {
        match start {
            [0x1f, 0x8b, ..] => Self::Gzip,
            // A frame, or a skippable one: only Zstandard (and its seekable form) starts so.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            [0xfd, b'7', b'z', b'X', b'Z', 0x00, ..] => Self::Xz,
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Self::Bzip2,
            _ => Self::None,
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Xz => "xz",
            Self::Bzip2 => "bzip2",
        })
    }
}

/// A reader with the bytes that were looked at put back in front.
type Peeked<R> = BufReader<Chain<Cursor<Vec<u8>>, R>>;

/// Reads the decompressed bytes of a stream.
///
/// It ends where the compressed stream ends. Bounding how much may come out is for the caller.
pub struct Decoder<R: Read> {
    compression: Compression,
    inner: Inner<R>,
}

enum Inner<R: Read> {
    None(Peeked<R>),
    Gzip(Box<flate2::bufread::MultiGzDecoder<Peeked<R>>>),
    Zstd(Box<zstd::Decoder<'static, Peeked<R>>>),
    Xz(Box<liblzma::bufread::XzDecoder<Peeked<R>>>),
    Bzip2(Box<bzip2::bufread::MultiBzDecoder<Peeked<R>>>),
}

impl<R: Read> Decoder<R> {
    /// Looks at the first bytes and sets up the decoder they call for.
    ///
    /// # Errors
    ///
    /// When the first bytes cannot be read, or a decoder cannot be set up.
    pub fn new(mut reader: R) -> io::Result<Self> {
        let mut start = Vec::with_capacity(MAGIC_LENGTH);
        reader
            .by_ref()
            .take(MAGIC_LENGTH as u64)
            .read_to_end(&mut start)?;
        let compression = Compression::detect(&start);
        let peeked = BufReader::with_capacity(BUFFER, Cursor::new(start).chain(reader));
        let inner = match compression {
            Compression::None => Inner::None(peeked),
            Compression::Gzip => {
                Inner::Gzip(Box::new(flate2::bufread::MultiGzDecoder::new(peeked)))
            }
            Compression::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(peeked)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG)?;
                Inner::Zstd(Box::new(decoder))
            }
            Compression::Xz => {
                let stream = Stream::new_stream_decoder(XZ_MEMORY, CONCATENATED)?;
                Inner::Xz(Box::new(liblzma::bufread::XzDecoder::new_stream(
                    peeked, stream,
                )))
            }
            Compression::Bzip2 => {
                Inner::Bzip2(Box::new(bzip2::bufread::MultiBzDecoder::new(peeked)))
            }
        };
        Ok(Self { compression, inner })
    }

    /// How the stream is compressed.
    pub fn compression(&self) -> Compression {
        self.compression
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.inner {
            Inner::None(reader) => reader.read(buffer),
            Inner::Gzip(reader) => reader.read(buffer),
            Inner::Zstd(reader) => reader.read(buffer),
            Inner::Xz(reader) => reader.read(buffer),
            Inner::Bzip2(reader) => reader.read(buffer),
        }
    }
}

impl<R: Read> fmt::Debug for Decoder<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("compression", &self.compression)
            .finish_non_exhaustive()
    }
}

/// Reads to the end of a stream that was decoded, so that what lies under the decoder (a hash, a
/// length check) has seen all of it, padding after the last frame included.
///
/// # Errors
///
/// When reading fails.
pub fn drain(decoder: &mut Decoder<impl Read>) -> io::Result<()> {
    io::copy(decoder, &mut io::sink())?;
    match &mut decoder.inner {
        Inner::None(_) => Ok(()),
        Inner::Gzip(reader) => drain_buffered(reader.get_mut()),
        Inner::Zstd(reader) => drain_buffered(reader.get_mut()),
        Inner::Xz(reader) => drain_buffered(reader.get_mut()),
        Inner::Bzip2(reader) => drain_buffered(reader.get_mut()),
    }
}

fn drain_buffered(reader: &mut impl BufRead) -> io::Result<()> {
    loop {
        let length = reader.fill_buf()?.len();
        if length == 0 {
            return Ok(());
        }
        reader.consume(length);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    const TEXT: &[u8] = b"the same bytes in every wrapping";

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn decode(data: &[u8]) -> (Compression, io::Result<Vec<u8>>) {
        let mut decoder = Decoder::new(data).unwrap();
        let mut out = Vec::new();
        let result = decoder.read_to_end(&mut out).map(|_| out);
        (decoder.compression(), result)
    }

    #[test]
    fn the_first_bytes_decide() {
        let xz = {
            let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
            encoder.write_all(TEXT).unwrap();
            encoder.finish().unwrap()
        };
        let bzip2 = {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            encoder.write_all(TEXT).unwrap();
            encoder.finish().unwrap()
        };
        let zstd = zstd::encode_all(TEXT, 1).unwrap();
        for (compression, data) in [
            (Compression::None, TEXT.to_vec()),
            (Compression::Gzip, gzip(TEXT)),
            (Compression::Zstd, zstd),
            (Compression::Xz, xz),
            (Compression::Bzip2, bzip2),
        ] {
            let (detected, decoded) = decode(&data);
            assert_eq!(detected, compression);
            assert_eq!(decoded.unwrap(), TEXT, "{compression}");
        }
    }

    #[test]
    fn a_gzip_of_several_members_is_read_whole() {
        let joined = [gzip(b"one "), gzip(b"two")].concat();
        assert_eq!(decode(&joined).1.unwrap(), b"one two");
    }

    #[test]
    fn a_stream_cut_short_is_an_error_and_not_a_short_stream() {
        for data in [gzip(TEXT), zstd::encode_all(TEXT, 1).unwrap()] {
            assert!(decode(&data[..data.len() - 5]).1.is_err());
        }
    }

    #[test]
    fn streams_shorter_than_a_magic_are_plain() {
        for data in [&b""[..], b"\x1f", b"BZ"] {
            assert_eq!(decode(data).0, Compression::None);
            assert_eq!(decode(data).1.unwrap(), data);
        }
    }
}
