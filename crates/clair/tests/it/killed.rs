//! SIGKILL in the middle of everything. Afterwards every request that was accepted has a correct
//! result, no notification is lost, and no state needs a hand.

use axum::http::StatusCode;
use clair_testing::{Nats, Postgres};

use crate::support::{Image, Outside, Suite, eventually, tracker};

const FLAW: (&str, &str) = ("openssl", "CVE-2024-0001");
const NEW_FLAW: (&str, &str) = ("zlib", "CVE-2024-0002");

/// Five processes that know one flaw, servers of their own, and an image that has it.
struct World {
    postgres: Postgres,
    nats: Nats,
    outside: Outside,
    suite: Suite,
    image: Image,
}

impl World {
    async fn new() -> Self {
        let (postgres, nats) = (Postgres::start(), Nats::start());
        let outside = Outside::start().await;
        outside.publish(tracker(&[FLAW]));
        let suite = Suite::five(&postgres, &nats, &outside).await;
        let image = Image::with_packages(&["openssl", "zlib"]);
        outside.push(&image);
        Self {
            postgres,
            nats,
            outside,
            suite,
            image,
        }
    }

    /// The same, with the image indexed and its report made.
    async fn indexed() -> Self {
        let world = Self::new().await;
        let answer = world.suite.api.index(&world.image, &world.outside).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        world.suite.api.has(&world.image, &[FLAW.1]).await;
        world
    }

    /// Puts the image into the queue, and waits until its layer is half read.
    async fn half_index(&self) {
        self.outside.flow(false);
        let queued = self.suite.api.enqueue(&self.image, &self.outside).await;
        assert_eq!(queued.status, 202, "{}", queued.text);
        eventually("the layer is asked for", async || {
            (self.outside.asked_for(&self.image) > 0).then_some(())
        })
        .await;
    }

    async fn is_right(&self) {
        let report = self.suite.api.indexed(&self.image).await;
        assert_eq!(report["packages"].as_object().unwrap().len(), 2, "{report}");
        self.suite.api.has(&self.image, &[FLAW.1]).await;
    }

    /// Publishes a flaw that the image has too.
    fn publish_news(&self) {
        self.outside.publish(tracker(&[FLAW, NEW_FLAW]));
    }

    /// Waits until the receiver has accepted the news, and sees that it was told of them once.
    async fn is_told_once(&self) {
        let accepted = eventually("the receiver accepts the news", async || {
            self.outside.accepted().pop()
        })
        .await;
        self.suite.api.has(&self.image, &[FLAW.1, NEW_FLAW.1]).await;
        let path = format!("/notifier/api/v1/notification/{}", accepted.id);
        let page = self.suite.api.get(&path).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let notifications = page.json()["notifications"].clone();
        assert_eq!(
            notifications.as_array().unwrap().len(),
            1,
            "{notifications}"
        );
        assert_eq!(notifications[0]["vulnerability"]["name"], NEW_FLAW.1);
        // Another set would have come by now: whoever makes it looks every second.
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        for notified in self.outside.received() {
            assert_eq!(notified.id, accepted.id);
        }
    }
}

#[tokio::test]
async fn the_indexer_in_the_middle_of_a_layer() {
    let mut world = World::new().await;
    world.half_index().await;
    world.suite.kill("indexer");
    world.outside.flow(true);
    world.suite.begin_again("indexer").await;
    world.is_right().await;
    assert!(world.outside.asked_for(&world.image) > 1);
}

#[tokio::test]
async fn the_gateway_in_the_middle_of_a_submission() {
    let mut world = World::new().await;
    world.outside.flow(false);
    let request = world.suite.api.submission(&world.image, &world.outside);
    let submitting = tokio::spawn(request.send());
    eventually("the layer is asked for", async || {
        (world.outside.asked_for(&world.image) > 0).then_some(())
    })
    .await;
    world.suite.kill("gateway");
    assert!(submitting.await.unwrap().is_err());
    world.outside.flow(true);
    world.suite.begin_again("gateway").await;
    // The client was not told that it is accepted, so it asks again.
    let answer = world.suite.api.index(&world.image, &world.outside).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    world.is_right().await;
}

#[tokio::test]
async fn postgresql_in_the_middle_of_a_layer() {
    let world = World::new().await;
    world.half_index().await;
    world.postgres.kill();
    world.outside.flow(true);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    world.postgres.restart();
    world.is_right().await;
}

#[tokio::test]
async fn nats_in_the_middle_of_a_layer() {
    let world = World::new().await;
    world.half_index().await;
    world.nats.kill();
    // Whoever waits for an index does not need it.
    let other = Image::with_packages(&["perl"]);
    world.outside.push(&other);
    world.outside.flow(true);
    let answer = world.suite.api.index(&other, &world.outside).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let later = Image::with_packages(&["bash"]);
    world.outside.push(&later);
    let refused = world.suite.api.enqueue(&later, &world.outside).await;
    assert_eq!(refused.status, 503, "{}", refused.text);
    world.nats.restart();
    world.is_right().await;
    eventually("the queue takes work again", async || {
        let queued = world.suite.api.enqueue(&later, &world.outside).await;
        (queued.status == 202).then_some(())
    })
    .await;
    world.suite.api.indexed(&later).await;
}

#[tokio::test]
async fn the_updater_in_the_middle_of_a_feed() {
    let mut world = World::indexed().await;
    world.publish_news();
    world.outside.flow(false);
    let before = world.outside.asked_for_feed();
    let api = world.suite.api.clone();
    let updating = tokio::spawn(async move {
        let request = api.request(reqwest::Method::POST, "/admin/api/v1/update");
        request
            .json(&serde_json::json!({}))
            .send()
            .await?
            .text()
            .await
    });
    eventually("the feed is asked for", async || {
        (world.outside.asked_for_feed() > before).then_some(())
    })
    .await;
    world.suite.kill("updater");
    let _ = updating.await.unwrap();
    // What was there before stays in use.
    world.suite.api.has(&world.image, &[FLAW.1]).await;
    world.outside.flow(true);
    world.suite.begin_again("updater").await;
    world.suite.api.update().await;
    world.is_told_once().await;
}

#[tokio::test]
async fn the_matcher_while_an_update_comes() {
    let mut world = World::indexed().await;
    world.suite.kill("matcher");
    world.publish_news();
    world.suite.api.update().await;
    world.suite.begin_again("matcher").await;
    world.is_told_once().await;
}

#[tokio::test]
async fn the_notifier_between_a_notification_and_its_delivery() {
    let mut world = World::indexed().await;
    world.outside.answer(StatusCode::SERVICE_UNAVAILABLE);
    world.publish_news();
    world.suite.api.update().await;
    eventually("delivery is tried", async || world.outside.received().pop()).await;
    world.suite.kill("notifier");
    world.outside.answer(StatusCode::OK);
    world.suite.begin_again("notifier").await;
    world.is_told_once().await;
}

#[tokio::test]
async fn the_notifier_before_it_hears_of_an_update() {
    let mut world = World::indexed().await;
    world.suite.kill("notifier");
    world.publish_news();
    world.suite.api.update().await;
    world.suite.begin_again("notifier").await;
    world.is_told_once().await;
}

#[tokio::test]
async fn postgresql_and_nats_while_news_come() {
    let world = World::indexed().await;
    world.publish_news();
    world.outside.answer(StatusCode::INTERNAL_SERVER_ERROR);
    world.suite.api.update().await;
    world.postgres.kill();
    world.nats.kill();
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    world.postgres.restart();
    world.nats.restart();
    world.outside.answer(StatusCode::OK);
    // The update may have been told as done or not; asking again costs nothing.
    eventually("the update is done", async || {
        let answer = world.suite.api.update().await;
        answer.text.contains("finished").then_some(())
    })
    .await;
    world.is_told_once().await;
}
