//! Whatever happens to the bytes of a database, reading it ends without a panic.

mod support;

use clair_rpmdb::header::Header;
use clair_rpmdb::read;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use support::bdb::Layout;
use support::records;

/// Damage done to a file.
#[derive(Debug, Clone)]
enum Damage {
    Flip(Index, u8),
    Set(Index, [u8; 4]),
    Copy(Index, Index, u8),
    Cut(Index),
}

fn damage() -> impl Strategy<Value = Vec<Damage>> {
    let one = prop_oneof![
        8 => (any::<Index>(), 0..8u8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        4 => (any::<Index>(), any::<[u8; 4]>()).prop_map(|(at, to)| Damage::Set(at, to)),
        2 => (any::<Index>(), any::<Index>(), any::<u8>())
            .prop_map(|(from, to, length)| Damage::Copy(from, to, length)),
        1 => any::<Index>().prop_map(Damage::Cut),
    ];
    vec(one, 1..24)
}

fn apply(file: &mut Vec<u8>, damage: &[Damage]) {
    for change in damage {
        if file.len() < 8 {
            return;
        }
        match change {
            Damage::Flip(at, bit) => {
                // Half of the flips hit the start, where the structure is.
                let reach = if bit % 2 == 0 { 700 } else { usize::MAX };
                let at = at.index(file.len().min(reach));
                file[at] ^= 1 << bit;
            }
            Damage::Set(at, to) => {
                let at = at.index(file.len() - 4);
                file[at..at + 4].copy_from_slice(to);
            }
            Damage::Copy(from, to, length) => {
                let length = usize::from(*length).min(file.len());
                let from = from.index(file.len() - length + 1);
                let to = to.index(file.len() - length + 1);
                file.copy_within(from..from + length, to);
            }
            Damage::Cut(at) => file.truncate(at.index(file.len())),
        }
    }
}

fn survives(mut file: Vec<u8>, wal: Option<&[u8]>, damage: &[Damage]) {
    apply(&mut file, damage);
    let _ = read(&file, wal);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn damaged_berkeley_db(damage in damage(), big_endian: bool) {
        let layout = Layout { big_endian, page_size: 512 };
        survives(support::bdb::build(layout, &records()), None, &damage);
    }

    #[test]
    fn damaged_ndb(damage in damage()) {
        survives(support::ndb::build(&records()), None, &damage);
    }

    #[test]
    fn damaged_sqlite(damage in damage()) {
        survives(support::sqlite::build(2048, "Packages", &records()), None, &damage);
    }

    #[test]
    fn damaged_write_ahead_log(damage in damage()) {
        let file = support::sqlite::build(2048, "Packages", &records());
        let mut wal = support::sqlite::wal(2048, &[(2, 3, &file[2048..4096])]);
        apply(&mut wal, &damage);
        let _ = read(&file, Some(&wal));
    }

    /// A log is only followed when its checksums are right, so the pages in it are damaged first.
    #[test]
    fn damaged_pages_in_a_sound_log(damage in damage(), pages: u32) {
        let file = support::sqlite::build(2048, "Packages", &records());
        let mut newer = file.clone();
        apply(&mut newer, &damage);
        newer.resize(file.len(), 0);
        let count = u32::try_from(newer.len() / 2048)?;
        let frames: Vec<_> = (1..)
            .zip(newer.chunks(2048))
            .map(|(page, content)| (page, if page == count { pages } else { 0 }, content))
            .collect();
        let _ = read(&file, Some(&support::sqlite::wal(2048, &frames)));
    }

    #[test]
    fn damaged_header(damage in damage()) {
        let mut blob = support::header("a").build();
        apply(&mut blob, &damage);
        survives(support::ndb::build(&[(1, blob)]), None, &[]);
    }

    #[test]
    fn arbitrary_header(blob in vec(any::<u8>(), 0..400), entries in 0..8u8, store in 0..200u8) {
        let _ = Header::parse(&blob);
        let blob = [&[0, 0, 0, entries, 0, 0, 0, store], blob.as_slice()].concat();
        if let Ok(header) = Header::parse(&blob) {
            for entry in header.entries() {
                let _ = header.strings(entry.tag).map(|values| values.map(Iterator::count));
                let _ = header.string(entry.tag);
                let _ = header.integer(entry.tag);
                let _ = header.binary(entry.tag);
            }
        }
    }

    #[test]
    fn arbitrary_bytes_after_a_magic(bytes in vec(any::<u8>(), 0..5000), format in 0..4usize) {
        let mut bytes = bytes;
        let (at, magic): (usize, &[u8]) = [
            (0, &b"SQLite format 3\0\x02\0"[..]),
            (0, b"RpmP\0\0\0\0"),
            (12, &[0x61, 0x15, 0x06, 0, 9, 0, 0, 0, 0, 2, 0, 0]),
            (12, &[0, 0x06, 0x15, 0x61, 0, 0, 0, 9, 0, 0, 2, 0]),
        ][format];
        if let Some(place) = bytes.get_mut(at..at + magic.len()) {
            place.copy_from_slice(magic);
        }
        let _ = read(&bytes, None);
    }
}
