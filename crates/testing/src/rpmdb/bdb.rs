//! Writes BerkeleyDB hash files with two buckets.

use super::int;

/// How numbers and pages are laid out.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// The order of bytes, which is that of the machine that wrote the file.
    pub big_endian: bool,
    /// Bytes of a page.
    pub page_size: usize,
}

impl Layout {
    fn u32(self, value: u32) -> [u8; 4] {
        if self.big_endian {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }

    fn u16(self, value: usize) -> [u8; 2] {
        let value = u16::try_from(value).unwrap();
        if self.big_endian {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }

    /// Writes a number over a place in the file.
    pub fn patch(self, file: &mut [u8], at: usize, value: u32) {
        file[at..at + 4].copy_from_slice(&self.u32(value));
    }
}

/// A database of these records. Pages 1 and 2 are the buckets.
pub fn build(layout: Layout, records: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut pages = Pages {
        layout,
        pages: vec![vec![0; layout.page_size]; 3],
    };
    for bucket in [0, 1] {
        let mut items = Vec::new();
        for (key, blob) in records.iter().filter(|(key, _)| key % 2 == bucket) {
            let key = [&[1][..], &layout.u32(*key)].concat();
            let value = if blob.len() < layout.page_size / 4 {
                [&[1], blob.as_slice()].concat()
            } else {
                let first = pages.overflow(blob);
                [
                    &[3, 0, 0, 0][..],
                    &layout.u32(first),
                    &layout.u32(int(blob.len())),
                ]
                .concat()
            };
            items.push((key, value));
        }
        if bucket == 0 {
            // Record 0, whose value is the next free number.
            items.insert(0, ([&[1][..], &[0; 4]].concat(), vec![1, 9, 9, 9, 9]));
        }
        pages.bucket(1 + bucket, &items);
    }
    pages.meta();
    pages.pages.concat()
}

struct Pages {
    layout: Layout,
    pages: Vec<Vec<u8>>,
}

impl Pages {
    fn meta(&mut self) {
        let layout = self.layout;
        let last = int(self.pages.len() - 1);
        let size = int(layout.page_size);
        let meta = &mut self.pages[0];
        // magic, version, page size, last page, last bucket, masks, and buckets start at page 1
        let fields = [
            (12, 0x0006_1561),
            (16, 9),
            (20, size),
            (32, last),
            (72, 1),
            (76, 1),
            (80, 0),
        ];
        for (at, value) in fields.into_iter().chain([(96, 1), (100, 1)]) {
            layout.patch(meta, at, value);
        }
        meta[25] = 8;
    }

    fn add(&mut self) -> u32 {
        self.pages.push(vec![0; self.layout.page_size]);
        int(self.pages.len() - 1)
    }

    fn page_header(&mut self, number: u32, kind: u8, next: u32, items: usize, used: usize) {
        let layout = self.layout;
        let page = &mut self.pages[number as usize];
        layout.patch(page, 8, number);
        layout.patch(page, 16, next);
        page[20..22].copy_from_slice(&layout.u16(items));
        page[22..24].copy_from_slice(&layout.u16(used));
        page[25] = kind;
    }

    fn overflow(&mut self, blob: &[u8]) -> u32 {
        let chunks: Vec<_> = blob.chunks(self.layout.page_size - 26).collect();
        let first = int(self.pages.len());
        for (position, chunk) in chunks.iter().enumerate() {
            let number = self.add();
            let next = if position + 1 < chunks.len() {
                number + 1
            } else {
                0
            };
            self.page_header(number, 7, next, 0, chunk.len());
            self.pages[number as usize][26..26 + chunk.len()].copy_from_slice(chunk);
        }
        first
    }

    /// Fills a bucket page and, when it is full, further ones.
    fn bucket(&mut self, number: u32, items: &[(Vec<u8>, Vec<u8>)]) {
        let mut end = self.layout.page_size;
        for (position, (key, value)) in items.iter().enumerate() {
            let start = end - key.len() - value.len();
            if start < 26 + 4 * (position + 1) {
                let next = self.add();
                self.page_header(number, 13, next, 2 * position, end);
                return self.bucket(next, &items[position..]);
            }
            let offsets = [self.layout.u16(end - key.len()), self.layout.u16(start)].concat();
            let page = &mut self.pages[number as usize];
            page[26 + 4 * position..30 + 4 * position].copy_from_slice(&offsets);
            page[start..end].copy_from_slice(&[value.as_slice(), key].concat());
            end = start;
        }
        self.page_header(number, 13, 0, 2 * items.len(), end);
    }
}
