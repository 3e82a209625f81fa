//! Writes SQLite files with one table, and write-ahead logs.

use super::int;

/// The definition of rpm's table.
pub const SQL: &str = "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY, blob BLOB)";

/// A database whose table has this name and these blobs. Page 1 holds the schema, page 2 is the
/// root of the table; overflow pages follow and then the leaves, each as full as it gets.
pub fn build(page_size: usize, table: &str, records: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut file = File {
        page_size,
        pages: vec![Vec::new(); 2],
    };
    file.pages[0] = file.schema_page(table);
    let mut leaves: Vec<(u32, Vec<Vec<u8>>)> = Vec::new();
    let mut room = 0;
    for (row, blob) in records {
        let cell = file.cell(*row, blob);
        if leaves.is_empty() || cell.len() + 2 > room {
            leaves.push((0, Vec::new()));
            room = page_size - 8;
        }
        room -= cell.len() + 2;
        if let Some((last, cells)) = leaves.last_mut() {
            *last = *row;
            cells.push(cell);
        }
    }
    let mut children = Vec::new();
    for (last, cells) in leaves {
        file.pages.push(page(page_size, &[], 0x0d, &[], &cells));
        children.push((int(file.pages.len()), last));
    }
    let (last, _) = children.pop().unwrap_or_default();
    let cells: Vec<_> = children
        .iter()
        .map(|(child, row)| [&child.to_be_bytes()[..], &varint(u64::from(*row))].concat())
        .collect();
    file.pages[1] = page(page_size, &[], 0x05, &last.to_be_bytes(), &cells);
    file.pages.concat()
}

/// A write-ahead log: each frame a page number, the number of pages if it commits or 0, and the
/// content.
pub fn wal(page_size: usize, frames: &[(u32, u32, &[u8])]) -> Vec<u8> {
    let salts = [0x1122_3344, 0x5566_7788];
    let mut sum = (0, 0);
    let mut log = big_endian(&[0x377f_0683, 3_007_000, int(page_size), 0]);
    log.extend(big_endian(&salts));
    checksum(&mut sum, &log);
    log.extend(big_endian(&[sum.0, sum.1]));
    for (number, commit, content) in frames {
        let head = big_endian(&[*number, *commit]);
        checksum(&mut sum, &head);
        checksum(&mut sum, content);
        log.extend(head);
        log.extend(big_endian(&[salts[0], salts[1], sum.0, sum.1]));
        log.extend(*content);
    }
    log
}

struct File {
    page_size: usize,
    pages: Vec<Vec<u8>>,
}

impl File {
    fn schema_page(&self, table: &str) -> Vec<u8> {
        let size = if self.page_size == 65536 {
            1
        } else {
            u16::try_from(self.page_size).unwrap()
        };
        let mut header = b"SQLite format 3\0".to_vec();
        header.extend(size.to_be_bytes());
        header.extend([1, 1, 0, 64, 32, 32]);
        header.resize(100, 0);
        header[59] = 1; // UTF-8
        let values = [
            &b"table"[..],
            table.as_bytes(),
            table.as_bytes(),
            &[2],
            SQL.as_bytes(),
        ];
        let types: Vec<u8> = values
            .iter()
            .enumerate()
            .flat_map(|(column, value)| match column {
                3 => vec![1],
                _ => varint(2 * value.len() as u64 + 13),
            })
            .collect();
        let record = [varint(types.len() as u64 + 1), types, values.concat()].concat();
        let cell = [varint(record.len() as u64), varint(1), record].concat();
        page(self.page_size, &header, 0x0d, &[], &[cell])
    }

    /// A row of a null and a blob, continued in overflow pages where it does not fit.
    fn cell(&mut self, row: u32, blob: &[u8]) -> Vec<u8> {
        let serial = varint(2 * blob.len() as u64 + 12);
        let record = [
            varint(serial.len() as u64 + 2),
            vec![0],
            serial,
            blob.to_vec(),
        ]
        .concat();
        let mut cell = [varint(record.len() as u64), varint(u64::from(row))].concat();
        let local = self.local(record.len());
        cell.extend(&record[..local]);
        if local < record.len() {
            cell.extend((int(self.pages.len()) + 1).to_be_bytes());
            let chunks: Vec<_> = record[local..].chunks(self.page_size - 4).collect();
            for (position, chunk) in chunks.iter().enumerate() {
                let next = match position + 1 {
                    next if next < chunks.len() => int(self.pages.len()) + 2,
                    _ => 0,
                };
                let mut page = [&next.to_be_bytes()[..], chunk].concat();
                page.resize(self.page_size, 0);
                self.pages.push(page);
            }
        }
        cell
    }

    fn local(&self, length: usize) -> usize {
        let usable = self.page_size;
        let least = (usable - 12) * 32 / 255 - 23;
        let even = least + length.saturating_sub(least) % (usable - 4);
        match length {
            _ if length <= usable - 35 => length,
            _ if even <= usable - 35 => even,
            _ => least,
        }
    }
}

fn page(size: usize, before: &[u8], kind: u8, child: &[u8], cells: &[Vec<u8>]) -> Vec<u8> {
    let mut page = before.to_vec();
    page.extend([kind, 0, 0]);
    page.extend(u16::try_from(cells.len()).unwrap().to_be_bytes());
    page.extend([0, 0, 0]);
    page.extend(child);
    let mut end = size;
    for cell in cells {
        end -= cell.len();
        page.extend(u16::try_from(end).unwrap().to_be_bytes());
    }
    assert!(page.len() <= end, "the cells fit");
    page.resize(end, 0);
    page.extend(cells.iter().rev().flatten());
    page
}

fn varint(value: u64) -> Vec<u8> {
    assert!(value < 1 << 28);
    let mut bytes = vec![u8::try_from(value & 0x7f).unwrap()];
    let mut rest = value >> 7;
    while rest > 0 {
        bytes.insert(0, u8::try_from(rest & 0x7f).unwrap() | 0x80);
        rest >>= 7;
    }
    bytes
}

fn big_endian(values: &[u32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_be_bytes())
        .collect()
}

fn checksum(sum: &mut (u32, u32), bytes: &[u8]) {
    let mut words = bytes
        .chunks_exact(4)
        .map(|word| u32::from_be_bytes(word.try_into().unwrap()));
    while let (Some(first), Some(second)) = (words.next(), words.next()) {
        sum.0 = sum.0.wrapping_add(first).wrapping_add(sum.1);
        sum.1 = sum.1.wrapping_add(second).wrapping_add(sum.0);
    }
}
