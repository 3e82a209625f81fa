//! When the vendors stop publishing security updates.
//!
//! After that date a release gathers vulnerabilities that nobody fixes or even lists, so a report
//! about it says so. Dates: Debian, the end of long term support (wiki.debian.org/LTS); Ubuntu, the
//! end of standard support (ubuntu.com/about/release-cycle); Alpine, the end of support of the
//! branch (alpinelinux.org/releases).

use jiff::civil::{Date, date};

use crate::Namespace;

/// The last day on which the vendor supports the release, where it is known.
pub fn end_of_life(namespace: &Namespace) -> Option<Date> {
    TABLE
        .binary_search_by(|(name, ..)| (*name).cmp(namespace.as_str()))
        .ok()
        .map(|index| {
            let (_, year, month, day) = TABLE[index];
            date(year, month, day)
        })
}

/// Sorted by namespace.
const TABLE: &[(&str, i16, i8, i8)] = &[
    ("alpine:3.0", 2016, 5, 1),
    ("alpine:3.1", 2016, 11, 1),
    ("alpine:3.10", 2021, 5, 1),
    ("alpine:3.11", 2021, 11, 1),
    ("alpine:3.12", 2022, 5, 1),
    ("alpine:3.13", 2022, 11, 1),
    ("alpine:3.14", 2023, 5, 1),
    ("alpine:3.15", 2023, 11, 1),
    ("alpine:3.16", 2024, 5, 23),
    ("alpine:3.17", 2024, 11, 22),
    ("alpine:3.18", 2025, 5, 9),
    ("alpine:3.19", 2025, 11, 1),
    ("alpine:3.2", 2017, 5, 1),
    ("alpine:3.20", 2026, 4, 1),
    ("alpine:3.21", 2026, 11, 1),
    ("alpine:3.22", 2027, 5, 1),
    ("alpine:3.23", 2027, 11, 1),
    ("alpine:3.3", 2017, 11, 1),
    ("alpine:3.4", 2018, 5, 1),
    ("alpine:3.5", 2018, 11, 1),
    ("alpine:3.6", 2019, 5, 1),
    ("alpine:3.7", 2019, 11, 1),
    ("alpine:3.8", 2020, 5, 1),
    ("alpine:3.9", 2020, 11, 1),
    ("debian:bookworm", 2028, 6, 30),
    ("debian:bullseye", 2026, 8, 31),
    ("debian:buster", 2024, 6, 30),
    ("debian:etch", 2010, 2, 15),
    ("debian:jessie", 2020, 6, 30),
    ("debian:lenny", 2012, 2, 6),
    ("debian:squeeze", 2016, 2, 29),
    ("debian:stretch", 2022, 6, 30),
    ("debian:trixie", 2030, 6, 30),
    ("debian:wheezy", 2018, 5, 31),
    ("ubuntu:10.04", 2015, 4, 30),
    ("ubuntu:12.04", 2017, 4, 28),
    ("ubuntu:12.10", 2014, 5, 16),
    ("ubuntu:13.04", 2014, 1, 27),
    ("ubuntu:13.10", 2014, 7, 17),
    ("ubuntu:14.04", 2019, 4, 25),
    ("ubuntu:14.10", 2015, 7, 23),
    ("ubuntu:15.04", 2016, 2, 4),
    ("ubuntu:15.10", 2016, 7, 28),
    ("ubuntu:16.04", 2021, 4, 30),
    ("ubuntu:16.10", 2017, 7, 20),
    ("ubuntu:17.04", 2018, 1, 13),
    ("ubuntu:17.10", 2018, 7, 19),
    ("ubuntu:18.04", 2023, 5, 31),
    ("ubuntu:18.10", 2019, 7, 18),
    ("ubuntu:19.04", 2020, 1, 23),
    ("ubuntu:19.10", 2020, 7, 17),
    ("ubuntu:20.04", 2025, 5, 31),
    ("ubuntu:20.10", 2021, 7, 22),
    ("ubuntu:21.04", 2022, 1, 20),
    ("ubuntu:21.10", 2022, 7, 14),
    ("ubuntu:22.04", 2027, 5, 31),
    ("ubuntu:22.10", 2023, 7, 20),
    ("ubuntu:23.04", 2024, 1, 25),
    ("ubuntu:23.10", 2024, 7, 11),
    ("ubuntu:24.04", 2029, 5, 31),
    ("ubuntu:24.10", 2025, 7, 10),
    ("ubuntu:25.04", 2026, 1, 15),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_searched() {
        assert!(TABLE.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(
            end_of_life(&Namespace::debian("buster")),
            Some(date(2024, 6, 30))
        );
        assert_eq!(end_of_life(&Namespace::debian("sid")), None);
        assert_eq!(end_of_life(&Namespace::alpine("edge")), None);
    }
}
