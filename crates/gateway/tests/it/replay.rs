//! Tokens that are used once, by all gateways together.

use std::time::Duration;

use clair_gateway::Database;
use clair_store::{Options, Store};
use clair_testing::Postgres;
use serde_json::json;

use crate::support::tokens::{Issuer, bearer, psk, quay};
use crate::support::{Answer, Gateway};

const STATE: &str = "/indexer/api/v1/index_state";

async fn ask(gateway: &Gateway, token: &str) -> Answer {
    gateway
        .get_with(STATE, &[("authorization", &bearer(token))])
        .await
}

fn database(address: &str) -> Database {
    let options = Options {
        acquire_timeout: Duration::from_secs(2),
        ..Options::default()
    };
    Database {
        address: address.to_owned(),
        options,
    }
}

#[tokio::test]
async fn a_token_that_one_gateway_has_seen_no_other_accepts() {
    let address = Postgres::shared().database();
    let store = Store::connect(&address, &Options::default()).await.unwrap();
    store.migrate().await.unwrap();
    let issuer = Issuer::new();
    let configuration = issuer.configuration();
    let start = || {
        Gateway::with(&configuration, |config| {
            config.database = Some(database(&address));
        })
    };
    let (one, other) = (start().await, start().await);
    let token = issuer.token(&json!({}));
    assert_eq!(ask(&one, &token).await.status, 200);
    for gateway in [&one, &other] {
        let message = ask(gateway, &token).await.failure(401, "unauthorized");
        assert!(message.contains("used before"), "{message}");
    }
    assert_eq!(ask(&other, &issuer.token(&json!({}))).await.status, 200);
}

/// Quay's tokens have no identifier, and so nothing that the database would be asked for.
#[tokio::test]
async fn without_the_database_only_tokens_that_need_it_are_turned_away() {
    let issuer = Issuer::new();
    let configuration = format!("{}\n{}", psk(), issuer.configuration());
    let nowhere = "postgres://nobody@127.0.0.1:1/nothing";
    let gateway = Gateway::with(&configuration, |config| {
        config.database = Some(database(nowhere));
    })
    .await;
    let answer = ask(&gateway, &issuer.token(&json!({}))).await;
    let message = answer.failure(503, "unavailable");
    assert!(!message.contains("127.0.0.1"), "{message}");
    assert!(answer.header("retry-after").is_some());
    assert_eq!(ask(&gateway, &quay()).await.status, 200);
}

#[tokio::test]
async fn the_database_may_come_later() {
    let address = Postgres::shared().database();
    let issuer = Issuer::new();
    let gateway = Gateway::with(&issuer.configuration(), |config| {
        config.database = Some(database(&address));
    })
    .await;
    let token = issuer.token(&json!({}));
    // Its schema is not there yet, and a token is not used up by that.
    ask(&gateway, &token).await.failure(503, "unavailable");
    let store = Store::connect(&address, &Options::default()).await.unwrap();
    store.migrate().await.unwrap();
    assert_eq!(ask(&gateway, &token).await.status, 200);
}
