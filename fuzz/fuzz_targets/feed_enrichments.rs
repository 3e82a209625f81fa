//! The tables of EPSS, the years of NVD, the catalogue of CISA and what it adds to CVEs: as many
//! readers of one document.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    clair_fuzz::feed::parse("epss", "epss", data);
    clair_fuzz::feed::parse("nvd", "nvd/2024", data);
    clair_fuzz::feed::parse("kev", "kev", data);
    clair_fuzz::feed::parse("vulnrichment", "vulnrichment", data);
});
