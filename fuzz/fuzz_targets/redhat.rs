//! What Red Hat's images tell of themselves. The first byte chooses the file that it is: a content
//! manifest, labels, a Dockerfile, or the history of DNF.
#![no_main]

use libfuzzer_sys::fuzz_target;

const FILES: [&str; 4] = [
    "root/buildinfo/content_manifests/a.json",
    "root/buildinfo/labels.json",
    "root/buildinfo/Dockerfile-a-1-2",
    "var/lib/dnf/history.sqlite",
];

fuzz_target!(|data: &[u8]| {
    if let Some((choice, bytes)) = data.split_first() {
        clair_fuzz::analyze(FILES[usize::from(*choice) % FILES.len()], bytes);
    }
});
