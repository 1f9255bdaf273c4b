//! Usage by day and by month: it survives a change of zone, wrong sums are found and rebuilt, and
//! earlier messages are added up. That it equals the messages for any report is tested in
//! [`crate::laws::usage_laws`].

use domain::calendar::buckets::Interval;
use entity::book;
use jiff::{SignedDuration, Timestamp};
use message_credits::{
    clock::Clock,
    operations::{
        usage_report::{UsageReport, UsageReportRequest},
        usage_rollup::rebuild_usage,
    },
    reports::usage::{Parts, Source},
};
use sea_orm::{ConnectionTrait, EntityTrait, Statement, Value};
use serde_json::json;

use crate::support::{
    Server, Tenant,
    account::set_zone,
    books::drifts,
    on_both_databases,
    sending::{self, account, grant_at, send_all},
    usage::{Numbers, message, roll_up, shop_in, viewer},
};

/// Around changes of the clocks and ends of months, in 2026.
const STARTS: [&str; 3] = [
    "2026-03-07T12:00:00Z",
    "2026-04-03T10:00:00Z",
    "2026-10-31T20:00:00Z",
];

/// An account in a zone, with messages sent at random around the changes of its clocks.
async fn shop(server: &Server, zone: &str, numbers: &mut Numbers) -> Tenant {
    let (tenant, lists) = shop_in(server, zone).await;
    let card = sending::card(server, 12_345_678, "EUR").await;
    for start in STARTS {
        let start: Timestamp = start.parse().unwrap();
        let mut instants: Vec<Timestamp> = (0..40)
            .map(|_| {
                let seconds = i64::try_from(numbers.below(3 * 86_400)).unwrap();
                start + SignedDuration::from_secs(seconds)
            })
            .collect();
        instants.sort_unstable();
        let messages = instants
            .iter()
            .map(|at| message(numbers, &lists, card, *at));
        send_all(server, &tenant, &messages.collect::<Vec<_>>()).await;
    }
    tenant
}

/// Both ways to read a report give the same result.
async fn check_reports(server: &Server, tenant: &Tenant) {
    let parts = Parts {
        buckets: true,
        lists: true,
        countries: true,
        ..Parts::default()
    };
    for interval in [Interval::Day, Interval::Month] {
        let request = UsageReportRequest {
            account: Some(account(tenant)),
            from: "2026-03-01T00:00:00+01:00".to_owned(),
            to: "2026-11-22T00:00:00+01:00".to_owned(),
            interval,
            time_zone: None,
            lists: None,
            countries: None,
            channel: None,
            actor: None,
            part_of: None,
        };
        let services = server.services();
        let report = services.usage_report(&viewer(), request).await.unwrap();
        let slow = UsageReport {
            source: Source::Messages,
            ..report.clone()
        };
        let days = services.usage_alone(&report, parts).await.unwrap().figures;
        let messages = services.usage_alone(&slow, parts).await.unwrap().figures;
        assert_eq!(days, messages);
        assert_eq!(days.report.totals.messages, 120);
    }
}

async fn execute(server: &Server, text: &str, values: Vec<Value>) {
    let writer = server.services().store.writer();
    let statement = Statement::from_sql_and_values(writer.get_database_backend(), text, values);
    writer.execute_raw(statement).await.unwrap();
}

async fn rows(server: &Server, tenant: &Tenant) -> i64 {
    let reader = server.services().store.reader();
    let statement = Statement::from_sql_and_values(
        reader.get_database_backend(),
        "SELECT COUNT(*) AS n FROM usage_rollups WHERE account_id = $1",
        [account(tenant).uuid().into()],
    );
    let row = reader.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get("", "n").unwrap()
}

/// The usage that waits in the account's book.
async fn recent(server: &Server, tenant: &Tenant) -> String {
    let reader = server.services().store.reader();
    let row = book::Entity::find_by_id(account(tenant).uuid()).one(reader);
    row.await.unwrap().unwrap().recent_usage
}

/// The totals' credits in a report by an interval.
async fn credits(server: &Server, tenant: &Tenant, interval: &str) -> String {
    let read = "query($input: UsageReportInput!) { usageReport(input: $input) {
        totals { credits } buckets { start } } }";
    let input = json!({
        "accountId": tenant.id, "interval": interval,
        "from": "2026-03-01T00:00:00+01:00", "to": "2026-05-01T00:00:00+02:00",
    });
    let data = server
        .data(&tenant.owner, read, json!({ "input": input }))
        .await;
    data["usageReport"]["totals"]["credits"]
        .as_str()
        .unwrap()
        .to_owned()
}

on_both_databases! {
    /// A change of zone leaves no day of the old one; the same zone again changes nothing.
    async fn a_change_of_zone_restarts_usage_by_day(server: Server) {
        let tenant = shop(&server, "Europe/Rome", &mut Numbers(11)).await;
        assert!(rows(&server, &tenant).await > 20);
        set_zone(&server, &tenant, "Asia/Kathmandu").await;
        assert_eq!(rows(&server, &tenant).await, 0);
        roll_up(&server).await;
        let added = rows(&server, &tenant).await;
        assert!(added > 20);
        set_zone(&server, &tenant, "Asia/Kathmandu").await;
        assert_eq!(rows(&server, &tenant).await, added);
        check_reports(&server, &tenant).await;
        assert_eq!(drifts(&server).await, [""; 0]);
    }

    /// Whole days are read from usage by day, cut days from the messages. A wrong sum is named, and
    /// mended by adding up again.
    async fn differing_sums_are_named_and_rebuilt(server: Server) {
        let tenant = shop(&server, "Europe/Rome", &mut Numbers(13)).await;
        let other = server.account("Other").await;
        let right = credits(&server, &tenant, "DAY").await;
        let id = account(&tenant).uuid();
        let day = "2026-04-04T00:00:00+02:00".parse::<Timestamp>().unwrap().as_microsecond();
        let change = "UPDATE usage_rollups SET units = units + 10000 WHERE account_id = $1 AND day_start = $2
            AND kind = 'ALL' AND channel = 'SMS' AND rate_card_id = (SELECT MIN(rate_card_id) FROM usage_rollups
            WHERE account_id = $1 AND day_start = $2 AND kind = 'ALL' AND channel = 'SMS')";
        let change = if server.services().store.backend() == sea_orm::DatabaseBackend::Postgres {
            change.replace("MIN(rate_card_id)", "CAST(MIN(CAST(rate_card_id AS TEXT)) AS UUID)")
        } else {
            change.to_owned()
        };
        for (step, expected) in [(1, true), (-1, false)] {
            let month = "UPDATE usage_rollups SET units = units + $2 WHERE account_id = $1 AND kind = 'LIST_MONTH'";
            execute(&server, month, vec![id.into(), i64::from(step).into()]).await;
            let found = drifts(&server).await;
            let is_named = found.iter().any(|drift| drift.contains("usage of the month from 2026-04-01 by list "));
            assert_eq!(is_named, expected, "{found:?}");
        }
        execute(&server, &change, vec![id.into(), day.into()]).await;
        assert_ne!(credits(&server, &tenant, "DAY").await, right);
        assert_eq!(credits(&server, &tenant, "HOUR").await, right);
        let found = drifts(&server).await;
        assert_eq!(found.len(), 1, "{found:?}");
        let name = format!("{}: usage of 2026-04-04 by all lists (Sms): expected ", tenant.id);
        assert!(found[0].starts_with(&name), "{found:?}");

        let remove = "DELETE FROM usage_rollups WHERE account_id = $1 AND day_start = $2 AND kind = 'COUNTRY'";
        execute(&server, remove, vec![id.into(), day.into()]).await;
        assert!(drifts(&server).await.iter().any(|drift| drift.contains("by country IT") && drift.contains("found 0 messages")));
        let invent = "INSERT INTO usage_rollups SELECT account_id, kind, day_start + 3600000000, key, channel, rate_card_id,
            messages, recipients, segments, units FROM usage_rollups WHERE account_id = $1 AND day_start = $2 AND kind = 'LIST'";
        execute(&server, invent, vec![id.into(), day.into()]).await;
        assert!(drifts(&server).await.iter().any(|drift| drift.contains("expected 0 messages")));

        let store = &server.services().store;
        let clock = Clock::fixed("2026-11-22T08:00:00Z".parse().unwrap());
        let mut heard = Vec::new();
        let done = rebuild_usage(store, &clock, Some(account(&other)), |count| heard.push(count)).await;
        assert_eq!(done.unwrap(), 1);
        assert_ne!(drifts(&server).await, [""; 0]);
        let done = rebuild_usage(store, &clock, None, |count| heard.push(count)).await;
        assert_eq!(done.unwrap(), 2);
        assert_eq!(heard, [1, 1, 2]);
        assert_eq!(drifts(&server).await, [""; 0]);
        assert_eq!(credits(&server, &tenant, "DAY").await, right);
    }

    /// The latest usage waits in the book, and counts all the same, until it grows too large.
    async fn recent_usage_waits_in_the_book(server: Server) {
        let tenant = server.account("Shop").await;
        grant_at(&server, &tenant, "2026-01-01T00:00:00Z", 100_000_000).await;
        let card = sending::card(&server, 12_345_678, "EUR").await;
        let (mut numbers, mut messages) = (Numbers(19), Vec::new());
        for hour in 0..3 {
            let at = "2026-04-04T10:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(hour);
            messages.push(message(&mut numbers, &[], card, at));
        }
        send_all(&server, &tenant, &messages).await;
        assert_eq!(rows(&server, &tenant).await, 0);
        let waiting = recent(&server, &tenant).await;
        assert!(waiting.contains("\"COUNTRY\""), "{waiting}");
        let right = credits(&server, &tenant, "HOUR").await;
        assert_ne!(right, "0");
        assert_eq!(credits(&server, &tenant, "DAY").await, right);
        assert_eq!(drifts(&server).await, [""; 0]);

        let id = account(&tenant).uuid();
        let tampered = r#"UPDATE books SET recent_usage = REPLACE(recent_usage, '",[', '",[1') WHERE account_id = $1"#;
        execute(&server, tampered, vec![id.into()]).await;
        let found = drifts(&server).await;
        assert!(found.iter().any(|drift| drift.contains("usage of 2026-04-04 by")), "{found:?}");

        // A change of zone deletes waiting usage as well; usage that is added up again becomes
        // rows.
        set_zone(&server, &tenant, "Asia/Kathmandu").await;
        assert_eq!(recent(&server, &tenant).await, "[]");
        roll_up(&server).await;
        assert!(rows(&server, &tenant).await > 0);
        assert_eq!(credits(&server, &tenant, "DAY").await, right);

        // Spread over many days it grows too large and becomes rows.
        let had = rows(&server, &tenant).await;
        let messages: Vec<_> = (0..40)
            .map(|day| {
                let at = "2026-05-01T10:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(24 * day);
                message(&mut numbers, &[], card, at)
            })
            .collect();
        for message in messages.chunks(1) {
            send_all(&server, &tenant, message).await;
            assert!(recent(&server, &tenant).await.len() <= 3_600);
        }
        assert!(rows(&server, &tenant).await > had);
        assert_eq!(drifts(&server).await, [""; 0]);
    }

    /// Messages older than the sums, as after an update of the program: they aren't added up,
    /// reports are right, and the job adds them up.
    async fn old_messages_are_added_up_later(server: Server) {
        let tenant = shop(&server, "America/Havana", &mut Numbers(17)).await;
        let id = account(&tenant).uuid();
        execute(&server, "DELETE FROM usage_rollups WHERE account_id = $1", vec![id.into()]).await;
        execute(&server, "UPDATE books SET recent_usage = '[]' WHERE account_id = $1", vec![id.into()]).await;
        execute(&server, "UPDATE accounts SET usage_rolled_from = $2 WHERE id = $1", vec![id.into(), i64::MAX.into()]).await;
        check_reports(&server, &tenant).await;
        assert_eq!(drifts(&server).await, [""; 0]);
        roll_up(&server).await;
        check_reports(&server, &tenant).await;
        assert!(rows(&server, &tenant).await > 20);
        assert_eq!(drifts(&server).await, [""; 0]);
    }
}
