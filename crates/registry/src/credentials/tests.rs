use std::fs;
use std::path::Path;

use super::*;

fn basic(username: &str, password: &str) -> Credentials {
    Credentials::Basic {
        username: username.to_owned(),
        password: password.into(),
    }
}

/// What a file with this content has for an image.
fn find(json: &str, image: &str) -> Result<Option<Credentials>, Error> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.json");
    fs::write(&path, json).unwrap();
    let store = CredentialStore::new(&Options {
        docker_config: DockerConfig::File(path),
        ..Options::default()
    });
    let found = store.find(&image.parse().unwrap())?;
    Ok(found.map(|found| found.credentials))
}

#[test]
fn keys_are_hosts_urls_and_namespaces() {
    // "dTpw" is "u:p".
    for (key, image, matches) in [
        ("ghcr.io", "ghcr.io/a/b", true),
        ("GHCR.io", "ghcr.io/a/b", true),
        ("https://ghcr.io", "ghcr.io/a/b", true),
        ("https://ghcr.io/", "ghcr.io/a/b", true),
        ("https://ghcr.io/v2/", "ghcr.io/a/b", true),
        ("http://ghcr.io/anything", "ghcr.io/a/b", true),
        ("ghcr.io/v1/", "ghcr.io/a/b", true),
        ("ghcr.io/a", "ghcr.io/a/b", true),
        ("ghcr.io/a/b", "ghcr.io/a/b", true),
        ("ghcr.io/a/b/c", "ghcr.io/a/b", false),
        ("ghcr.io/aa", "ghcr.io/a/b", false),
        ("ghcr.io/a", "ghcr.io/aa/b", false),
        ("ghcr.io", "ghcr.io.evil.example/a", false),
        ("ghcr.io", "ghcr.io:443/a", false),
        ("localhost:5000", "localhost:5000/a", true),
        ("localhost", "localhost:5000/a", false),
        ("https://index.docker.io/v1/", "alpine", true),
        ("index.docker.io", "alpine", true),
        ("docker.io", "alpine", true),
        ("docker.io/library", "alpine", true),
        ("registry-1.docker.io", "alpine", true),
        ("", "alpine", false),
    ] {
        let json = format!(r#"{{"auths":{{"{key}":{{"auth":"dTpw"}}}}}}"#);
        let expected = matches.then(|| basic("u", "p"));
        assert_eq!(find(&json, image).unwrap(), expected, "{key} for {image}");
    }
}

#[test]
fn the_longest_namespace_counts() {
    let json = r#"{"auths":{
        "ghcr.io":{"username":"all","password":"1"},
        "ghcr.io/a":{"username":"some","password":"2"},
        "ghcr.io/a/b":{}
    }}"#;
    assert_eq!(find(json, "ghcr.io/a/b").unwrap(), Some(basic("some", "2")));
    assert_eq!(find(json, "ghcr.io/c").unwrap(), Some(basic("all", "1")));
}

#[test]
fn entries_have_several_forms() {
    for (entry, expected) in [
        (r#"{"auth":"dTpwOng="}"#, Some(basic("u", "p:x"))),
        (r#"{"auth":"dTpwOng"}"#, Some(basic("u", "p:x"))),
        // "u:p" and two zeros.
        (r#"{"auth":"dTpwAAA="}"#, Some(basic("u", "p"))),
        (r#"{"username":"u","password":"p"}"#, Some(basic("u", "p"))),
        (
            r#"{"auth":"","username":"u","password":"p"}"#,
            Some(basic("u", "p")),
        ),
        (
            r#"{"auth":"PHRva2VuPjo=","identitytoken":"t"}"#,
            Some(Credentials::IdentityToken("t".into())),
        ),
        (
            r#"{"registrytoken":"t"}"#,
            Some(Credentials::RegistryToken("t".into())),
        ),
        (r#"{"email":"x@y"}"#, None),
        ("{}", None),
        ("null", None),
    ] {
        let json = format!(r#"{{"auths":{{"ghcr.io":{entry}}}}}"#);
        assert_eq!(find(&json, "ghcr.io/a").unwrap(), expected, "{entry}");
    }
}

#[test]
fn files_without_credentials_have_none() {
    for json in [
        "",
        " \n",
        "{}",
        r#"{"auths":null}"#,
        r#"{"auths":{},"credsStore":""}"#,
    ] {
        assert_eq!(find(json, "ghcr.io/a").unwrap(), None, "{json}");
    }
}

#[test]
fn what_is_wrong_in_a_file_is_told_without_its_secrets() {
    for (json, reason) in [
        ("{", "line 1 column 1"),
        (r#"{"auths":"hunter2"}"#, "line 1"),
        (r#"{"auths":{"ghcr.io":{"auth":{"hunter2":1}}}}"#, "line 1"),
        (r#"{"auths":{"ghcr.io":"hunter2"}}"#, "line 1"),
        (
            r#"{"auths":{"ghcr.io":{"auth":"hunter2!"}}}"#,
            "\"ghcr.io\" has an \"auth\"",
        ),
        // "hunter2", without a colon.
        (
            r#"{"auths":{"ghcr.io":{"auth":"aHVudGVyMg=="}}}"#,
            "\"ghcr.io\" has an \"auth\"",
        ),
    ] {
        let error = find(json, "ghcr.io/a").unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(
            shown.contains("config.json") && shown.contains(reason),
            "{shown}"
        );
        assert!(
            !shown.contains("hunter2") && !shown.contains("aHVu"),
            "{shown}"
        );
    }
}

#[test]
fn a_broken_entry_of_another_registry_is_no_matter() {
    let json = r#"{"auths":{"ghcr.io":{"auth":"!"},"quay.io":{"auth":"dTpw"}}}"#;
    assert_eq!(find(json, "quay.io/a").unwrap(), Some(basic("u", "p")));
}

#[test]
fn explicit_credentials_go_first_and_to_their_registry_only() {
    let store = CredentialStore::new(&Options {
        docker_config: DockerConfig::Ignored,
        credentials: BTreeMap::from([("ghcr.io".to_owned(), basic("u", "p"))]),
        ..Options::default()
    });
    let found = store.find(&"ghcr.io/a".parse().unwrap()).unwrap().unwrap();
    assert_eq!(found.credentials, basic("u", "p"));
    assert_eq!(store.find(&"quay.io/a".parse().unwrap()).unwrap(), None);
}

#[test]
fn a_file_that_was_named_must_exist() {
    let store = CredentialStore::new(&Options {
        docker_config: DockerConfig::File("/nonexistent/config.json".into()),
        ..Options::default()
    });
    let error = store.find(&"alpine".parse().unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "cannot read /nonexistent/config.json");
}

#[test]
fn the_standard_files_follow_the_environment() {
    let paths = |variables: &[(&str, &str)]| {
        let variables: BTreeMap<_, _> = variables.iter().copied().collect();
        standard_paths(|name| variables.get(name).map(OsString::from))
    };
    let home = ("HOME", "/h");
    assert_eq!(paths(&[]), Vec::<PathBuf>::new());
    assert_eq!(paths(&[home]), [Path::new("/h/.docker/config.json")]);
    assert_eq!(
        paths(&[home, ("DOCKER_CONFIG", "")]),
        [Path::new("/h/.docker/config.json")]
    );
    assert_eq!(
        paths(&[
            home,
            ("DOCKER_CONFIG", "/d"),
            ("REGISTRY_AUTH_FILE", "/r.json"),
            ("XDG_RUNTIME_DIR", "/run/user/1")
        ]),
        [
            Path::new("/r.json"),
            Path::new("/d/config.json"),
            Path::new("/run/user/1/containers/auth.json")
        ]
    );
}

#[test]
fn a_missing_helper_is_an_error_even_beside_an_entry() {
    for setting in [
        r#""credsStore":"clair-absent""#,
        r#""credHelpers":{"ghcr.io":"clair-absent"}"#,
    ] {
        let json = format!(r#"{{{setting},"auths":{{"ghcr.io":{{"auth":"dTpw"}}}}}}"#);
        let error = find(&json, "ghcr.io/a").unwrap_err();
        assert!(
            error.to_string().contains("docker-credential-clair-absent"),
            "{error}"
        );
    }
    let json = r#"{"credHelpers":{"ghcr.io":"clair-absent"}}"#;
    assert_eq!(find(json, "quay.io/a").unwrap(), None);
}
