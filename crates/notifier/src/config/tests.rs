use clair_rpc::Trust;
use clair_runtime::Mode;

use super::*;

fn of(notifier: &str) -> Result<Config, InvalidConfig> {
    let text = format!(
        "
        database: {{connstring: 'postgres://clair:secret@db/clair', max_connections: 3}}
        internal: {{notifier: {{listen_addr: 'localhost:7000'}}}}
        matcher: {{indexer_addr: http://indexer:6071}}
        notifier: {notifier}
        "
    );
    let services = config::Config::from_yaml(&text, Mode::Combo).unwrap();
    Config::of_services(
        &services,
        ServerOptions::new(Trust::default()),
        ChannelOptions::new("http://matcher"),
        None,
        Health::new(),
        CertificateWatch::default(),
    )
}

const WEBHOOK: &str =
    "webhook: {target: 'https://me:secret@quay/secscan', callback: 'https://clair/n/'";

#[test]
fn the_configuration_of_all_services_says_where_and_how_often() {
    let config = of(&format!(
        "{{poll_interval: 5s, delivery_interval: 2m, give_up_after: 1h, disable_summary: true,
          {WEBHOOK}, headers: {{X-Key: [hunter2, b]}}}}}}"
    ))
    .unwrap();
    assert_eq!(config.listen.to_string(), "localhost:7000");
    assert_eq!(config.poll_interval, Duration::from_secs(5));
    assert!(!config.summarize);
    assert_eq!(config.retry.first_pause, Duration::from_secs(5));
    assert_eq!(config.retry.longest_pause, Duration::from_mins(2));
    assert_eq!(config.retry.give_up_after, Duration::from_hours(1));
    assert_eq!(config.database.options.max_connections, 3);
    assert_eq!(
        config.webhook.target.url().as_str(),
        "https://me:secret@quay/secscan"
    );
    assert_eq!(config.webhook.headers.get_all("x-key").iter().count(), 2);
    let shown = format!("{config:?}");
    assert!(
        !shown.contains("secret@") && !shown.contains("hunter2"),
        "{shown}"
    );
}

#[test]
fn what_cannot_deliver_is_refused_by_its_key() {
    assert_eq!(of("{}").unwrap_err(), InvalidConfig::NoDeliverer);
    let amqp = "{amqp: {uris: ['amqp://mq'], exchange: {name: x, type: topic}, routing_key: k,
                 direct: true}}";
    assert_eq!(
        of(amqp).unwrap_err().to_string(),
        "notifier.amqp: this release delivers by notifier.webhook only"
    );
    let stomp = "{stomp: {uris: ['mq:61613'], destination: /q, direct: true}}";
    assert_eq!(
        of(stomp).unwrap_err().to_string(),
        "notifier.stomp: this release delivers by notifier.webhook only"
    );
}

#[test]
fn the_webhook_comes_before_the_other_ways() {
    let both =
        format!("{{{WEBHOOK}}}, stomp: {{uris: ['mq:61613'], destination: /q, direct: true}}}}");
    assert!(of(&both).is_ok());
}

#[test]
fn headers_that_cannot_be_sent_are_refused_without_their_value() {
    for (headers, expected) in [
        (
            "{'a b': [hunter2]}",
            r#"notifier.webhook.headers: "a b" is not the name of a header"#,
        ),
        (
            r#"{X-Key: ["hunter2\n"]}"#,
            r#"notifier.webhook.headers: "X-Key" has a value that no header can have"#,
        ),
        (
            "{content-type: [text/plain]}",
            r#"notifier.webhook.headers: "content-type" is set by the notifier itself"#,
        ),
    ] {
        let error = of(&format!("{{{WEBHOOK}, headers: {headers}}}}}")).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn the_first_pause_is_never_longer_than_the_others() {
    let retry = Retry::new(Duration::from_secs(1), Duration::from_hours(1));
    assert_eq!(retry.first_pause, retry.longest_pause);
}
