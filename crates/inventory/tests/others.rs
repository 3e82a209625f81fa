//! What is installed according to real databases of pacman and opkg.

#![allow(clippy::unwrap_used, reason = "helpers of tests, outside of #[test]")]

mod support;

use support::{all_described, analyze, analyzers_of, corpus, names_in, read};

#[test]
fn a_pacman_database_has_the_packages_of_its_directories() {
    let Some(corpus) = corpus() else { return };
    let local = corpus.join("pkgdb/alpm/syft/var/lib/pacman/local");
    let mut found = Vec::new();
    for directory in names_in(&local) {
        for file in names_in(&local.join(&directory)) {
            let path = format!("var/lib/pacman/local/{directory}/{file}");
            if analyzers_of(&path).is_empty() {
                assert_eq!(file, "mtree");
                continue;
            }
            match analyze(&path, &read(local.join(&directory).join(&file))) {
                Ok(findings) => {
                    found.extend(all_described(&findings));
                    for owned in &findings.ownership {
                        assert!(directory.starts_with(&owned.package), "{directory}");
                    }
                }
                Err(error) => found.push(format!("{directory}: {error}")),
            }
        }
    }
    assert_eq!(
        found,
        [
            "corrupt-0.2.1-3: it has no %NAME%",
            "emacs 29.3-3 x86_64 < emacs 29.3-3",
            "fuzzy 1.2-3  < fuzzy 1.2-3",
            "gmp 6.2.1-2 x86_64 < gmp 6.2.1-2",
            "madeup 20.30-4  < madeup 20.30-4",
            "tree-sitter 0.22.6-1 x86_64 < tree-sitter 0.22.6-1",
        ]
    );
}

#[test]
fn an_opkg_status_has_the_packages_that_are_installed() {
    let Some(corpus) = corpus() else { return };
    let status = read(corpus.join("pkgdb/dpkg/syft/var/lib/opkg/status"));
    let findings = analyze("var/lib/opkg/status", &status).unwrap();
    assert_eq!(
        all_described(&findings),
        [
            "busybox 1.36.1-r3 x86_64",
            "dropbear 2024.85-r0 x86_64",
            "kernel-modules 6.6.0-r0 x86_64",
        ]
    );
    assert_eq!(findings.problems, Vec::<String>::new());
}
