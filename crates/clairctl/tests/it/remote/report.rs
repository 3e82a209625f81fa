//! `clairctl report` and `clairctl manifest`.

use serde_json::json;

use super::clair::{Clair, PSK, report};
use super::distribution::{AUTHORIZATION, Registry};
use crate::support::Machine;

struct Setting {
    machine: Machine,
    registry: Registry,
    clair: Clair,
}

impl Setting {
    fn new(clair: Clair) -> Self {
        let (machine, registry) = (Machine::new(), Registry::start());
        registry.log_in(&machine);
        Self {
            machine,
            registry,
            clair,
        }
    }

    /// Runs `clairctl report` with these arguments before the reference.
    fn report(&self, arguments: &[&str]) -> crate::support::Run {
        let (url, reference) = (self.clair.url(), self.registry.reference());
        let mut all = vec!["report", "--host", &url];
        all.extend(arguments);
        all.push(&reference);
        self.machine.clairctl(&all)
    }
}

#[test]
fn the_image_is_indexed_and_its_report_printed_in_lines() {
    let setting = Setting::new(Clair::start());
    let run = setting.report(&[]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.stdout, "app:1 found bash 5.2 CVE-2024-1 (fixed: 5.3)\n");
    assert_eq!(run.stderr, "");
    let behaviour = setting.clair.behaviour();
    let digest = &setting.registry.manifest;
    assert_eq!(
        behaviour.requests,
        [
            "POST /indexer/api/v1/index_report".to_owned(),
            format!("GET /matcher/api/v1/vulnerability_report/{digest}"),
        ]
    );
}

#[test]
fn the_server_is_told_where_the_layers_are_and_gets_credentials_for_the_registry_alone() {
    let setting = Setting::new(Clair::start());
    assert_eq!(setting.report(&[]).code, 0);
    let behaviour = setting.clair.behaviour();
    let [manifest] = behaviour.submitted.as_slice() else {
        panic!("{:?}", behaviour.submitted);
    };
    let [first, second] = &setting.registry.layers;
    assert_eq!(manifest["hash"], *setting.registry.manifest);
    let host = setting.registry.host();
    assert_eq!(
        manifest["layers"][0],
        json!({
            "hash": first,
            "uri": format!("http://{host}/v2/team/app/blobs/{first}"),
            "headers": {"Authorization": [AUTHORIZATION]},
        })
    );
    assert_eq!(manifest["layers"][1]["hash"], **second);
    let uri = manifest["layers"][1]["uri"].as_str().unwrap();
    assert!(uri.ends_with("/storage/two?signature=x"), "{uri}");
    assert_eq!(manifest["layers"][1]["headers"], json!({}));
}

#[test]
fn manifest_prints_the_same() {
    let setting = Setting::new(Clair::start());
    let printed = setting
        .machine
        .json(&["manifest", &setting.registry.reference()]);
    setting.report(&[]);
    assert_eq!(setting.clair.behaviour().submitted, [printed]);
}

#[test]
fn json_comes_through_as_the_server_wrote_it() {
    let setting = Setting::new(Clair::start());
    let run = setting.report(&["-o", "json"]);
    let expected = format!("{}\n", report(&setting.registry.manifest));
    assert_eq!(run.stdout, expected);
}

#[test]
fn xml_has_a_test_for_each_package() {
    let setting = Setting::new(Clair::start());
    let run = setting.report(&["--out", "xml"]);
    let reference = setting.registry.reference();
    assert!(run.stdout.starts_with(&format!(
        "<testsuites><testsuite name=\"{reference}\" tests=\"2\" errors=\"0\" failures=\"1\">"
    )));
    assert!(run.stdout.contains("<testcase name=\"fine 1\"></testcase>"));
    assert!(run.stdout.ends_with("</testsuites>\n"));
}

#[test]
fn a_server_without_data_is_waited_for() {
    let setting = Setting::new(Clair::start());
    setting.clair.behaviour().not_ready = 2;
    let run = setting.report(&[]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("CVE-2024-1"));
    assert!(run.stderr.contains("no security data yet"));
}

#[test]
fn a_server_that_never_has_data_is_not_waited_for_for_ever() {
    let setting = Setting::new(Clair::start());
    setting.clair.behaviour().not_ready = usize::MAX;
    let run = setting.report(&["--max-wait", "1s"]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.starts_with("app:1 error "), "{run:?}");
    assert!(
        run.stdout
            .ends_with("the server has no security data yet\n")
    );
}

#[test]
fn a_busy_server_is_asked_again() {
    let setting = Setting::new(Clair::start());
    setting.clair.behaviour().busy = 2;
    let run = setting.report(&[]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(setting.clair.behaviour().submitted.len(), 1);
}

#[test]
fn novel_leaves_images_alone_that_the_server_knows() {
    let setting = Setting::new(Clair::start());
    assert_eq!(setting.report(&["--novel"]).code, 0);
    assert_eq!(setting.report(&["--novel"]).code, 0);
    assert_eq!(setting.clair.behaviour().submitted.len(), 1);
    assert_eq!(setting.report(&[]).code, 0);
    assert_eq!(setting.clair.behaviour().submitted.len(), 2);
}

#[test]
fn an_image_that_cannot_be_indexed_is_an_error() {
    let setting = Setting::new(Clair::start());
    setting.clair.behaviour().index_error = "the layer is no archive".to_owned();
    let run = setting.report(&[]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("could not index"), "{run:?}");
    assert!(run.stderr.contains("the layer is no archive"));
}

#[test]
fn a_report_that_fails_is_a_line_and_changes_the_exit_status() {
    let setting = Setting::new(Clair::start());
    setting.clair.behaviour().report = Some("<html>".to_owned());
    for format in ["text", "json", "xml"] {
        let run = setting.report(&["-o", format]);
        assert_eq!(run.code, 1, "{format}: {run:?}");
        let told = if format == "json" {
            &run.stderr
        } else {
            &run.stdout
        };
        assert!(told.contains("is not what Clair answers"), "{run:?}");
    }
}

#[test]
fn the_first_image_that_cannot_be_found_ends_it_unless_told_to_keep_going() {
    let setting = Setting::new(Clair::start());
    let missing = format!("{}/team/app:2", setting.registry.host());
    let run = setting.report(&[&missing]);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    assert!(run.stderr.contains("team/app:2"), "{run:?}");

    let run = setting.report(&["--keep-going", &missing]);
    assert_eq!(run.code, 1);
    let lines: Vec<_> = run.stdout.lines().collect();
    assert!(lines[0].starts_with("app:2 error "), "{run:?}");
    assert_eq!(lines[1], "app:1 found bash 5.2 CVE-2024-1 (fixed: 5.3)");
}

#[test]
fn requests_are_signed_with_the_key_of_the_configuration() {
    let setting = Setting::new(Clair::with_tokens());
    let run = setting.report(&[]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("status 401"), "{run:?}");

    // By name, in either place; by the environment's is the same; and where it lies by default.
    let config = format!("auth: {{psk: {{key: {PSK}, iss: [clairctl]}}}}\n");
    setting.machine.write("clair.yaml", &config);
    assert_eq!(setting.report(&["-c", "clair.yaml"]).code, 0);
    let (url, reference) = (setting.clair.url(), setting.registry.reference());
    let before = [
        "--config",
        "clair.yaml",
        "--host",
        &url,
        "report",
        &reference,
    ];
    assert_eq!(setting.machine.clairctl(&before).code, 0);
    assert_eq!(
        setting.report(&["-c", "clair.yaml", "--issuer", "x"]).code,
        1
    );

    setting.machine.write("config.yaml", "log_level: info\n");
    setting.machine.write("config.yaml.d/10-auth.yaml", &config);
    assert_eq!(setting.report(&[]).code, 0);
}

#[test]
fn a_configuration_that_is_named_must_be_there_and_right() {
    let setting = Setting::new(Clair::start());
    let run = setting.report(&["-c", "missing.yaml"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("missing.yaml"), "{run:?}");
    setting
        .machine
        .write("wrong.yaml", "auth: {psk: {key: '!', iss: [x]}}\n");
    let run = setting.report(&["-c", "wrong.yaml"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("not in base64"), "{run:?}");
}

#[test]
fn what_is_no_server_is_told() {
    let setting = Setting::new(Clair::start());
    let reference = setting.registry.reference();
    let host = |host: &str| {
        setting
            .machine
            .clairctl(&["report", "--host", host, &reference])
    };
    assert!(
        host("localhost:6060")
            .stderr
            .contains("is not the address of a server")
    );
    let run = host("http://127.0.0.1:1/");
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("no answer to POST"), "{run:?}");
}

#[test]
fn a_server_below_a_path_is_asked_there() {
    let setting = Setting::new(Clair::start());
    let (url, reference) = (setting.clair.url(), setting.registry.reference());
    let run = setting
        .machine
        .clairctl(&["report", "--host", &format!("{url}clair/"), &reference]);
    assert_eq!(run.code, 1);
    let requests = &setting.clair.behaviour().requests;
    assert_eq!(*requests, ["POST /clair/indexer/api/v1/index_report"]);
}

#[test]
fn only_images_of_registries_are_reported() {
    let machine = Machine::new();
    machine.write("image.tar", "");
    for (reference, told) in [
        (
            "docker-archive:image.tar",
            "a server reads images in registries only",
        ),
        ("dir:.", "a server reads images in registries only"),
        ("./image.tar", "is not an image reference"),
        ("https://quay.io/x", "is not an image reference"),
    ] {
        let run = machine.clairctl(&["report", reference]);
        assert_eq!(run.code, 1, "{reference}");
        assert!(run.stderr.contains(told), "{run:?}");
    }
}

#[test]
fn rules_apply_to_reports_of_a_server_and_the_rest_stays_as_it_wrote_it() {
    let setting = Setting::new(Clair::start());
    let rules = "ignore:\n  - {id: CVE-2024-1, package: bash, reason: accepted}\n";
    setting.machine.write("rules.yaml", rules);
    let run = setting.report(&["--ignore-file", "rules.yaml"]);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (0, "app:1 ok\n"),
        "{run:?}"
    );
    let run = setting.report(&["--ignore-file", "rules.yaml", "-o", "json"]);
    let digest = &setting.registry.manifest;
    let expected = format!(
        r#"{{"manifest_hash":"{digest}","packages":{{"1":{{"id":"1","name":"bash","version":"5.2"}},"2":{{"id":"2","name":"fine","version":"1"}}}},"vulnerabilities":{{}},"package_vulnerabilities":{{}},"unknown":1.50,"suppressed":[{{"package_id":"1","package":"bash","version":"5.2","vulnerability":{{"id":"7","name":"CVE-2024-1","fixed_in_version":"5.3","x":"\u003c1.0e0\u003e"}},"by":[{{"kind":"ignore","file":"rules.yaml","line":2,"reason":"accepted"}}]}}],"annotations":[]}}
"#
    );
    assert_eq!(run.stdout, expected);
}

#[test]
fn vex_documents_mean_the_image_that_the_server_was_asked_for() {
    let setting = Setting::new(Clair::start());
    let digest = &setting.registry.manifest;
    let vex = json!({
        "@context": "https://openvex.dev/ns/v0.2.0",
        "timestamp": "2024-06-01T00:00:00Z",
        "statements": [{
            "vulnerability": {"name": "CVE-2024-1"},
            "products": [{"@id": format!("pkg:oci/app@{digest}")}],
            "status": "fixed",
        }, {
            "vulnerability": {"name": "CVE-2024-1"},
            "products": [{"@id": "pkg:oci/other"}],
            "status": "affected",
        }],
    });
    setting.machine.write("vex.json", &vex.to_string());
    let run = setting.report(&["--vex", "vex.json"]);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (0, "app:1 ok\n"),
        "{run:?}"
    );
    let warning = "clairctl: warning: vex.json, statement 2: nothing was found for: CVE-2024-1\n";
    assert_eq!(run.stderr, warning);
}
