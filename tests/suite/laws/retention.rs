//! Erasing texts, people and keys leaves the books and the reports as they are (laws E1, E2 and
//! B4), on what is stored: every table, and on SQLite every byte of the file.

use entity::{erasure, idempotency_key};
use futures_util::future::join_all;
use message_credits::{
    app::Settings,
    http::connections::Limits,
    operations::{retention::Retention, usage_rollup::rebuild_usage},
};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use crate::support::{
    Server, Tenant,
    books::assert_sound,
    message::{SCHEDULE, SEND, schedule, scheduled, send, to_italians},
    new_key, on_both_databases, postgres_database,
    sending::{account, grant_at, send_all, sms},
    stored_texts::places_of,
};

/// A word of every text and name that is to be erased.
const ERASED: &str = "Zanzibar";
/// A word of those that must stay.
const KEPT: &str = "Kilimanjaro";
const LATER: &str = "2027-07-01T08:00:00Z";
const MESSAGE: &str = "query($id: ID!) { node(id: $id) { ... on Message {
    name text erasedAt status credits segmentCount sendAt sentAt list { id } lines { countryCode credits } } } }";
const UPDATE: &str = "mutation($input: UpdateAccountInput!) { updateAccount(input: $input) {
    account { retentionMonths } userErrors { field message code } } }";
const FIGURES: &str = "query($id: ID!, $report: UsageReportInput!) {
    account(id: $id) { balance(at: \"2026-11-25T00:00:00Z\") { total available held }
        messages(first: 10) { nodes { id status credits recipientCount segmentCount lines { countryCode credits } } }
        transactions(first: 20) { nodes { id kind credits } } }
    usageReport(input: $report) { totals { messageCount recipientCount segmentCount credits cost { amount } }
        lists { list { name } usage { credits } } countries { countryCode usage { credits } }
        buckets { start usage { credits } } } }";
const ERASE: &str = "mutation($input: ErasePersonInput!) { erasePerson(input: $input) {
    contactCount importRowCount messageCount nextAccountId userErrors { field code } } }";

async fn figures(server: &Server, shop: &Tenant) -> Value {
    let report = json!({ "from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z", "accountId": shop.id });
    let variables = json!({ "id": shop.id, "report": report });
    server.data(&shop.owner, FIGURES, variables).await
}

async fn message(server: &Server, shop: &Tenant, id: &Value) -> Value {
    let mut data = server.data(&shop.owner, MESSAGE, json!({ "id": id })).await;
    data["node"].take()
}

/// The messages of November as a CSV file.
async fn csv(server: &Server, shop: &Tenant) -> String {
    let link = "query($input: UsageReportInput!) {
        usageReportDownload(input: $input, format: CSV) { url } }";
    let input = json!({ "from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z" });
    let data = server
        .data(&shop.owner, link, json!({ "input": input }))
        .await;
    let url = data["usageReportDownload"]["url"].as_str().unwrap();
    let response = server.http().get(url).send().await.unwrap();
    response.text().await.unwrap()
}

async fn keep_for(server: &Server, shop: &Tenant, months: Value) -> Value {
    let input = json!({ "accountId": shop.id, "retentionMonths": months });
    let mut done = server.done(server.admin_key(), UPDATE, input).await;
    done["account"]["retentionMonths"].take()
}

/// Contacts, rejected rows and messages that were erased.
async fn erase(server: &Server, key: &str, input: Value) -> [i64; 3] {
    let done = server.done(key, ERASE, input).await;
    assert_eq!(done["nextAccountId"], Value::Null, "{done}");
    ["contactCount", "importRowCount", "messageCount"].map(|field| done[field].as_i64().unwrap())
}

on_both_databases! {
    async fn erasing_what_is_old_changes_no_figure(server: Server) {
        let shop = server.account("Shop").await;
        server.grant(&shop, "1000").await;
        let list = server.list(&shop, "Newsletter", json!([])).await;
        let file = format!("phone,name\n+393401230001,Ann\n+393401230002,Bob\nno number: {ERASED},Cid\n");
        let variables = json!({ "list": list, "country": "IT" });
        let imported = server.import_with(&shop.owner, variables, ("Zanzibar.csv", file)).await;
        assert_eq!((&imported["importedCount"], &imported["rejected"][0]["line"]), (&json!(2), &json!(4)));
        let of_list = |text: &str| json!({ "listId": list, "text": text, "name": text });
        let key = new_key();
        let mut input = of_list("Zanzibar, sent");
        input["idempotencyKey"] = json!(key);
        let sent = server.done(&shop.owner, SEND, input.clone()).await["message"]["id"].take();
        let soon = "2026-11-23T08:00:00Z";
        let settled = scheduled(&server, &shop, soon, of_list("Zanzibar, settled")).await;
        let cancelled = scheduled(&server, &shop, soon, of_list("Zanzibar, cancelled")).await;
        let cancel = "mutation($input: CancelMessageInput!) { cancelMessage(input: $input) { userErrors { code } } }";
        server.done(&shop.owner, cancel, json!({ "messageId": cancelled, "idempotencyKey": new_key() })).await;
        let waiting = scheduled(&server, &shop, "2028-01-01T08:00:00Z", of_list("Kilimanjaro, scheduled")).await;
        server.set_time("2026-11-25T08:00:00Z");
        server.run_workers().await;
        let before = figures(&server, &shop).await;
        let rows = csv(&server, &shop).await;
        assert_eq!(rows.matches(ERASED).count(), 2, "{rows}");
        assert!(places_of(&server, ERASED).await.len() >= 3);

        assert_eq!(keep_for(&server, &shop, json!(6)).await, 6);
        server.set_time(LATER);
        server.run_workers().await;
        for id in [&sent, &settled, &cancelled] {
            let erased = message(&server, &shop, id).await;
            assert_eq!((&erased["name"], &erased["text"]), (&Value::Null, &Value::Null), "{erased}");
            assert_eq!(erased["erasedAt"], LATER, "{erased}");
        }
        let kept = message(&server, &shop, &waiting).await;
        assert_eq!(kept["text"], "Kilimanjaro, scheduled");
        assert_eq!((&kept["status"], &kept["erasedAt"]), (&json!("SCHEDULED"), &Value::Null));

        assert_eq!(places_of(&server, ERASED).await, Vec::<String>::new());
        assert!(!places_of(&server, KEPT).await.is_empty(), "the search finds what is there");
        assert_eq!(figures(&server, &shop).await, before);
        let erased = csv(&server, &shop).await;
        let emptied = |row: &str| row.replace("\"Zanzibar, sent\"", "(erased)").replace("\"Zanzibar, settled\"", "(erased)");
        assert_eq!(erased, emptied(&rows));
        assert_sound(&server).await;
        let (store, clock) = (&server.services().store, &server.services().clock);
        rebuild_usage(store, clock, None, |_| {}).await.unwrap();
        assert_eq!(figures(&server, &shop).await, before);
        assert_sound(&server).await;

        // The key still has its first answer, without the text.
        let again = server.done(&shop.owner, SEND, input).await;
        assert_eq!((&again["message"]["id"], &again["message"]["text"]), (&sent, &Value::Null));
        assert_eq!(figures(&server, &shop).await, before);
    }

    async fn what_may_still_change_is_not_erased(server: Server) {
        let shop = server.account("Shop").await;
        server.grant(&shop, "1000").await;
        let reported = json!({ "accountId": shop.id, "settlement": "REPORTED" });
        server.done(server.admin_key(), UPDATE, reported).await;
        let mut input = to_italians(3);
        input["text"] = json!("Zanzibar");
        let overdue = scheduled(&server, &shop, "2026-11-23T08:00:00Z", input.clone()).await;
        let sent = send(&server, &shop, input).await["message"]["id"].take();
        keep_for(&server, &shop, json!(1)).await;
        server.set_time(LATER);
        server.run_workers().await;
        assert_eq!(message(&server, &shop, &overdue).await["text"], "Zanzibar");
        assert_eq!(message(&server, &shop, &sent).await["text"], Value::Null);
        let settle = "mutation($input: SettleMessageInput!) { settleMessage(input: $input) { userErrors { code } } }";
        server.done(&shop.owner, settle, json!({ "messageId": overdue, "idempotencyKey": new_key() })).await;
        server.set_time("2027-07-02T08:00:00Z");
        server.run_workers().await;
        let settled = message(&server, &shop, &overdue).await;
        assert_eq!((&settled["text"], &settled["credits"]), (&Value::Null, &json!("3")));
        assert_sound(&server).await;
    }

    async fn only_the_platform_says_how_long_texts_are_kept(server: Server) {
        let shop = server.account("Shop").await;
        assert_eq!(keep_for(&server, &shop, json!(0)).await, 0);
        assert_eq!(keep_for(&server, &shop, json!(1_200)).await, 1_200);
        assert_eq!(keep_for(&server, &shop, Value::Null).await, Value::Null);
        for (key, months) in [(server.admin_key(), -1), (server.admin_key(), 1_201), (shop.owner.as_str(), 6)] {
            let input = json!({ "input": { "accountId": shop.id, "retentionMonths": months } });
            let response = server.graphql(Some(key), UPDATE, input).await;
            let error = &response["data"]["updateAccount"]["userErrors"][0];
            assert_eq!(error["field"], json!(["input", "retentionMonths"]), "{response}");
        }
    }

    async fn a_person_is_erased_everywhere(server: Server) {
        let (shop, other) = (server.account("Shop").await, server.account("Other").await);
        let mut lists = Vec::new();
        for (tenant, name) in [(&shop, "A"), (&shop, "B"), (&other, "C")] {
            let list = server.list(tenant, name, json!([])).await;
            let file = "phone,name\n+393401230001,Ann\n+393401230002,Bob\n";
            assert_eq!(server.import(&tenant.owner, &list, file).await["importedCount"], 2);
            lists.push(list);
        }
        let file = "phone\ncall 340 1230001 or none\ncall 340 1239999 or none\n";
        let refused = server.import(&shop.owner, &lists[0], file).await;
        assert_eq!(refused["rejected"].as_array().unwrap().len(), 2, "{refused}");
        server.grant(&shop, "1000").await;
        let mut about = to_italians(1);
        about["text"] = json!("Zanzibar: your parcel");
        let about = send(&server, &shop, about).await["message"]["id"].take();
        let soon = "2026-11-23T08:00:00Z";
        let input = json!({ "listId": lists[0], "text": "Hi" });
        let waiting = schedule(&server, &shop, soon, input).await["message"]["id"].take();

        let person = json!({ "phoneNumber": "+39 340 123 0001", "messageIds": [about, waiting] });
        assert_eq!(erase(&server, &shop.owner, person.clone()).await, [2, 1, 1]);
        assert_eq!(erase(&server, &shop.owner, person).await, [0, 0, 0]);
        assert_eq!(message(&server, &shop, &about).await["text"], Value::Null);
        assert_eq!(message(&server, &shop, &waiting).await["text"], "Hi");
        assert_eq!(places_of(&server, ERASED).await, Vec::<String>::new());
        assert_eq!(places_of(&server, "340 1230001").await, Vec::<String>::new());
        assert!(!places_of(&server, "340 1239999").await.is_empty(), "another's row stays");
        assert_eq!(places_of(&server, "393401230001").await, ["contacts.number"], "the other account's");
        let departed = "query($id: ID!) { node(id: $id) { ... on Message { departedRecipientCount } } }";
        let departed = server.data(&shop.owner, departed, json!({ "id": waiting })).await;
        assert_eq!(departed["node"]["departedRecipientCount"], 1);

        // The platform, in every account.
        let person = json!({ "phoneNumber": "+393401230001" });
        assert_eq!(erase(&server, server.admin_key(), person.clone()).await, [1, 0, 0]);
        assert_eq!(places_of(&server, "393401230001").await, Vec::<String>::new());
        let mut from = person;
        from["fromAccountId"] = json!(other.id);
        assert_eq!(erase(&server, server.admin_key(), from).await, [0, 0, 0]);

        // Each call of an account is on record, and in all accounts each that had the number.
        let erasures = erasure::Entity::find().all(server.services().store.reader()).await.unwrap();
        let counts = |tenant: &Tenant| -> Vec<[i64; 3]> {
            let own = erasures.iter().filter(|row| row.account_id == account(tenant).uuid());
            own.map(|row| [row.contacts, row.import_rows, row.messages]).collect()
        };
        assert_eq!(counts(&shop), [[2, 1, 1], [0, 0, 0]]);
        assert_eq!(counts(&other), [[1, 0, 0]]);
        server.set_time(soon);
        server.run_workers().await;
        assert_eq!(message(&server, &shop, &waiting).await["credits"], "1");
        assert_sound(&server).await;
    }

    async fn a_person_is_named_with_an_account_of_ones_own(server: Server) {
        let (shop, other) = (server.account("Shop").await, server.account("Other").await);
        let number = "+393401230001";
        let admin = server.admin_key();
        for (key, mut input, field) in [
            (shop.owner.as_str(), json!({ "accountId": other.id }), "accountId"),
            (shop.owner.as_str(), json!({ "fromAccountId": other.id }), "fromAccountId"),
            (shop.owner.as_str(), json!({ "phoneNumber": "12" }), "phoneNumber"),
            (admin, json!({ "fromAccountId": other.id, "accountId": other.id }), "fromAccountId"),
            (admin, json!({ "messageIds": ["msg_01m8149t9ye00802ez7n0q2ad4"] }), "messageIds"),
        ] {
            if input.get("phoneNumber").is_none() {
                input["phoneNumber"] = json!(number);
            }
            let response = server.graphql(Some(key), ERASE, json!({ "input": input })).await;
            let error = &response["data"]["erasePerson"]["userErrors"][0];
            assert_eq!(error["field"][1], field, "{response}");
        }
    }

    /// Sends go on while a long history is erased, and nothing of it is passed over.
    async fn sends_go_on_while_texts_are_erased(server: Server) {
        let shop = server.account("Shop").await;
        grant_at(&server, &shop, "2026-01-01T00:00:00Z", 10_000).await;
        let old: Vec<_> = (0..1_300)
            .map(|number| {
                let (minute, second) = (number / 60, number % 60);
                let mut message = sms(None, &format!("2026-03-01T00:{minute:02}:{second:02}Z"), 1);
                message.text = "Zanzibar".to_owned();
                message
            })
            .collect();
        send_all(&server, &shop, &old).await;
        keep_for(&server, &shop, json!(2)).await;
        let sends = join_all((0..40).map(|_| send(&server, &shop, to_italians(1))));
        let erasing = async {
            for _ in 0..3 {
                server.run_workers().await;
            }
        };
        let (sent, ()) = tokio::join!(sends, erasing);
        assert_eq!(sent.len(), 40);
        assert_eq!(places_of(&server, ERASED).await, Vec::<String>::new());
        for payload in sent {
            assert_eq!(message(&server, &shop, &payload["message"]["id"]).await["erasedAt"], Value::Null);
        }
        assert_sound(&server).await;
    }

    /// A sweep that one process works on is left alone by the others until its claim is over.
    async fn one_process_works_on_a_sweep(server: Server) {
        let (store, now) = (&server.services().store, server.services().clock.now());
        let later = now + jiff::SignedDuration::from_mins(1);
        let claim = |at| message_credits::store::retention::claim_due(store.writer(), at, later);
        assert_eq!(claim(now).await.unwrap().len(), 2);
        assert_eq!(claim(now).await.unwrap().len(), 0);
        assert_eq!(server.services().erase_what_is_old().await.unwrap(), 0);
        assert_eq!(claim(later).await.unwrap().len(), 2, "its process died");
    }
}

fn keys_for_90_days(settings: &mut Settings) {
    settings.retention = Retention {
        months: None,
        key_days: Some(90),
    };
}

/// The keys of messages, in order.
async fn keys(server: &Server) -> Vec<String> {
    let keys = idempotency_key::Entity::find()
        .all(server.services().store.reader())
        .await
        .unwrap();
    let keys = keys.into_iter().map(|row| row.key);
    let mut keys: Vec<String> = keys.filter(|key| key.len() < 10).collect();
    keys.sort();
    keys
}

/// A key that is older than its time is a new one; a younger one has its first answer, and so has
/// one whose message is still scheduled.
async fn keys_end(server: Server) {
    let shop = server.account("Shop").await;
    server.grant(&shop, "1000").await;
    let input = |key: &str| {
        let mut input = to_italians(1);
        input["idempotencyKey"] = json!(key);
        input
    };
    let id = |mut payload: Value| payload["message"]["id"].take();
    let old = id(server.done(&shop.owner, SEND, input("old")).await);
    let mut schedules = input("scheduled");
    schedules["sendAt"] = json!("2028-01-01T08:00:00Z");
    let scheduled = id(server.done(&shop.owner, SCHEDULE, schedules.clone()).await);
    server.set_time("2026-12-01T08:00:00Z");
    let young = id(server.done(&shop.owner, SEND, input("young")).await);
    // A day before its end.
    server.set_time("2027-02-19T08:00:00Z");
    server.run_workers().await;
    assert_eq!(id(server.done(&shop.owner, SEND, input("old")).await), old);
    // 90 days later to the second, and before the younger key's.
    server.set_time("2027-02-20T08:00:01Z");
    server.run_workers().await;
    assert_eq!(keys(&server).await, ["scheduled", "young"]);
    assert_ne!(id(server.done(&shop.owner, SEND, input("old")).await), old);
    assert_eq!(
        id(server.done(&shop.owner, SEND, input("young")).await),
        young
    );
    assert_eq!(
        id(server.done(&shop.owner, SCHEDULE, schedules.clone()).await),
        scheduled
    );
    // Once it is settled, its key ends too.
    server.set_time("2028-01-01T08:00:00Z");
    server.run_workers().await;
    server.set_time("2028-01-02T08:00:01Z");
    server.run_workers().await;
    assert_eq!(keys(&server).await, Vec::<String>::new());
    schedules["sendAt"] = json!("2028-03-01T08:00:00Z");
    assert_ne!(
        id(server.done(&shop.owner, SCHEDULE, schedules).await),
        scheduled
    );
    assert_sound(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_end_after_their_time_on_sqlite() {
    keys_end(Server::with(Limits::default(), keys_for_90_days).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_end_after_their_time_on_postgres() {
    if let Some(url) = postgres_database().await {
        keys_end(Server::on_postgres_at(&url, keys_for_90_days).await).await;
    }
}
