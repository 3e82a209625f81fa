//! What the vendors say comes out of a scan: the statements that were picked by hand from their
//! documents.

use clair_testing::corpus;
use clair_testing::statements::{Says, Statement, vendor, vendors};
use serde_json::Value;

use crate::support::Machine;

/// One test for each vendor.
macro_rules! vendors {
    ($($test:ident: $name:literal,)*) => {
        /// The vendors whose statements are held against reports here.
        const TESTED: &[&str] = &[$($name),*];

        $(
            #[test]
            fn $test() {
                hold($name);
            }
        )*
    };
}

vendors! {
    almalinux_says_so_in_its_osv_records: "almalinux",
    almalinux_says_so_in_its_errata: "almalinux-errata",
    alpine_says_so_in_its_secdb: "alpine",
    alt_says_so_in_its_errata: "alt",
    arch_says_so_in_its_tracker: "arch",
    amazon_says_so_in_its_lists_of_updates: "aws",
    microsoft_says_so_in_its_oval: "azurelinux",
    bitnami_says_so_in_its_osv_records: "bitnami",
    chainguard_says_so_in_its_osv_records: "chainguard",
    chainguard_says_so_in_its_secdb: "chainguard-secdb",
    debian_says_so_in_its_tracker: "debian",
    fedora_says_so_in_its_updates: "fedora",
    openeuler_says_so_in_its_notices: "openeuler",
    oracle_says_so_in_its_oval: "oracle",
    vmware_says_so_in_its_oval: "photon",
    red_hat_says_so_in_its_vex: "rhel-vex",
    rocky_says_so_in_its_osv_records: "rocky",
    suse_says_so_in_its_oval: "suse",
    canonical_says_so_in_its_osv_records: "ubuntu",
    wolfi_says_so_in_its_secdb: "wolfi",
}

#[test]
fn every_vendor_is_tested_by_ten_statements_or_more() {
    let vendors = vendors();
    let stated: Vec<&str> = vendors.iter().map(|vendor| vendor.name).collect();
    assert_eq!(stated, TESTED);
    for vendor in vendors {
        assert!(vendor.statements() >= 10, "{}", vendor.name);
    }
}

/// Scans the images of a vendor with a database of its documents.
fn hold(name: &str) {
    let Some(corpus) = corpus() else { return };
    let vendor = vendor(name);
    let machine = Machine::new();
    vendor.mirror(&corpus, &machine.path("mirror"));
    for feed in vendor.feeds() {
        machine.update("mirror", feed);
    }
    let mut wrong = Vec::new();
    for image in vendor.images() {
        let name = machine.root(&image.name, &image.root);
        let report = machine.json(&["scan", &name, "-o", "json"]);
        wrong.extend(image.differences(&report));
        for Statement { package, id, says } in &image.statements {
            let explanation = machine.json(&["scan", &name, "--explain", id, "-o", "json"]);
            let is_explained = is_affected(&explanation, &package.name);
            if is_explained != matches!(says, Says::Vulnerable { .. }) {
                wrong.push(format!(
                    "{}: {id} is explained otherwise: {explanation:#}",
                    image.name
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{name}: {} statements hold", vendor.statements());
}

/// Whether an explanation says that a package is affected.
fn is_affected(explanation: &Value, package: &str) -> bool {
    let mut traces = explanation["traces"].as_array().unwrap().iter();
    traces.any(|trace| trace["package"] == package && trace["affected"] == true)
}
