use super::*;

const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#[test]
fn short_forms_become_the_long_one() {
    let with_digest = format!("alpine@sha256:{HEX}");
    let with_both = format!("alpine:3.20@sha256:{HEX}");
    let long_digest = format!("docker.io/library/alpine@sha256:{HEX}");
    let long_both = format!("docker.io/library/alpine:3.20@sha256:{HEX}");
    for (text, normal) in [
        ("alpine", "docker.io/library/alpine:latest"),
        ("alpine:3.20", "docker.io/library/alpine:3.20"),
        ("grafana/loki", "docker.io/grafana/loki:latest"),
        ("docker.io/alpine", "docker.io/library/alpine:latest"),
        ("index.docker.io/alpine", "docker.io/library/alpine:latest"),
        ("Docker.IO/a/b", "docker.io/a/b:latest"),
        ("ghcr.io/a/b/c:v1", "ghcr.io/a/b/c:v1"),
        ("ghcr.io/alpine", "ghcr.io/alpine:latest"),
        ("localhost/a", "localhost/a:latest"),
        ("localhost:5000/a", "localhost:5000/a:latest"),
        // No slash: what follows the colon is a tag, not a port.
        ("localhost:5000", "docker.io/library/localhost:5000"),
        ("host:5000/a:b", "host:5000/a:b"),
        ("127.0.0.1:5000/a", "127.0.0.1:5000/a:latest"),
        ("[::1]/a", "[::1]/a:latest"),
        ("[2001:DB8::1]:5000/a:t", "[2001:db8::1]:5000/a:t"),
        ("xn--bcher-kva.example/a", "xn--bcher-kva.example/a:latest"),
        ("a/b.c_d__e-f---g", "docker.io/a/b.c_d__e-f---g:latest"),
        ("a:_T.a-g", "docker.io/library/a:_T.a-g"),
        (&with_digest, &long_digest),
        (&with_both, &long_both),
    ] {
        let reference: Reference = text.parse().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(reference.to_string(), normal);
        assert_eq!(normal.parse(), Ok(reference), "{normal} is read back");
    }
}

#[test]
fn the_parts_are_told_apart() {
    let reference: Reference = format!("[::1]:5000/a/b:t@sha256:{HEX}").parse().unwrap();
    assert_eq!(reference.registry(), "[::1]:5000");
    assert_eq!(reference.api_host(), "[::1]:5000");
    assert_eq!(reference.repository(), "a/b");
    assert_eq!(reference.tag(), Some("t"));
    assert_eq!(reference.digest().unwrap().hex(), HEX);
    assert_eq!(reference.selector(), format!("sha256:{HEX}"));
}

#[test]
fn a_digest_needs_no_tag() {
    let reference: Reference = format!("a@sha256:{HEX}").parse().unwrap();
    assert_eq!(reference.tag(), None);
}

#[test]
fn wrong_references_are_told_which_part_is_wrong() {
    use ReferencePart::{Digest, Reference as Whole, Registry, Repository, Tag};
    let long_path = "a/".repeat(128) + "a";
    let long_tag = format!("a:{}", "t".repeat(129));
    let long_host = format!("{}.io/a", "h".repeat(300));
    for (text, part, reason) in [
        ("", Whole, "is empty"),
        ("https://ghcr.io/a", Whole, "URL scheme"),
        ("Alpine", Repository, "upper-case"),
        ("ghcr.io/A/b", Repository, "upper-case"),
        ("ghcr.io/", Repository, "is missing"),
        (":tag", Repository, "is missing"),
        ("/a", Repository, "empty component"),
        ("a//b", Repository, "empty component"),
        ("a/b/", Repository, "empty component"),
        ("a..b", Repository, "\"a..b\""),
        ("a___b", Repository, "\"a___b\""),
        ("a._b", Repository, "\"a._b\""),
        ("-a", Repository, "\"-a\""),
        ("a/b-", Repository, "\"b-\""),
        ("a b", Repository, "\"a b\""),
        ("é", Repository, "\"é\""),
        ("ghcr.io/..", Repository, "\"..\""),
        (&long_path, Repository, "longer than 255"),
        ("a:", Tag, "is empty"),
        ("a:-t", Tag, "starts with"),
        ("a:.t", Tag, "starts with"),
        ("a:b:c", Tag, "something other"),
        ("a:b c", Tag, "something other"),
        ("a:b/c", Registry, "port"),
        (&long_tag, Tag, "longer than 128"),
        ("a@", Digest, "no algorithm"),
        ("a@md5:00", Digest, "not supported"),
        ("a@sha256:00", Digest, "64 hexadecimal"),
        ("host:0/a", Registry, "port"),
        ("host:70000/a", Registry, "port"),
        ("host:+80/a", Registry, "port"),
        ("host:/a", Registry, "port"),
        ("-h.io/a", Registry, "label"),
        ("h..io/a", Registry, "label"),
        ("h_.io/a", Registry, "label"),
        ("user@h.io/a", Digest, "no algorithm"),
        ("[::1/a", Registry, "bracket"),
        ("[zz]/a", Registry, "IPv6"),
        ("[fe80::1%25eth0]/a", Registry, "IPv6"),
        ("[::1]5000/a", Registry, "port"),
        (&long_host, Registry, "longer than"),
    ] {
        let error = text.parse::<Reference>().unwrap_err();
        assert_eq!(error.part, part, "{error}");
        assert!(error.to_string().contains(reason), "{text}: {error}");
    }
}

#[test]
fn the_error_repeats_little_and_escapes_it() {
    let error = "\u{1b}[2J".repeat(1000).parse::<Reference>().unwrap_err();
    assert!(error.to_string().len() < 10_000);
    assert!(!error.to_string().contains('\u{1b}'));
}
