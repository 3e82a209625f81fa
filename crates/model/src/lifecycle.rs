//! When the vendors stop publishing security updates.
//!
//! After that date a release gathers vulnerabilities that nobody fixes or even lists, so a report
//! about it says so. The dates are those of the support that every user gets, from the vendors'
//! own pages where those give a day, else as <https://endoflife.date> collects them. A date on
//! which these disagree is left out:
//!
//! - AlmaLinux: `SUPPORT_END` of os-release, which is the first day without support
//!   (<https://www.freedesktop.org/software/systemd/man/latest/os-release.html>); 8 from
//!   <https://endoflife.date/almalinux>
//! - Alpine: "End of support" in <https://alpinelinux.org/releases/>
//! - Amazon: <https://docs.aws.amazon.com/linux/al2023/ug/release-cadence.html>,
//!   <https://aws.amazon.com/amazon-linux-2/faqs/>,
//!   <https://aws.amazon.com/blogs/aws/update-on-amazon-linux-ami-end-of-life/>
//! - Azure Linux, Mariner: <https://endoflife.date/azure-linux>, by
//!   <https://learn.microsoft.com/azure/azure-linux/release-cadence-lifecycle>
//! - CentOS: <https://endoflife.date/centos>, <https://endoflife.date/centos-stream>
//! - Debian, Ubuntu: the end of long term and of standard support, in the tables of both that the
//!   package distro-info-data has (<https://salsa.debian.org/debian/distro-info-data>)
//! - Fedora: <https://docs.fedoraproject.org/en-US/releases/eol/>, as in
//!   <https://endoflife.date/fedora>; 44 from its os-release
//! - openSUSE: <https://en.opensuse.org/Lifetime>
//! - Oracle: the last day of the month in which premier support ends,
//!   <https://www.oracle.com/a/ocom/docs/elsp-lifetime-069338.pdf>
//! - Photon: 1.0 and, by the schedule there, 2.0:
//!   <https://blogs.vmware.com/vsphere/2022/01/photon-1-x-end-of-support-announcement.html>
//! - Red Hat: the end of maintenance support,
//!   <https://access.redhat.com/support/policy/updates/errata>
//! - Rocky: <https://wiki.rockylinux.org/rocky/version/>, and `SUPPORT_END` of os-release
//! - SUSE: the end of general support, <https://www.suse.com/lifecycle>

use jiff::civil::{Date, date};

/// The last day on which the vendor supports the release of this namespace, where it is known.
pub(crate) fn end_of_life(namespace: &str) -> Option<Date> {
    TABLE
        .binary_search_by(|(name, ..)| (*name).cmp(namespace))
        .ok()
        .map(|index| {
            let (_, year, month, day) = TABLE[index];
            date(year, month, day)
        })
}

/// Sorted by namespace.
const TABLE: &[(&str, i16, i8, i8)] = &[
    ("almalinux:10", 2035, 5, 31),
    ("almalinux:8", 2029, 3, 1),
    ("almalinux:9", 2032, 5, 31),
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
    ("amzn:2", 2026, 6, 30),
    ("amzn:2018.03", 2023, 12, 31),
    ("amzn:2023", 2029, 6, 30),
    ("azurelinux:3.0", 2027, 8, 31),
    ("centos-stream:10", 2030, 1, 1),
    ("centos-stream:8", 2024, 5, 31),
    ("centos-stream:9", 2027, 5, 31),
    ("centos:8", 2021, 12, 31),
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
    ("fedora:20", 2015, 6, 23),
    ("fedora:21", 2015, 12, 1),
    ("fedora:22", 2016, 7, 19),
    ("fedora:23", 2016, 12, 20),
    ("fedora:24", 2017, 8, 8),
    ("fedora:25", 2017, 12, 12),
    ("fedora:26", 2018, 5, 29),
    ("fedora:27", 2018, 11, 30),
    ("fedora:28", 2019, 5, 28),
    ("fedora:29", 2019, 11, 26),
    ("fedora:30", 2020, 5, 26),
    ("fedora:31", 2020, 11, 24),
    ("fedora:32", 2021, 5, 25),
    ("fedora:33", 2021, 11, 30),
    ("fedora:34", 2022, 6, 7),
    ("fedora:35", 2022, 12, 13),
    ("fedora:36", 2023, 5, 16),
    ("fedora:37", 2023, 12, 5),
    ("fedora:38", 2024, 5, 21),
    ("fedora:39", 2024, 11, 26),
    ("fedora:40", 2025, 5, 13),
    ("fedora:41", 2025, 12, 15),
    ("fedora:42", 2026, 5, 13),
    ("fedora:43", 2026, 12, 9),
    ("fedora:44", 2027, 5, 18),
    ("mariner:1.0", 2023, 8, 31),
    ("mariner:2.0", 2025, 7, 31),
    ("ol:5", 2017, 6, 30),
    ("ol:6", 2021, 3, 31),
    ("ol:7", 2024, 12, 31),
    ("ol:8", 2029, 7, 31),
    ("ol:9", 2032, 6, 30),
    ("opensuse-leap:15.0", 2019, 12, 3),
    ("opensuse-leap:15.1", 2021, 2, 2),
    ("opensuse-leap:15.2", 2022, 1, 4),
    ("opensuse-leap:15.3", 2022, 12, 31),
    ("opensuse-leap:15.4", 2023, 12, 7),
    ("opensuse-leap:15.5", 2024, 12, 31),
    ("opensuse-leap:15.6", 2026, 4, 30),
    ("opensuse-leap:16.0", 2027, 10, 31),
    ("opensuse-leap:42.1", 2017, 5, 17),
    ("opensuse-leap:42.2", 2018, 1, 26),
    ("opensuse-leap:42.3", 2019, 7, 1),
    ("opensuse:13.1", 2016, 2, 3),
    ("opensuse:13.2", 2017, 1, 17),
    ("photon:1.0", 2022, 2, 28),
    ("photon:2.0", 2022, 12, 31),
    ("rhel:4", 2012, 2, 29),
    ("rhel:5", 2017, 3, 31),
    ("rhel:6", 2020, 11, 30),
    ("rhel:7", 2024, 6, 30),
    ("rhel:8", 2029, 5, 31),
    ("rhel:9", 2032, 5, 31),
    ("rocky:10", 2035, 5, 31),
    ("rocky:8", 2029, 5, 31),
    ("rocky:9", 2032, 5, 31),
    ("sles:11", 2010, 12, 31),
    ("sles:11.1", 2012, 8, 31),
    ("sles:11.2", 2014, 1, 31),
    ("sles:11.3", 2016, 1, 31),
    ("sles:11.4", 2019, 3, 31),
    ("sles:12", 2016, 6, 30),
    ("sles:12.1", 2017, 5, 31),
    ("sles:12.2", 2018, 3, 31),
    ("sles:12.3", 2019, 6, 30),
    ("sles:12.4", 2020, 6, 30),
    ("sles:12.5", 2024, 10, 31),
    ("sles:15", 2019, 12, 31),
    ("sles:15.1", 2021, 1, 31),
    ("sles:15.2", 2021, 12, 31),
    ("sles:15.3", 2022, 12, 31),
    ("sles:15.4", 2023, 12, 31),
    ("sles:15.5", 2024, 12, 31),
    ("sles:15.6", 2025, 12, 31),
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
    ("ubuntu:20.04", 2025, 5, 29),
    ("ubuntu:20.10", 2021, 7, 22),
    ("ubuntu:21.04", 2022, 1, 20),
    ("ubuntu:21.10", 2022, 7, 14),
    ("ubuntu:22.04", 2027, 6, 1),
    ("ubuntu:22.10", 2023, 7, 20),
    ("ubuntu:23.04", 2024, 1, 25),
    ("ubuntu:23.10", 2024, 7, 11),
    ("ubuntu:24.04", 2029, 5, 31),
    ("ubuntu:24.10", 2025, 7, 10),
    ("ubuntu:25.04", 2026, 1, 15),
    ("ubuntu:25.10", 2026, 7, 9),
    ("ubuntu:26.04", 2031, 5, 29),
    ("ubuntu:26.10", 2027, 7, 15),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_searched() {
        assert!(TABLE.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(end_of_life("debian:buster"), Some(date(2024, 6, 30)));
        assert_eq!(end_of_life("ubuntu:20.04"), Some(date(2025, 5, 29)));
        assert_eq!(end_of_life("debian:sid"), None);
        assert_eq!(end_of_life("alpine:edge"), None);
    }
}
