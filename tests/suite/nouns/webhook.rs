//! Webhooks of payment providers: what is accepted, what is refused, and what they lead to.
//!
//! Not here: webhooks about merchants ([`super::payment_connection`]).

use std::time::Duration;

use domain::{id::PurchaseId, payment::Event};
use entity::webhook_delivery;
use futures_util::future::join_all;
use message_credits::{
    http::{rates::Rate, shares::Rates},
    payments::Subject,
};
use reqwest::StatusCode;
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{
    Server, Tenant, new_key, on_both_databases,
    purchase::{PURCHASE, begin, package},
    test_provider::{
        Call, SIGNATURE, Step, TestProvider, WEBHOOK_SECRETS, Webhook, purchase_id, reference,
    },
};

const PURCHASES: &str = "{ account { purchases { nodes { status } } balance { total } } }";

/// Sends a webhook; the status of the answer.
async fn deliver(server: &Server, webhook: &Webhook) -> StatusCode {
    deliver_to(server, "test", webhook).await
}

async fn deliver_to(server: &Server, provider: &str, webhook: &Webhook) -> StatusCode {
    let request = server
        .http()
        .post(server.url(&format!("/webhooks/{provider}")));
    let request = request.headers(webhook.headers.clone());
    let response = request.body(webhook.body.clone()).send().await.unwrap();
    assert_eq!(response.headers().get("access-control-allow-origin"), None);
    response.status()
}

async fn deliveries(server: &Server) -> Vec<webhook_delivery::Model> {
    let writer = server.services().store.writer();
    webhook_delivery::Entity::find().all(writer).await.unwrap()
}

/// The account's purchases and balance.
async fn account(server: &Server, tenant: &Tenant) -> Value {
    server.data(&tenant.owner, PURCHASES, json!({})).await["account"].take()
}

fn paid(credits: &str) -> Value {
    json!({ "purchases": { "nodes": [{ "status": "PAID" }] }, "balance": { "total": credits } })
}

/// The number of webhooks with an outcome, as the metrics have it.
async fn counted(server: &Server, provider: &str, outcome: &str) -> Option<String> {
    let response = server
        .http()
        .get(server.url("/metrics"))
        .send()
        .await
        .unwrap();
    let text = response.text().await.unwrap();
    let start =
        format!("message_credits_webhooks_total{{provider=\"{provider}\",outcome=\"{outcome}\"}} ");
    text.lines()
        .find_map(|line| line.strip_prefix(&start))
        .map(ToOwned::to_owned)
}

on_both_databases! {
    /// A payment that was approved on its provider's page is found by reading it, without a webhook.
    async fn a_payment_is_read_without_a_webhook(server: Server) {
        let provider = TestProvider::new();
        let server = server.paid_by([provider.shared()]).await;
        let shop = server.account("Shop").await;
        let package = package(&server, 500, 4_900, |_| {}).await;
        let bought = begin(&server, &shop, &package).await;
        let purchase = purchase_id(&bought["id"]);
        assert_eq!(bought["confirmationUrl"], format!("https://pay.test/{}", purchase.uuid()));
        provider.decide(purchase, Event::Paid);
        server.set_time("2026-11-22T08:00:06Z");
        server.run_workers().await;
        assert_eq!(account(&server, &shop).await, paid("500"));
        assert_eq!(provider.calls_about(Call::Begin, purchase), 1);
        assert_eq!(provider.taken_minor(), 4_900);
    }

    /// A webhook has its payment read at once, by reference or by purchase, and again after the
    /// payment has ended; repeated and late ones change nothing.
    async fn a_webhook_has_its_payment_read(server: Server) {
        let provider = TestProvider::new();
        let server = server.paid_by([provider.shared()]).await;
        let shop = server.account("Shop").await;
        let package = package(&server, 500, 4_900, |_| {}).await;
        let purchase = purchase_id(&begin(&server, &shop, &package).await["id"]);
        provider.decide(purchase, Event::Paid);
        let now = server.services().clock.now();
        let webhook = provider.webhook("1", &Subject::Payment(reference(purchase)), now);
        assert_eq!(deliver(&server, &webhook).await, StatusCode::OK);
        // The request itself changes nothing.
        assert_eq!(account(&server, &shop).await["balance"]["total"], "0");
        server.run_workers().await;
        assert_eq!(account(&server, &shop).await, paid("500"));
        assert_eq!(provider.calls_about(Call::Read, purchase), 1);

        let later = provider.webhook("2", &Subject::Purchase(purchase), now);
        for webhook in [&webhook, &later, &webhook, &later] {
            assert_eq!(deliver(&server, webhook).await, StatusCode::OK);
            server.run_workers().await;
        }
        assert_eq!(account(&server, &shop).await, paid("500"));
        assert_eq!(provider.calls_about(Call::Read, purchase), 2);
        assert_eq!(deliveries(&server).await.len(), 2);
        assert!(deliveries(&server).await.iter().all(|row| row.next_at.is_none()));
    }

    /// What a webhook says of a payment is not believed: the provider is asked.
    async fn a_webhook_is_not_believed(server: Server) {
        let provider = TestProvider::new();
        let server = server.paid_by([provider.shared()]).await;
        let shop = server.account("Shop").await;
        let package = package(&server, 500, 4_900, |_| {}).await;
        let purchase = purchase_id(&begin(&server, &shop, &package).await["id"]);
        let webhook = provider.webhook("1", &Subject::Purchase(purchase), server.services().clock.now());
        assert_eq!(deliver(&server, &webhook).await, StatusCode::OK);
        server.run_workers().await;
        assert_eq!(provider.calls_about(Call::Read, purchase), 1);
        let account = account(&server, &shop).await;
        assert_eq!(account["purchases"]["nodes"], json!([{ "status": "PENDING" }]));
        assert_eq!(account["balance"]["total"], "0");
    }

    /// A webhook that comes before the answer that it is about waits for it.
    async fn a_webhook_may_come_before_the_answer(server: Server) {
        let provider = TestProvider::new();
        let server = server.paid_by([provider.shared()]).await;
        let shop = server.account("Shop").await;
        let package = package(&server, 500, 4_900, |_| {}).await;
        provider.script(Call::Begin, [Step::LoseAnswer]);
        let input = json!({ "input": { "packageId": package, "idempotencyKey": new_key() } });
        let begun = server.graphql(Some(&shop.owner), PURCHASE, input).await;
        let refused = &begun["data"]["purchaseCredits"]["userErrors"][0]["code"];
        assert_eq!(refused, "PAYMENT_FAILED", "{begun}");
        let purchase = *provider.payments().keys().next().unwrap();
        provider.decide(purchase, Event::Paid);
        let about = Subject::Payment(reference(purchase));
        let webhook = provider.webhook("1", &about, server.services().clock.now());
        assert_eq!(deliver(&server, &webhook).await, StatusCode::OK);
        server.run_workers().await;
        assert_eq!(account(&server, &shop).await["balance"]["total"], "0");
        // The payment is asked for again, and its reference becomes known.
        for time in ["2026-11-22T08:00:05Z", "2026-11-22T08:00:35Z"] {
            server.set_time(time);
            server.run_workers().await;
        }
        assert_eq!(account(&server, &shop).await, paid("500"));
        assert!(deliveries(&server).await.iter().all(|row| row.next_at.is_none()));
        assert_eq!(provider.taken_minor(), 4_900);
    }

    /// A webhook about a payment that nobody knows is tried for a while, then dropped and counted.
    async fn a_webhook_about_an_unknown_payment_is_dropped(server: Server) {
        let provider = TestProvider::new();
        let server = server.paid_by([provider.shared()]).await;
        let now = server.services().clock.now();
        let purchase = PurchaseId::new(uuid::Uuid::from_u128(7));
        for (delivery, about) in [
            ("1", Subject::Payment("nobody".to_owned())),
            ("2", Subject::Purchase(purchase)),
            ("3", Subject::Merchant("nobody".to_owned())),
            ("4", Subject::Nothing),
        ] {
            let webhook = provider.webhook(delivery, &about, now);
            assert_eq!(deliver(&server, &webhook).await, StatusCode::OK);
        }
        let mut waiting = Vec::new();
        for time in ["08:00:00", "08:00:05", "08:00:35", "08:05:35"] {
            server.set_time(&format!("2026-11-22T{time}Z"));
            server.run_workers().await;
            let rows = deliveries(&server).await;
            waiting.push(rows.iter().filter(|row| row.next_at.is_some()).count());
        }
        assert_eq!(waiting, [2, 2, 2, 0]);
        assert_eq!(counted(&server, "test", "unknown").await.as_deref(), Some("3"));
        assert_eq!(counted(&server, "test", "accepted").await.as_deref(), Some("4"));
        // They are known for 30 days.
        server.set_time("2026-12-22T07:59:59Z");
        server.run_workers().await;
        assert_eq!(deliveries(&server).await.len(), 4);
        server.set_time("2026-12-22T08:00:01Z");
        server.run_workers().await;
        assert_eq!(deliveries(&server).await.len(), 0);
    }

    /// Unsigned, wrongly signed, stale and unreadable webhooks, and those of unknown providers, are
    /// refused and counted; both secrets are accepted while one replaces the other.
    async fn webhooks_of_others_are_refused(server: Server) {
        let provider = TestProvider::new();
        let server = server.paid_by([provider.shared()]).await;
        let now = server.services().clock.now();
        let webhook = provider.webhook("1", &Subject::Nothing, now);
        let signed = |secret: &str, seconds: i64| {
            let at = now + jiff::SignedDuration::from_secs(seconds);
            Webhook::signed(webhook.body.clone(), secret, at)
        };
        let mut unsigned = webhook.clone();
        unsigned.headers.clear();
        let mut altered = webhook.clone();
        altered.body.push(b' ');
        let mut malformed = webhook.clone();
        malformed.headers.insert(SIGNATURE, "t=1,v1=xyz".parse().unwrap());
        let mut unreadable = Webhook::signed(b"no JSON".to_vec(), WEBHOOK_SECRETS[0], now);
        for (webhook, status) in [
            (&unsigned, StatusCode::UNAUTHORIZED),
            (&altered, StatusCode::UNAUTHORIZED),
            (&malformed, StatusCode::UNAUTHORIZED),
            (&signed("another secret", 0), StatusCode::UNAUTHORIZED),
            (&signed(WEBHOOK_SECRETS[0], -301), StatusCode::UNAUTHORIZED),
            (&signed(WEBHOOK_SECRETS[0], 301), StatusCode::UNAUTHORIZED),
            (&unreadable, StatusCode::BAD_REQUEST),
        ] {
            assert_eq!(deliver(&server, webhook).await, status, "{webhook:?}");
        }
        // A delivery's id is stored, so it must be short enough.
        let long = json!({ "delivery": "d".repeat(256), "topic": "t", "subject": {} });
        unreadable = Webhook::signed(long.to_string().into_bytes(), WEBHOOK_SECRETS[0], now);
        assert_eq!(deliver(&server, &unreadable).await, StatusCode::BAD_REQUEST);
        for name in ["nobody", "sandbox", "%ff"] {
            assert_eq!(deliver_to(&server, name, &webhook).await, StatusCode::NOT_FOUND);
        }
        assert_eq!(deliveries(&server).await.len(), 0);
        for (outcome, times) in [("unsigned", "4"), ("stale", "2"), ("unreadable", "2")] {
            assert_eq!(counted(&server, "test", outcome).await.as_deref(), Some(times), "{outcome}");
        }
        let unknown = counted(&server, "unknown", "unknown_provider").await;
        assert_eq!(unknown.as_deref(), Some("3"));

        for (secret, seconds) in [(0, -300), (1, 300)] {
            let webhook = signed(WEBHOOK_SECRETS[secret], seconds);
            assert_eq!(deliver(&server, &webhook).await, StatusCode::OK);
        }
        assert_eq!(counted(&server, "test", "accepted").await.as_deref(), Some("1"));
        assert_eq!(counted(&server, "test", "duplicate").await.as_deref(), Some("1"));
    }

    /// However often and fast a webhook is repeated, it is stored once.
    async fn a_webhook_is_stored_once(server: Server) {
        let provider = TestProvider::new();
        let server = server.paid_by([provider.shared()]).await;
        let shop = server.account("Shop").await;
        let package = package(&server, 500, 4_900, |_| {}).await;
        let purchase = purchase_id(&begin(&server, &shop, &package).await["id"]);
        provider.decide(purchase, Event::Paid);
        let about = Subject::Purchase(purchase);
        let webhook = provider.webhook("1", &about, server.services().clock.now());
        let answers = join_all((0..200).map(|_| deliver(&server, &webhook))).await;
        assert!(answers.iter().all(|status| *status == StatusCode::OK), "{answers:?}");
        assert_eq!(deliveries(&server).await.len(), 1);
        server.run_workers().await;
        assert_eq!(provider.calls_about(Call::Read, purchase), 1);
        assert_eq!(account(&server, &shop).await, paid("500"));
        assert_eq!(counted(&server, "test", "duplicate").await.as_deref(), Some("199"));
    }

    /// A webhook that comes while its payment is being asked about is worked off afterwards: the
    /// question may have come too early.
    async fn a_webhook_waits_for_a_question_under_way(server: Server) {
        let provider = TestProvider::new();
        let server = server.paid_by([provider.shared()]).await;
        let shop = server.account("Shop").await;
        let package = package(&server, 500, 4_900, |_| {}).await;
        let purchase = purchase_id(&begin(&server, &shop, &package).await["id"]);
        let about = Subject::Purchase(purchase);
        let webhook = provider.webhook("1", &about, server.services().clock.now());
        server.set_time("2026-11-22T08:00:06Z");
        provider.script(Call::Read, [Step::Late(Duration::from_secs(2))]);
        let meanwhile = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            provider.decide(purchase, Event::Paid);
            assert_eq!(deliver(&server, &webhook).await, StatusCode::OK);
            server.run_workers().await;
            assert_eq!(deliveries(&server).await[0].attempts, 0);
            assert!(deliveries(&server).await[0].next_at.is_some());
        };
        tokio::join!(server.run_workers(), meanwhile);
        assert_eq!(account(&server, &shop).await["balance"]["total"], "0");
        server.set_time("2026-11-22T08:00:08Z");
        server.run_workers().await;
        assert_eq!(account(&server, &shop).await, paid("500"));
    }
}

/// Bodies are bounded in size and time, and addresses in rate.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_are_bounded() {
    let provider = TestProvider::new();
    let server = Server::on_sqlite().await.paid_by([provider.shared()]).await;
    let now = server.services().clock.now();
    let signed = |bytes: usize| {
        let body =
            json!({ "delivery": bytes.to_string(), "topic": "t", "subject": {}, "rest": "" });
        let mut body = body.to_string();
        let rest = "x".repeat(bytes - body.len());
        body = body.replace("\"rest\":\"\"", &format!("\"rest\":\"{rest}\""));
        Webhook::signed(body.into_bytes(), WEBHOOK_SECRETS[0], now)
    };
    assert_eq!(deliver(&server, &signed(262_144)).await, StatusCode::OK);
    let too_large = signed(262_145);
    assert_eq!(
        deliver(&server, &too_large).await,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    // Without a length, the size is found while reading.
    let chunks = too_large
        .body
        .chunks(65_536)
        .map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec()));
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks.collect::<Vec<_>>()));
    let request = server
        .http()
        .post(server.url("/webhooks/test"))
        .headers(too_large.headers);
    let response = request.body(body).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(
        counted(&server, "test", "oversized").await.as_deref(),
        Some("2")
    );

    let address = server.url("").replace("http://", "");
    let mut slow = TcpStream::connect(&address).await.unwrap();
    let head =
        format!("POST /webhooks/test HTTP/1.1\r\nhost: {address}\r\ncontent-length: 100\r\n\r\n{{");
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    slow.read_exact(&mut answer).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 408");
    assert_eq!(counted(&server, "test", "slow").await.as_deref(), Some("1"));

    let rates = Rates {
        address: Rate::holding(1, 1),
        ..Rates::default()
    };
    let server = server.beside(|settings| {
        settings.payments = message_credits::payments::Providers::of([provider.shared()]);
        settings.rates = rates;
    });
    let server = server.await;
    let webhook = provider.webhook("1", &Subject::Nothing, now);
    let answers = [
        deliver(&server, &webhook).await,
        deliver(&server, &webhook).await,
    ];
    assert!(
        answers.contains(&StatusCode::TOO_MANY_REQUESTS),
        "{answers:?}"
    );
    // GET is no webhook.
    let got = server
        .http()
        .get(server.url("/webhooks/test"))
        .send()
        .await
        .unwrap();
    assert_eq!(got.status(), StatusCode::METHOD_NOT_ALLOWED);
}
