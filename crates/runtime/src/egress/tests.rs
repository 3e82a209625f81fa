use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;

fn policy(yaml: &str) -> Arc<EgressPolicy> {
    let text = format!("database: {{connstring: host=db}}\nindexer: {{egress: {yaml}}}");
    let config = crate::Config::from_yaml(&text, crate::Mode::Combo).unwrap();
    Arc::new(EgressPolicy::new(&config.indexer.egress, false))
}

fn airgap() -> EgressPolicy {
    EgressPolicy::new(&Egress::default(), true)
}

fn check(policy: &EgressPolicy, url: &str) -> Result<(), EgressError> {
    policy.check_url(&url.parse().unwrap())
}

#[test]
fn addresses_are_of_the_kinds_that_the_registries_say() {
    use AddressKind::*;
    for (address, kind) in [
        ("1.1.1.1", Global),
        ("100.63.255.255", Global),
        ("100.128.0.0", Global),
        ("172.15.0.1", Global),
        ("172.32.0.1", Global),
        ("192.0.1.1", Global),
        ("2606:4700::1111", Global),
        ("10.0.0.1", Private),
        ("172.16.0.1", Private),
        ("172.31.255.255", Private),
        ("192.168.1.1", Private),
        ("100.64.0.1", Private),
        ("fc00::1", Private),
        ("fd12:3456::1", Private),
        ("fec0::1", Private),
        ("64:ff9b:1::a00:1", Private),
        ("127.0.0.1", Loopback),
        ("127.255.255.254", Loopback),
        ("::1", Loopback),
        ("169.254.0.1", LinkLocal),
        ("fe80::1", LinkLocal),
        ("169.254.169.254", Metadata),
        ("169.254.170.2", Metadata),
        ("100.100.100.200", Metadata),
        ("168.63.129.16", Metadata),
        ("fd00:ec2::254", Metadata),
        ("0.0.0.0", Unspecified),
        ("::", Unspecified),
        ("224.0.0.1", Multicast),
        ("239.255.255.255", Multicast),
        ("ff02::1", Multicast),
        ("0.1.2.3", Reserved),
        ("192.0.0.1", Reserved),
        ("192.0.2.1", Reserved),
        ("192.88.99.1", Reserved),
        ("198.18.0.1", Reserved),
        ("198.51.100.1", Reserved),
        ("203.0.113.1", Reserved),
        ("240.0.0.1", Reserved),
        ("255.255.255.255", Reserved),
        ("100::1", Reserved),
        ("2001::1", Reserved),
        ("2001:db8::1", Reserved),
        ("4000::1", Reserved),
    ] {
        assert_eq!(AddressKind::of(address.parse().unwrap()), kind, "{address}");
    }
}

#[test]
fn ipv4_addresses_in_ipv6_form_are_what_they_stand_for() {
    use AddressKind::*;
    for (address, kind) in [
        ("::ffff:127.0.0.1", Loopback),
        ("::ffff:169.254.169.254", Metadata),
        ("::ffff:10.0.0.1", Private),
        ("::ffff:1.1.1.1", Global),
        ("::ffff:0:127.0.0.1", Loopback),
        ("::127.0.0.1", Loopback),
        ("64:ff9b::127.0.0.1", Loopback),
        ("64:ff9b::a9fe:a9fe", Metadata),
        ("2002:7f00:1::", Loopback),
        ("2002:a9fe:a9fe::1", Metadata),
        ("2002:101:101::", Global),
    ] {
        assert_eq!(AddressKind::of(address.parse().unwrap()), kind, "{address}");
    }
}

#[test]
fn by_default_only_the_internet_may_be_asked() {
    let policy = policy("{}");
    for url in [
        "https://1.1.1.1/",
        "http://1.1.1.1/",
        "https://[2606:4700::1111]/",
    ] {
        assert_eq!(check(&policy, url), Ok(()), "{url}");
    }
    for url in [
        "http://127.0.0.1:5432/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[fe80::1]/",
        "http://0.0.0.0/",
        "http://224.0.0.1/",
        // 127.0.0.1, written as browsers and resolvers take it.
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
    ] {
        assert!(
            matches!(check(&policy, url), Err(EgressError::Address { .. })),
            "{url}"
        );
    }
}

#[test]
fn only_http_is_fetched() {
    let refused = check(&policy("{}"), "file:///etc/passwd");
    assert!(matches!(refused, Err(EgressError::Scheme { .. })));
    let refused = check(&policy("{}"), "ftp://1.1.1.1/");
    assert!(matches!(refused, Err(EgressError::Scheme { .. })));
    let policy = policy("{allow_plain_http: false}");
    assert_eq!(
        check(&policy, "http://1.1.1.1/"),
        Err(EgressError::PlainHttp)
    );
    assert_eq!(check(&policy, "https://1.1.1.1/"), Ok(()));
}

#[test]
fn what_is_allowed_is_no_more_than_what_is_said() {
    for (yaml, allowed, refused) in [
        ("{allow_private: true}", "10.0.0.1", "127.0.0.1"),
        ("{allow_private: true}", "fd12::1", "fd00:ec2::254"),
        ("{allow_private: true}", "100.64.0.1", "100.100.100.200"),
        ("{allow_private: true}", "192.168.0.1", "169.254.1.1"),
        ("{allow_loopback: true}", "127.0.0.1", "10.0.0.1"),
        ("{allow_loopback: true}", "::1", "0.0.0.0"),
        ("{allow_networks: [10.1.0.0/16]}", "10.1.2.3", "10.2.0.0"),
        (
            "{allow_networks: [10.1.0.0/16]}",
            "::ffff:10.1.2.3",
            "::ffff:10.2.0.1",
        ),
        (
            "{allow_networks: [169.254.169.254]}",
            "169.254.169.254",
            "169.254.169.253",
        ),
        (
            "{allow_private: true, deny_networks: [10.1.0.0/16]}",
            "10.2.0.1",
            "10.1.0.1",
        ),
        (
            "{allow_networks: [10.0.0.0/8], deny_networks: [10.1.0.0/16]}",
            "10.2.0.1",
            "10.1.0.1",
        ),
        ("{deny_networks: [1.1.1.0/24]}", "1.1.2.1", "1.1.1.1"),
    ] {
        let policy = policy(yaml);
        let check = |address: &str| policy.check_address("x.example", address.parse().unwrap());
        assert_eq!(check(allowed), Ok(()), "{yaml} {allowed}");
        assert!(check(refused).is_err(), "{yaml} {refused}");
    }
}

#[test]
fn hosts_may_be_allowed_by_name() {
    let policy =
        policy("{allow_hosts: [Registry.internal, 10.9.9.9], deny_networks: [10.1.0.0/16]}");
    let check = |host: &str, address: &str| policy.check_address(host, address.parse().unwrap());
    assert_eq!(check("registry.internal", "10.0.0.1"), Ok(()));
    assert_eq!(check("REGISTRY.INTERNAL.", "127.0.0.1"), Ok(()));
    assert_eq!(check("10.9.9.9", "10.9.9.9"), Ok(()));
    assert!(check("registry.internal", "10.1.0.1").is_err());
    assert!(check("other.registry.internal", "10.0.0.1").is_err());
}

#[test]
fn in_an_air_gap_only_ones_own_network_may_be_asked() {
    let policy = airgap();
    for url in [
        "http://10.0.0.1/",
        "http://127.0.0.1/",
        "http://169.254.1.1/",
        "http://[fd12::1]/",
    ] {
        assert_eq!(check(&policy, url), Ok(()), "{url}");
    }
    for url in [
        "https://1.1.1.1/",
        "http://169.254.169.254/",
        "http://0.0.0.0/",
    ] {
        assert!(check(&policy, url).is_err(), "{url}");
    }
}

/// Gives one list of addresses after the other, whatever the name.
struct Names {
    answers: Vec<Vec<SocketAddr>>,
    asked: AtomicUsize,
}

impl Resolve for Names {
    fn resolve(&self, _name: Name) -> Resolving {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = self.answers[turn.min(self.answers.len() - 1)].clone();
        Box::pin(async move { Ok(Box::new(answer.into_iter()) as Addrs) })
    }
}

fn client(policy: &Arc<EgressPolicy>, answers: &[&[&str]]) -> reqwest::Client {
    crate::tls::install_crypto_provider();
    let answers = answers
        .iter()
        .map(|answer| answer.iter().map(|text| text.parse().unwrap()).collect())
        .collect();
    let names = Arc::new(Names {
        answers,
        asked: AtomicUsize::new(0),
    });
    reqwest::Client::builder()
        .no_proxy()
        .dns_resolver(Arc::new(EgressResolver::over(Arc::clone(policy), names)))
        .redirect(policy.redirects(3))
        .build()
        .unwrap()
}

/// The refusal at the root of an error.
fn refusal(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[tokio::test]
async fn names_of_refused_addresses_are_not_connected_to() {
    let server = MockServer::start().await;
    Mock::given(path("/"))
        .respond_with(ResponseTemplate::new(200))
        .expect(0)
        .mount(&server)
        .await;
    let client = client(&policy("{}"), &[&["127.0.0.1:0"]]);
    let url = format!("http://rebind.example:{}/", server.address().port());
    let error = client.get(url).send().await.unwrap_err();
    assert_eq!(
        refusal(&error),
        "rebind.example has the address 127.0.0.1, which is loopback: it may not be asked"
    );
}

#[tokio::test]
async fn a_name_that_changes_its_address_gains_nothing() {
    let server = MockServer::start().await;
    let port = server.address().port();
    Mock::given(path("/a"))
        .respond_with(
            ResponseTemplate::new(302)
                .insert_header("Location", format!("http://rebind.example:{port}/b")),
        )
        .mount(&server)
        .await;
    Mock::given(path("/b"))
        .respond_with(ResponseTemplate::new(200))
        .expect(0)
        .mount(&server)
        .await;
    // First the address that is allowed here, then another of the same machine.
    let policy = policy("{allow_networks: [127.0.0.1]}");
    let client = client(&policy, &[&["127.0.0.1:0"], &["127.0.0.2:0"]]);
    let url = format!("http://first.example:{port}/a");
    let error = client.get(url).send().await.unwrap_err();
    assert!(
        refusal(&error).starts_with("rebind.example has the address 127.0.0.2"),
        "{error:?}"
    );
}

#[tokio::test]
async fn of_several_addresses_only_the_allowed_are_tried() {
    let server = MockServer::start().await;
    Mock::given(path("/"))
        .respond_with(ResponseTemplate::new(200))
        .mount(&server)
        .await;
    let policy = policy("{allow_networks: [127.0.0.1]}");
    let client = client(&policy, &[&["10.255.255.1:0", "127.0.0.1:0"]]);
    let url = format!("http://both.example:{}/", server.address().port());
    assert_eq!(client.get(url).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn redirects_to_refused_addresses_are_not_followed() {
    let server = MockServer::start().await;
    let redirect = ResponseTemplate::new(302).insert_header("Location", "http://169.254.169.254/");
    Mock::given(path("/"))
        .respond_with(redirect)
        .mount(&server)
        .await;
    let policy = policy("{allow_networks: [127.0.0.1]}");
    let client = client(&policy, &[&[]]);
    let error = client.get(server.uri()).send().await.unwrap_err();
    assert!(
        refusal(&error).contains("169.254.169.254, which is a metadata service"),
        "{error:?}"
    );
}

#[tokio::test]
async fn redirects_in_a_circle_end() {
    let server = MockServer::start().await;
    let redirect = ResponseTemplate::new(302).insert_header("Location", "/");
    Mock::given(path("/"))
        .respond_with(redirect)
        .expect(4)
        .mount(&server)
        .await;
    let policy = policy("{allow_networks: [127.0.0.1]}");
    let client = client(&policy, &[&[]]);
    let error = client.get(server.uri()).send().await.unwrap_err();
    assert_eq!(refusal(&error), "too many redirects");
}

#[tokio::test]
async fn the_systems_names_are_judged() {
    let resolver = policy("{}").resolver();
    let outcome = resolver.resolve("localhost".parse().unwrap()).await;
    let error = outcome.err().unwrap().to_string();
    assert!(error.contains("which is loopback"), "{error}");
}
