use super::*;

fn debian() -> Distribution {
    Distribution {
        did: "debian".to_owned(),
        version: "12 (bookworm)".to_owned(),
        version_id: "12".to_owned(),
        version_code_name: "bookworm".to_owned(),
        ..Distribution::default()
    }
}

fn rhel() -> Distribution {
    Distribution {
        did: "rhel".to_owned(),
        version_id: "9.4".to_owned(),
        ..Distribution::default()
    }
}

fn package(detector: &str, name: &str, version: &str, arch: &str) -> ReportPackage {
    ReportPackage {
        name: name.to_owned(),
        version: version.to_owned(),
        arch: arch.to_owned(),
        detector: Some(detector.to_owned()),
        ..ReportPackage::default()
    }
}

fn from(mut package: ReportPackage, name: &str, version: &str) -> ReportPackage {
    package.source = Some(Box::new(ReportPackage {
        name: name.to_owned(),
        version: version.to_owned(),
        ..ReportPackage::default()
    }));
    package
}

fn libssl() -> ReportPackage {
    let binary = package("dpkg", "libssl3", "3.0.11-1~deb12u2", "amd64");
    from(binary, "openssl", "3.0.11-1~deb12u2")
}

fn openssl_libs() -> ReportPackage {
    let binary = package("rpm", "openssl-libs", "1:3.0.7-27.el9", "x86_64");
    from(binary, "openssl", "1:3.0.7-27.el9")
}

#[test]
fn urls_are_made_by_the_rules_of_their_types() {
    let arch = Distribution {
        did: "arch".to_owned(),
        ..Distribution::default()
    };
    let alpine = Distribution {
        did: "alpine".to_owned(),
        version: "3.20".to_owned(),
        ..Distribution::default()
    };
    let sid = Distribution {
        version: "sid".to_owned(),
        version_id: String::new(),
        version_code_name: "sid".to_owned(),
        ..debian()
    };
    let mut module = openssl_libs();
    module.module = "nodejs:18".to_owned();
    for (package, owner, expected) in [
        (
            libssl(),
            Some(debian()),
            "pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&distro=debian-12&upstream=openssl",
        ),
        (
            from(
                package("dpkg", "gcc", "4:12.2.0-3", "amd64"),
                "gcc-defaults",
                "1.203",
            ),
            Some(sid),
            "pkg:deb/debian/gcc@4:12.2.0-3?arch=amd64&distro=debian-sid&upstream=gcc-defaults%401.203",
        ),
        (
            openssl_libs(),
            Some(rhel()),
            "pkg:rpm/redhat/openssl-libs@3.0.7-27.el9?arch=x86_64&distro=rhel-9.4&epoch=1\
             &upstream=openssl-3.0.7-27.el9.src.rpm",
        ),
        (
            module,
            Some(rhel()),
            "pkg:rpm/redhat/openssl-libs@3.0.7-27.el9?arch=x86_64&distro=rhel-9.4&epoch=1\
             &rpmmod=nodejs:18&upstream=openssl-3.0.7-27.el9.src.rpm",
        ),
        (
            from(
                package("apk", "libcrypto3", "3.3.1-r0", "x86_64"),
                "openssl",
                "3.3.1-r0",
            ),
            Some(alpine),
            "pkg:apk/alpine/libcrypto3@3.3.1-r0?arch=x86_64&distro=alpine-3.20&upstream=openssl",
        ),
        (
            package("pacman", "linux", "1:6.1-1", "x86_64"),
            Some(arch),
            "pkg:alpm/arch/linux@1:6.1-1?arch=x86_64&distro=arch",
        ),
        // No distribution is known.
        (package("dpkg", "bash", "5", ""), None, "pkg:deb/bash@5"),
        // That of the image says nothing of packages of languages.
        (
            package(
                "urn:claircore:detector:java:1:package",
                "org.slf4j:slf4j-api",
                "2.0.0",
                "",
            ),
            Some(debian()),
            "pkg:maven/org.slf4j/slf4j-api@2.0.0",
        ),
        (
            package("npm", "@Babel/Core", "7.0.0", ""),
            None,
            "pkg:npm/%40Babel/core@7.0.0",
        ),
        (
            package("pypi", "Flask_Login", "1", ""),
            None,
            "pkg:pypi/flask-login@1",
        ),
        (
            package("golang", "github.com/Masterminds/semver/v3", "v3.1.0", ""),
            None,
            "pkg:golang/github.com/masterminds/semver/v3@v3.1.0",
        ),
    ] {
        let subject = Subject::new(&package, None, owner.as_ref()).unwrap();
        let purl = subject.purl().unwrap();
        assert_eq!(purl.to_string(), expected);
        // What is written is read, is the same then, and means the package.
        let read: PackageUrl<'_> = expected.parse().unwrap();
        assert_eq!(read, purl);
        assert!(subject.is(&read), "{expected}");
        if let Some(source) = subject.source_purl() {
            assert!(subject.is(&source), "{source}");
        }
    }
    let nameless = package("dpkg", "", "1", "");
    assert_eq!(Subject::new(&nameless, None, None).unwrap().purl(), None);
    let unknown = package("?", "a", "1", "");
    assert!(Subject::new(&unknown, None, None).is_none());
}

#[track_caller]
fn check(package: &ReportPackage, owner: &Distribution, are: &[&str], are_not: &[&str]) {
    let subject = Subject::new(package, None, Some(owner)).unwrap();
    for (purls, expected) in [(are, true), (are_not, false)] {
        for text in purls {
            let purl: PackageUrl<'_> = text.parse().unwrap();
            assert_eq!(subject.is(&purl), expected, "{text}");
        }
    }
}

#[test]
fn a_package_is_what_a_url_does_not_exclude() {
    check(
        &libssl(),
        &debian(),
        &[
            "pkg:deb/debian/libssl3",
            "pkg:deb/Debian/LibSSL3@3.0.11-1~deb12u2",
            "pkg:deb/debian/libssl3@3.0.11-1%7Edeb12u2?arch=amd64&distro=bookworm",
            "pkg:deb/debian/libssl3?upstream=openssl",
            "pkg:deb/debian/libssl3?upstream=openssl%403.0.11-1~deb12u2",
            // Where it is to be had, and marks of programs.
            "pkg:deb/debian/libssl3?package-id=0123&repository_url=deb.debian.org",
            // The source.
            "pkg:deb/debian/openssl@3.0.11-1~deb12u2?arch=source&distro=debian-12",
            "pkg:deb/debian/openssl?arch=source",
        ],
        &[
            "pkg:deb/libssl3",
            "pkg:deb/ubuntu/libssl3",
            "pkg:apk/debian/libssl3",
            "pkg:deb/debian/libssl",
            "pkg:deb/debian/libssl3@3.0.11-1",
            "pkg:deb/debian/libssl3?arch=arm64",
            "pkg:deb/debian/libssl3?distro=debian-11",
            "pkg:deb/debian/libssl3?upstream=libssl3",
            "pkg:deb/debian/libssl3?upstream=openssl%403.0.0",
            // A package has the name of the source too.
            "pkg:deb/debian/openssl",
            "pkg:deb/debian/libssl3?arch=source",
            "pkg:deb/debian/openssl@1?arch=source",
        ],
    );
}

#[test]
fn the_epoch_of_an_rpm_is_in_its_version_or_in_a_qualifier_or_not_told() {
    check(
        &openssl_libs(),
        &rhel(),
        &[
            "pkg:rpm/redhat/openssl-libs@3.0.7-27.el9?epoch=1",
            "pkg:rpm/rhel/openssl-libs@1:3.0.7-27.el9",
            "pkg:rpm/redhat/openssl-libs@3.0.7-27.el9",
            "pkg:rpm/redhat/openssl-libs?upstream=openssl-3.0.7-27.el9.src.rpm",
            // Red Hat's sources, and what it does not say to be one.
            "pkg:rpm/redhat/openssl?arch=src",
            "pkg:rpm/redhat/openssl@3.0.7-27.el9?arch=src&epoch=1",
            "pkg:rpm/redhat/openssl",
        ],
        &[
            "pkg:rpm/redhat/openssl-libs@3.0.7-27.el9?epoch=2",
            "pkg:rpm/redhat/openssl-libs@2:3.0.7-27.el9",
            "pkg:rpm/redhat/openssl-libs@3.0.7-27.el9?epoch=0",
            "pkg:rpm/redhat/openssl-libs@3.0.7-27.el9?arch=src",
            "pkg:rpm/redhat/openssl-libs?upstream=openssl-3.0.7-28.el9.src.rpm",
            "pkg:rpm/redhat/openssl-libs?rpmmod=nodejs:18",
            "pkg:rpm/rhel/openssl",
            "pkg:rpm/fedora/openssl-libs",
        ],
    );
    let mut module = package("rpm", "nodejs", "18.0-1", "x86_64");
    module.module = "nodejs:18".to_owned();
    check(
        &module,
        &rhel(),
        &[
            "pkg:rpm/redhat/nodejs?rpmmod=nodejs:18",
            "pkg:rpm/redhat/nodejs?rpmmod=nodejs:18:8090020231212101633:a75119d5",
            "pkg:rpm/redhat/nodejs@18.0-1?epoch=0",
        ],
        &[
            "pkg:rpm/redhat/nodejs?rpmmod=nodejs:1",
            "pkg:rpm/redhat/nodejs?rpmmod=nodejs:180",
        ],
    );
}

#[test]
fn packages_of_languages_are_of_no_distribution() {
    let module = package("golang", "helm.sh/helm/v3", "v3.1.0", "");
    check(
        &module,
        &debian(),
        &[
            "pkg:golang/helm.sh/helm/v3",
            "pkg:golang/helm.sh/helm/v3@3.1.0",
            "pkg:golang/helm.sh/helm/v3@v3.1.0?type=module",
        ],
        &[
            "pkg:golang/helm.sh/helm",
            "pkg:golang/helm.sh/helm/v3@v3.2.0",
        ],
    );
}
