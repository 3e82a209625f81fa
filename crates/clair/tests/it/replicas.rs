//! Two of each service at once: work is shared, nothing is done twice, one that is killed is not
//! missed.

use clair_testing::{Nats, Postgres};

use crate::support::{FIVE, Image, Options, Outside, Suite, eventually, tracker};

/// Two suites of five processes with one database and one NATS.
async fn two(postgres: &Postgres, nats: &Nats, outside: &Outside) -> [Suite; 2] {
    let database = postgres.database();
    let options = Options {
        database,
        nats: Some(nats),
        ..Options::default()
    };
    let mut suites = [0, 1].map(|_| Suite::prepare(&options, outside));
    for suite in &mut suites {
        for service in FIVE {
            suite.begin(service);
        }
    }
    for suite in &mut suites {
        suite.ready().await;
    }
    suites
}

#[tokio::test]
async fn nothing_is_done_twice() {
    let nats = Nats::start();
    let outside = Outside::start().await;
    outside.publish(tracker(&[("openssl", "CVE-2024-0001")]));
    let [one, other] = two(Postgres::shared(), &nats, &outside).await;

    let image = Image::with_packages(&["openssl", "zlib"]);
    outside.push(&image);
    let (first, second) = tokio::join!(
        one.api.index(&image, &outside),
        other.api.index(&image, &outside)
    );
    assert_eq!(first.status, 201, "{}", first.text);
    assert_eq!(second.status, 201, "{}", second.text);
    assert_eq!(first.json()["packages"], second.json()["packages"]);
    assert_eq!(outside.asked_for(&image), 1);
    assert_eq!(outside.asked_for_feed(), 1);

    one.api.has(&image, &["CVE-2024-0001"]).await;
    other.api.has(&image, &["CVE-2024-0001"]).await;
    outside.publish(tracker(&[
        ("openssl", "CVE-2024-0001"),
        ("zlib", "CVE-2024-0002"),
    ]));
    let (first, second) = tokio::join!(one.api.update(), other.api.update());
    assert_eq!(
        (first.status, second.status),
        (200.try_into().unwrap(), 200.try_into().unwrap())
    );
    for suite in [&one, &other] {
        suite
            .api
            .has(&image, &["CVE-2024-0001", "CVE-2024-0002"])
            .await;
    }
    eventually("the receiver is notified", async || {
        outside.accepted().pop()
    })
    .await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(outside.received().len(), 1, "{:?}", outside.received());
}

#[tokio::test]
async fn work_goes_on_at_the_other_one() {
    let nats = Nats::start();
    let outside = Outside::start().await;
    outside.publish(tracker(&[("openssl", "CVE-2024-0001")]));
    let [mut one, other] = two(Postgres::shared(), &nats, &outside).await;
    let images: Vec<Image> = (0..12)
        .map(|number| Image::with_packages(&["openssl", &format!("package-{number}")]))
        .collect();
    outside.flow(false);
    for image in &images {
        outside.push(image);
        let queued = other.api.enqueue(image, &outside).await;
        assert_eq!(queued.status, 202, "{}", queued.text);
    }
    eventually("layers are being read", async || {
        images
            .iter()
            .any(|image| outside.asked_for(image) > 0)
            .then_some(())
    })
    .await;
    for service in FIVE {
        one.kill(service);
    }
    outside.flow(true);
    for image in &images {
        other.api.indexed(image).await;
        other.api.has(image, &["CVE-2024-0001"]).await;
    }
}
