//! Images for several platforms.

use serde_json::json;

use crate::support::{Machine, Root, findings, sha256, tracker};

/// Writes an OCI layout with one image for each platform. Its layers are tar archives.
fn layout(machine: &Machine, name: &str, platforms: &[(&str, &[Vec<u8>])]) -> String {
    let blob = |content: &[u8]| {
        let digest = sha256(content);
        machine.write_bytes(&format!("{name}/blobs/sha256/{digest}"), content);
        json!({"digest": format!("sha256:{digest}"), "size": content.len()})
    };
    let typed = |mut descriptor: serde_json::Value, kind: &str| {
        descriptor["mediaType"] = format!("application/vnd.oci.image.{kind}").into();
        descriptor
    };
    let mut manifests = Vec::new();
    for (architecture, layers) in platforms {
        let diff_ids: Vec<_> = layers
            .iter()
            .map(|layer| format!("sha256:{}", sha256(layer)))
            .collect();
        let config = json!({
            "architecture": architecture,
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        });
        let layers: Vec<_> = layers
            .iter()
            .map(|layer| typed(blob(layer), "layer.v1.tar"))
            .collect();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": typed(blob(config.to_string().as_bytes()), "config.v1+json"),
            "layers": layers,
        });
        let mut descriptor = typed(blob(manifest.to_string().as_bytes()), "manifest.v1+json");
        descriptor["platform"] = json!({"os": "linux", "architecture": architecture});
        manifests.push(descriptor);
    }
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": manifests,
    });
    let mut descriptor = typed(blob(index.to_string().as_bytes()), "index.v1+json");
    descriptor["annotations"] = json!({"org.opencontainers.image.ref.name": "app"});
    let top = json!({"schemaVersion": 2, "manifests": [descriptor]});
    machine.write(&format!("{name}/index.json"), &top.to_string());
    machine.write(
        &format!("{name}/oci-layout"),
        r#"{"imageLayoutVersion":"1.0.0"}"#,
    );
    format!("oci:{name}:app")
}

#[test]
fn one_report_speaks_of_all_platforms() {
    let machine = Machine::new();
    let facts = [
        ("bash", "CVE-2024-0003", "bookworm", Some("5.2.16-1"), "low"),
        ("curl", "CVE-2024-0004", "bookworm", None, "high"),
    ];
    machine.write("mirror/debian/json", &tracker(&facts));
    machine.update("mirror", "debian");
    let bookworm = || Root::debian("bookworm", "12");
    let shared = bookworm().with("bash", "5.2.15-2", "bash").layer();
    let only_arm = bookworm()
        .with("bash", "5.2.15-2", "bash")
        .with("curl", "7.88.1-10", "curl")
        .layer();
    let image = layout(
        &machine,
        "layout",
        &[
            ("amd64", std::slice::from_ref(&shared)),
            ("arm64", &[shared.clone(), only_arm]),
        ],
    );

    let table = machine.succeed(&["scan", &image, "--platform", "all", "-o", "table"]);
    assert_eq!(
        table,
        "\
PACKAGE  INSTALLED  PLATFORM     RISK  SEVERITY  VULNERABILITY  FIX
curl     7.88.1-10  linux/arm64    40  High      CVE-2024-0004  (none yet)
bash     5.2.15-2   linux/amd64    10  Low       CVE-2024-0003  5.2.16-1
bash     5.2.15-2   linux/arm64    10  Low       CVE-2024-0003  5.2.16-1

oci:layout:app (linux/amd64): 1 vulnerability in 1 of 1 packages (1 low), 1 with a fix
oci:layout:app (linux/arm64): 2 vulnerabilities in 2 of 2 packages (1 high, 1 low), 1 with a fix
"
    );
    for (platform, count) in [("linux/amd64", 1), ("linux/arm64", 2)] {
        let report = machine.json(&["scan", &image, "--platform", platform]);
        assert_eq!(findings(&report).len(), count, "{platform}");
        assert_eq!(report["platform"], platform);
    }
    let run = machine.clairctl(&["scan", &image, "--platform", "linux/s390x"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("linux/s390x"), "{}", run.stderr);
}
