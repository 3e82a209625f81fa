//! The client against the registry of the Docker distribution.

use std::fs;
use std::io::Read;

use clair_registry::{Client, Credentials, Error, Options, media_type};

use crate::manifests::sha256;
use crate::registry::{PASSWORD, PROGRAM, Registry, USER, programs_exist};
use crate::server::{options, show};

/// Options as a person has them: no mention of HTTP.
fn plain_options() -> Options {
    Options {
        plain_http: false,
        ..options()
    }
}

#[test]
fn an_image_is_fetched_part_by_part() {
    if !programs_exist(&[PROGRAM]) {
        return;
    }
    let registry = Registry::anonymous();
    let layer = vec![7; 3 << 20];
    let image = registry.push_image("team/app", "v1", &layer);
    let client = Client::new(&plain_options()).unwrap();

    let index = client
        .manifest(&registry.reference("team/app:all"))
        .unwrap();
    assert_eq!(
        (&index.digest, &*index.media_type),
        (&image.index, media_type::OCI_INDEX)
    );
    let reference = registry.reference("team/app:v1");
    let manifest = client.manifest(&reference).unwrap();
    assert_eq!(manifest.digest, image.manifest);
    assert_eq!(
        client
            .manifest_by_digest(&reference, &image.manifest)
            .unwrap(),
        manifest
    );
    let pinned = registry.reference(&format!("team/app@{}", image.manifest));
    assert_eq!(client.manifest(&pinned).unwrap(), manifest);

    let config = client.blob_bytes(&reference, &image.config, 1000).unwrap();
    assert!(config.starts_with(br#"{"architecture""#));
    let mut bytes = Vec::new();
    let size = Some(layer.len() as u64);
    client
        .blob(&reference, &image.layer, size)
        .unwrap()
        .read_to_end(&mut bytes)
        .unwrap();
    assert!(bytes == layer);
}

#[test]
fn what_is_not_there_is_told_in_the_registry_s_words() {
    if !programs_exist(&[PROGRAM]) {
        return;
    }
    let registry = Registry::anonymous();
    let image = registry.push_image("team/app", "v1", b"layer");
    let client = Client::new(&plain_options()).unwrap();
    for (rest, reason) in [
        (
            "team/app:v2",
            "manifest unknown (MANIFEST_UNKNOWN); check its name",
        ),
        ("team/none:v1", "(MANIFEST_UNKNOWN)"),
    ] {
        let error = client.manifest(&registry.reference(rest)).unwrap_err();
        assert_eq!(error.status(), Some(404));
        assert!(error.to_string().contains(reason), "{error}");
    }
    let error = client.blob_bytes(&registry.reference("team/app"), &sha256(b"none"), 10);
    assert!(error.unwrap_err().to_string().contains("(BLOB_UNKNOWN)"));
    let error = client.blob(&registry.reference("team/app"), &image.layer, Some(99));
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("5 bytes, expected were 99")
    );
}

#[test]
fn a_damaged_blob_is_noticed() {
    if !programs_exist(&[PROGRAM]) {
        return;
    }
    let registry = Registry::anonymous();
    let image = registry.push_image("team/app", "v1", b"layer");
    let hex = image.config.hex();
    let path = format!(
        "storage/docker/registry/v2/blobs/sha256/{}/{hex}/data",
        &hex[..2]
    );
    let path = registry.directory.path().join(path);
    let length = fs::metadata(&path).unwrap().len();
    fs::write(&path, "x".repeat(usize::try_from(length).unwrap())).unwrap();
    let client = Client::new(&plain_options()).unwrap();
    let error = client.blob_bytes(&registry.reference("team/app"), &image.config, 1000);
    assert!(
        matches!(error, Err(Error::DigestMismatch { .. })),
        "{error:?}"
    );
}

#[test]
fn a_password_opens_what_is_private() {
    if !programs_exist(&[PROGRAM, "htpasswd"]) {
        return;
    }
    let registry = Registry::with_password();
    let image = registry.push_image("team/app", "v1", b"layer");
    let reference = registry.reference("team/app:v1");

    let anonymous = Client::new(&plain_options()).unwrap();
    let error = anonymous.manifest(&reference).unwrap_err();
    let hint = format!(
        "(UNAUTHORIZED); no credentials were found for {}",
        registry.host
    );
    assert!(error.to_string().ends_with(&hint), "{error}");

    let with = |password: &str| {
        let basic = Credentials::Basic {
            username: USER.to_owned(),
            password: password.into(),
        };
        Client::new(&Options {
            credentials: [(registry.host.clone(), basic)].into(),
            ..plain_options()
        })
        .unwrap()
    };
    let error = with("wrong horse").manifest(&reference).unwrap_err();
    assert_eq!(error.status(), Some(401));
    assert!(!show(&error).contains("horse"), "{}", show(&error));
    let client = with(PASSWORD);
    assert_eq!(client.manifest(&reference).unwrap().digest, image.manifest);
    assert_eq!(
        client.blob_bytes(&reference, &image.layer, 5).unwrap(),
        b"layer"
    );
}

#[test]
fn certificates_are_checked_and_no_reason_for_http() {
    if !programs_exist(&[PROGRAM, "openssl"]) {
        return;
    }
    let registry = Registry::with_certificate();
    let image = registry.push_image("team/app", "v1", b"layer");
    let reference = registry.reference("team/app:v1");

    let error = Client::new(&plain_options())
        .unwrap()
        .manifest(&reference)
        .unwrap_err();
    assert!(
        show(&error).contains("invalid peer certificate"),
        "{}",
        show(&error)
    );
    assert!(error.to_string().contains("https://"), "{error}");
    assert!(!error.is_transient());

    for options in [
        Options {
            ca_file: Some(registry.directory.path().join("cert.pem")),
            ..plain_options()
        },
        Options {
            skip_tls_verify: true,
            ..plain_options()
        },
    ] {
        let client = Client::new(&options).unwrap();
        assert_eq!(client.manifest(&reference).unwrap().digest, image.manifest);
    }
}

#[test]
fn a_layer_can_be_fetched_by_whoever_is_told_where_it_is() {
    if !programs_exist(&[PROGRAM, "htpasswd"]) {
        return;
    }
    let registry = Registry::with_password();
    let image = registry.push_image("team/app", "v1", b"layer");
    let basic = Credentials::Basic {
        username: USER.to_owned(),
        password: PASSWORD.into(),
    };
    let client = Client::new(&Options {
        credentials: [(registry.host.clone(), basic)].into(),
        ..plain_options()
    });
    let reference = registry.reference("team/app:v1");
    let location = client
        .unwrap()
        .locate_blob(&reference, &image.layer)
        .unwrap();

    let somebody = reqwest::blocking::Client::builder()
        .no_proxy()
        .build()
        .unwrap();
    let refused = somebody.get(location.url.clone()).send().unwrap();
    assert_eq!(refused.status(), 401);
    let authorization = location.authorization.unwrap();
    let given = somebody
        .get(location.url)
        .header("Authorization", authorization.expose())
        .send()
        .unwrap();
    assert_eq!(given.bytes().unwrap(), "layer");
}
