//! Law R5 on both databases: payments that their provider takes back.
//!
//! Here: from the provider's report to the account's debt, straight through the ledger, and random
//! histories. Not here: the law in the pure core (`domain/tests/book/chargebacks.rs`).

use domain::{
    credits::Credits,
    ending::Asker,
    id::{AccountId, LotId, MessageId, PurchaseId},
    payment::Event,
};
use entity::{book, purchase};
use jiff::Timestamp;
use message_credits::{
    clock::id_at,
    ledger::{Actor, Answer, End, Refused, Request, RequestKind, SubmitError},
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::{Value, json};

use crate::support::{
    Server, Tenant,
    books::{assert_sound, drifts},
    message::{send, to_italians},
    on_both_databases,
    purchase::{begin, package},
    sending::{account, new_message, sms, submit},
    test_provider::{Call, TestProvider, purchase_id},
};

const ACCOUNT: &str = r#"{ account {
    debt balance { total available held }
    purchases { nodes { status reversed { amount currencyCode } } }
    statement(month: "2026-11-01") { refunds { amount } credits {
        opening purchased recharged granted spent expired revoked chargedBack debtPaid closing } }
    transactions { nodes { kind credits postings { book credits } } } } }"#;
const TOTALS: &str = "query($input: UsageReportInput!) { usageReport(input: $input) {
    totals { messageCount credits } } }";

fn now(server: &Server) -> Timestamp {
    server.services().clock.now()
}

/// Buys and pays a package of this many credits, for a cent each; the lot's id too.
async fn bought(
    server: &Server,
    tenant: &Tenant,
    credits: i64,
    validity_days: Option<i32>,
) -> (PurchaseId, LotId) {
    let set = |row: &mut entity::credit_package::Model| row.validity_days = validity_days;
    let package = package(server, credits, credits, set).await;
    let purchase = purchase_id(&begin(server, tenant, &package).await["id"]);
    let lot = LotId::new(id_at(now(server)));
    let credit = RequestKind::Credit {
        purchase,
        lot,
        is_confirmed: true,
    };
    submit(server, tenant, now(server), credit).await;
    (purchase, lot)
}

async fn spend(server: &Server, tenant: &Tenant, recipients: u64) {
    let new = new_message(&sms(None, &now(server).to_string(), recipients));
    submit(server, tenant, now(server), RequestKind::Send(new)).await;
}

async fn hold(server: &Server, tenant: &Tenant, recipients: u64) -> MessageId {
    let mut new = new_message(&sms(None, &now(server).to_string(), recipients));
    new.send_at = Some("2028-01-01T08:00:00Z".parse().unwrap());
    let id = new.id;
    submit(server, tenant, now(server), RequestKind::Schedule(new)).await;
    id
}

async fn cancel(server: &Server, tenant: &Tenant, message: MessageId) {
    let end = RequestKind::End {
        message,
        list: None,
        end: End::Cancel(Asker::Account),
    };
    submit(server, tenant, now(server), end).await;
}

async fn ask(
    server: &Server,
    account: AccountId,
    kind: RequestKind,
) -> Result<Answer, SubmitError> {
    let request = Request {
        actor: Actor::ADMINISTRATOR,
        account,
        kind,
        key: None,
        at: None,
    };
    server.services().ledger.submit(request).await
}

/// Reports that so much of a price was taken back so far, in cents: whether it is news.
async fn reverse(server: &Server, tenant: &Tenant, purchase: PurchaseId, minor: i64) -> bool {
    let kind = RequestKind::Reverse { purchase, minor };
    match ask(server, account(tenant), kind).await {
        Ok(_) => true,
        Err(SubmitError::Refused(Refused::AlreadyReversed)) => false,
        Err(error) => panic!("{error}"),
    }
}

/// Available, held and owed credits.
async fn has(server: &Server, tenant: &Tenant) -> [i64; 3] {
    let read = "{ account { debt balance { available held } } }";
    let data = server.data(&tenant.owner, read, json!({})).await;
    let whole = |value: &Value| {
        let credits: Credits = value.as_str().unwrap().parse().unwrap();
        assert_eq!(credits.units() % 10_000, 0, "{credits}");
        credits.units() / 10_000
    };
    let account = &data["account"];
    let balance = &account["balance"];
    [&balance["available"], &balance["held"], &account["debt"]].map(whole)
}

/// The kinds of the newest entries, the newest first.
async fn kinds(server: &Server, tenant: &Tenant, count: usize) -> Vec<String> {
    let read = "{ account { transactions { nodes { kind } } } }";
    let data = server.data(&tenant.owner, read, json!({})).await;
    let nodes = data["account"]["transactions"]["nodes"].as_array().unwrap();
    let kind = |node: &Value| node["kind"].as_str().unwrap().to_owned();
    nodes.iter().take(count).map(kind).collect()
}

/// What is stored of the purchase: the part of the price, and the whole credits.
async fn reversed(server: &Server, tenant: &Tenant, purchase: PurchaseId) -> (i64, i64) {
    let id = (account(tenant).uuid(), purchase.uuid());
    let row = purchase::Entity::find_by_id(id);
    let row = row.one(server.services().store.reader()).await;
    let row = row.unwrap().unwrap();
    (row.reversed_minor, row.reversed_units / 10_000)
}

/// Has the job look at every purchase again, as a webhook does.
async fn look_again(server: &Server) {
    purchase::Entity::update_many()
        .col_expr(purchase::Column::NextAt, Expr::value(0_i64))
        .exec(server.services().store.writer())
        .await
        .unwrap();
    server.run_workers().await;
}

/// Random numbers of a seed (SplitMix64), below `end`.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(end).unwrap()).unwrap()
    }
}

/// A random history of purchases, sends, holds, corrections, expiries and parts that are taken
/// back. In the end every payment is taken back, and what was spent is owed.
async fn owes_what_it_spent(server: &Server, seed: u64) {
    let (mut random, tenant) = (Random(seed), server.account("Shop").await);
    let (mut payments, mut holds) = (Vec::new(), Vec::new());
    let mut spent = 0;
    for _ in 0..40 {
        let amount = 1 + random.below(60);
        let some = i64::try_from(amount).unwrap();
        let recipients = u64::try_from(amount).unwrap();
        let [available, ..] = has(server, &tenant).await;
        match random.below(9) {
            0..=2 => {
                let days = (random.below(3) == 0).then_some(2);
                let (purchase, lot) = bought(server, &tenant, some, days).await;
                payments.push((purchase, lot, some));
            }
            3 if some <= available => {
                spend(server, &tenant, recipients).await;
                spent += some;
            }
            4 if some <= available => holds.push(hold(server, &tenant, recipients).await),
            5 if !holds.is_empty() => {
                let message = holds.swap_remove(random.below(holds.len()));
                cancel(server, &tenant, message).await;
            }
            6 if !payments.is_empty() => {
                let (_, lot, _) = payments[random.below(payments.len())];
                let kind = RequestKind::Revoke {
                    lot: Some(lot),
                    credits: Credits::whole(3),
                    note: "for a test".to_owned(),
                };
                drop(ask(server, account(&tenant), kind).await);
            }
            7 if !payments.is_empty() => {
                let (purchase, _, price) = payments[random.below(payments.len())];
                let minor = i64::try_from(random.below(60)).unwrap();
                reverse(server, &tenant, purchase, minor.min(price)).await;
            }
            8 => {
                let later = now(server) + jiff::SignedDuration::from_hours(9);
                server.set_time(&later.to_string());
            }
            _ => {}
        }
    }
    for (purchase, lot, price) in payments {
        reverse(server, &tenant, purchase, price).await;
        let row = entity::lot::Entity::find_by_id((account(&tenant).uuid(), lot.uuid()));
        let row = row.one(server.services().store.reader()).await;
        assert_eq!(row.unwrap().unwrap().remaining_units, 0);
    }
    let [available, held, debt] = has(server, &tenant).await;
    assert_eq!((available, debt), (0, spent + held), "seed {seed}");
    for message in holds {
        cancel(server, &tenant, message).await;
    }
    assert_eq!(has(server, &tenant).await, [0, 0, spent], "seed {seed}");
    assert_sound(server).await;
}

on_both_databases! {
    /// From the provider's report on: what is left is revoked, what was spent is owed, the next
    /// purchase pays it, and usage stays as it was.
    async fn a_payment_that_is_taken_back_leaves_its_debt(server: Server) {
        let provider = TestProvider::new();
        let server = server.paid_by([provider.shared()]).await;
        let shop = server.account("Shop").await;
        let pay = async |credits: i64| {
            let package = package(&server, credits, 4_900, |_| {}).await;
            let purchase = purchase_id(&begin(&server, &shop, &package).await["id"]);
            provider.decide(purchase, Event::Paid);
            look_again(&server).await;
            purchase
        };
        let first = pay(100).await;
        send(&server, &shop, to_italians(60)).await;
        provider.take_back(first, 4_900);
        look_again(&server).await;
        let reads = provider.calls_about(Call::Read, first);
        look_again(&server).await;
        assert_eq!(provider.calls_about(Call::Read, first), reads + 1);
        let account = server.data(&shop.owner, ACCOUNT, json!({})).await["account"].take();
        assert_eq!(account["debt"], "60");
        assert_eq!(account["balance"], json!({ "total": "0", "available": "0", "held": "0" }));
        assert_eq!(account["purchases"]["nodes"], json!([
            { "status": "PAID", "reversed": { "amount": "49.00", "currencyCode": "EUR" } } ]));
        assert_eq!(account["transactions"]["nodes"][0], json!({
            "kind": "CHARGEBACK", "credits": "-40", "postings": [
                { "book": "AVAILABLE", "credits": "-40" },
                { "book": "REVOKED", "credits": "100" },
                { "book": "DEBT", "credits": "-60" } ] }));

        pay(100).await;
        let account = server.data(&shop.owner, ACCOUNT, json!({})).await["account"].take();
        assert_eq!(account["debt"], "0");
        assert_eq!(account["balance"]["available"], "40");
        assert_eq!(account["transactions"]["nodes"][0], json!({
            "kind": "DEBT_PAYMENT", "credits": "-60", "postings": [
                { "book": "AVAILABLE", "credits": "-60" }, { "book": "DEBT", "credits": "60" } ] }));
        assert_eq!(account["purchases"]["nodes"][0]["reversed"]["amount"], "0.00");
        assert_eq!(account["statement"], json!({
            "refunds": { "amount": "49.00" },
            "credits": { "opening": "0", "purchased": "200", "recharged": "0", "granted": "0", "spent": "60",
                "expired": "0", "revoked": "0", "chargedBack": "40", "debtPaid": "60", "closing": "40" } }));
        let input = json!({ "input": { "from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z" } });
        let report = server.data(&shop.owner, TOTALS, input).await;
        assert_eq!(report["usageReport"]["totals"], json!({ "messageCount": 1, "credits": "60" }));
        assert_sound(&server).await;
    }

    /// Parts add up, a repetition changes nothing, and no more than the price is taken back.
    async fn each_part_is_taken_back_once(server: Server) {
        let shop = server.account("Shop").await;
        let (purchase, _) = bought(&server, &shop, 300, None).await;
        spend(&server, &shop, 100).await;
        for (minor, is_news, left, parts) in [
            (0, false, [200, 0, 0], (0, 0)),
            (75, true, [125, 0, 0], (75, 75)),
            (75, false, [125, 0, 0], (75, 75)),
            (10, false, [125, 0, 0], (75, 75)),
            (250, true, [0, 0, 50], (250, 250)),
            (i64::MAX, true, [0, 0, 100], (300, 300)),
            (300, false, [0, 0, 100], (300, 300)),
            (i64::MAX, false, [0, 0, 100], (300, 300)),
        ] {
            assert_eq!(reverse(&server, &shop, purchase, minor).await, is_news, "{minor}");
            assert_eq!(has(&server, &shop).await, left, "{minor}");
            assert_eq!(reversed(&server, &shop, purchase).await, parts, "{minor}");
        }
        assert_sound(&server).await;
    }

    /// However many report it at once, a payment is taken back once.
    async fn concurrent_reports_take_back_once(server: Server) {
        let shop = server.account("Shop").await;
        let (purchase, lot) = bought(&server, &shop, 300, None).await;
        spend(&server, &shop, 100).await;
        // In one batch with a correction of the same lot, whose credits are not owed.
        let kind = RequestKind::Revoke { lot: Some(lot), credits: Credits::whole(20), note: "a mistake".to_owned() };
        let revoke = ask(&server, account(&shop), kind);
        let reports = (0..20).map(|_| reverse(&server, &shop, purchase, 300));
        let (revoked, news) = futures_util::join!(revoke, futures_util::future::join_all(reports));
        revoked.unwrap();
        assert_eq!(news.into_iter().filter(|is_news| *is_news).count(), 1);
        assert_eq!(has(&server, &shop).await, [0, 0, 100]);
        assert_sound(&server).await;
    }

    /// Held credits are owed until they come back, to their own lot. What comes back beyond the
    /// debt was paid for, and stays.
    async fn held_credits_pay_their_debt_when_they_come_back(server: Server) {
        let shop = server.account("Shop").await;
        let (purchase, _) = bought(&server, &shop, 100, None).await;
        let (first, second) = (hold(&server, &shop, 30).await, hold(&server, &shop, 20).await);
        spend(&server, &shop, 50).await;
        reverse(&server, &shop, purchase, 100).await;
        assert_eq!(has(&server, &shop).await, [0, 50, 100]);
        cancel(&server, &shop, first).await;
        assert_eq!(kinds(&server, &shop, 2).await, ["DEBT_PAYMENT", "RELEASE"]);
        assert_eq!(has(&server, &shop).await, [0, 20, 70]);
        // A grant pays nothing, a purchase all of it.
        server.grant(&shop, "5").await;
        assert_eq!(has(&server, &shop).await, [5, 20, 70]);
        bought(&server, &shop, 90, None).await;
        assert_eq!(has(&server, &shop).await, [25, 20, 0]);
        cancel(&server, &shop, second).await;
        assert_eq!(has(&server, &shop).await, [45, 0, 0]);
        assert_sound(&server).await;
    }

    /// What has expired, booked or not, is not owed.
    async fn expired_credits_are_not_owed(server: Server) {
        let shop = server.account("Shop").await;
        let (purchase, _) = bought(&server, &shop, 100, Some(2)).await;
        let waits = hold(&server, &shop, 10).await;
        spend(&server, &shop, 30).await;
        server.set_time("2026-11-25T00:00:00Z");
        reverse(&server, &shop, purchase, 100).await;
        assert_eq!(kinds(&server, &shop, 2).await, ["CHARGEBACK", "EXPIRY"]);
        assert_eq!(has(&server, &shop).await, [0, 10, 40]);
        assert_eq!(reversed(&server, &shop, purchase).await, (100, 40));
        // Too late to be sent with, and in time to be owed no more.
        cancel(&server, &shop, waits).await;
        assert_eq!(has(&server, &shop).await, [0, 0, 30]);

        let (purchase, _) = bought(&server, &shop, 80, Some(2)).await;
        assert_eq!(has(&server, &shop).await, [50, 0, 0]);
        server.set_time("2026-11-28T00:00:00Z");
        server.run_workers().await;
        reverse(&server, &shop, purchase, 80).await;
        // What paid a debt is owed again.
        assert_eq!(has(&server, &shop).await, [0, 0, 30]);
        assert_sound(&server).await;
    }

    /// What is left may have been assigned to lists: it comes off the unassigned pool first.
    async fn lists_with_a_limit_lose_their_share(server: Server) {
        let shop = server.account("Shop").await;
        let (purchase, _) = bought(&server, &shop, 100, None).await;
        server.grant(&shop, "10").await;
        let list = server.list(&shop, "Limited", json!([])).await;
        let allocate = "mutation($input: AllocateCreditsInput!) { allocateCredits(input: $input) {
            userErrors { field message } } }";
        let allocations = json!([{ "listId": list, "mode": "LIMITED", "assigned": "105" }]);
        server.done(&shop.owner, allocate, json!({ "allocations": allocations })).await;
        reverse(&server, &shop, purchase, 100).await;
        let read = "query($id: ID!, $kinds: [TransactionKind!]) { account {
            balance { available assigned unassigned }
            transactions(filter: { listId: $id, kinds: $kinds }) { nodes { kind } } } }";
        let variables = json!({ "id": list, "kinds": ["CHARGEBACK"] });
        let data = server.data(&shop.owner, read, variables).await;
        assert_eq!(data["account"], json!({
            "balance": { "available": "10", "assigned": "10", "unassigned": "0" },
            "transactions": { "nodes": [{ "kind": "CHARGEBACK" }] } }));
        assert_sound(&server).await;
    }

    /// Nothing is taken back of a payment that was not made, of a foreign one, or of one whose lot
    /// was not recorded.
    async fn what_can_not_be_taken_back_is_refused(server: Server) {
        let (shop, other) = (server.account("Shop").await, server.account("Other").await);
        let package = package(&server, 100, 100, |_| {}).await;
        let unpaid = purchase_id(&begin(&server, &shop, &package).await["id"]);
        let (paid, _) = bought(&server, &shop, 100, None).await;
        let (without_lot, _) = bought(&server, &shop, 50, None).await;
        purchase::Entity::update_many()
            .col_expr(purchase::Column::LotId, Expr::value(Option::<uuid::Uuid>::None))
            .filter(purchase::Column::Id.eq(without_lot.uuid()))
            .exec(server.services().store.writer()).await.unwrap();
        for (tenant, purchase, expected) in [
            (&shop, unpaid, Refused::NotPaid),
            (&other, paid, Refused::UnknownPurchase),
            (&shop, without_lot, Refused::UnknownLot),
        ] {
            let kind = RequestKind::Reverse { purchase, minor: 10 };
            let refused = ask(&server, account(tenant), kind).await;
            assert!(matches!(&refused, Err(SubmitError::Refused(found)) if *found == expected), "{refused:?}");
        }
        assert_eq!(has(&server, &shop).await, [150, 0, 0]);
        assert_sound(&server).await;
    }

    /// The books of a debt verify, and a changed debt is named.
    async fn a_changed_debt_is_named(server: Server) {
        let shop = server.account("Shop").await;
        let (purchase, _) = bought(&server, &shop, 100, None).await;
        spend(&server, &shop, 60).await;
        reverse(&server, &shop, purchase, 100).await;
        assert_sound(&server).await;
        let writer = server.services().store.writer();
        let change = |units: i64| book::Entity::update_many()
            .col_expr(book::Column::DebtUnits, Expr::value(units * 10_000));
        change(59).exec(writer).await.unwrap();
        assert_eq!(drifts(&server).await, [format!(
            "{}: debt at the head of the books: expected 60 credits, found 59 credits", shop.id)]);
        change(60).exec(writer).await.unwrap();
        assert_sound(&server).await;
        writer.execute_unprepared("UPDATE lots SET taken_back = FALSE").await.unwrap();
        let found = drifts(&server).await;
        assert!(found.len() == 1 && found[0].contains("was taken back: expected true, found false"), "{found:?}");
    }

    /// No order of purchases, sends, expiries and parts that are taken back makes a difference.
    async fn who_has_paid_nothing_owes_what_was_spent(server: Server) {
        for seed in 1..=4 {
            owes_what_it_spent(&server, seed).await;
        }
    }
}
