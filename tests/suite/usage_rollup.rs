//! Usage by day: what is added up as it is charged is what the messages come to, whatever is asked and in
//! whatever zone; it survives a change of zone, and what is wrong with it is found and mended.

use domain::{
    calendar::{buckets::Interval, parse_time_zone},
    id::{ListId, RateCardId},
};
use entity::sql_enums::{self, Role};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use message_credits::{
    clock::Clock,
    graphql::ids::PublicId,
    ledger::{Act, verify::verify},
    operations::{
        Viewer,
        usage_report::{UsageReport, UsageReportRequest},
        usage_rollup::rebuild_usage,
    },
    reports::usage::{Parts, Source},
    store::usage_rollup::unfinished,
};
use sea_orm::{ConnectionTrait, Statement, Value};
use serde_json::json;

use crate::{
    support::{
        Server, Tenant, on_both_databases,
        sending::{self, account, grant_at, new_message, send_all, submit},
    },
    usage_report::{Numbers, message, spent},
};

/// Zones of whole, half and quarter hours, with clocks that go over midnight, by half an hour, and never.
const ZONES: [&str; 7] = [
    "Europe/Rome",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Havana",
    "America/St_Johns",
    "UTC",
];
/// Around changes of the clocks in those zones, in 2026.
const STARTS: [&str; 4] = [
    "2026-03-07T12:00:00Z",
    "2026-03-27T22:00:00Z",
    "2026-04-03T10:00:00Z",
    "2026-10-31T20:00:00Z",
];
const EVERYTHING: Parts = Parts {
    buckets: true,
    lists: true,
    list_buckets: true,
    countries: true,
    channels: true,
};

/// What was sent from an account, and what may be asked about it.
struct Shop {
    tenant: Tenant,
    zone: &'static str,
    lists: Vec<ListId>,
    instants: Vec<Timestamp>,
}

const UPDATE: &str = "mutation($input: UpdateAccountInput!) {
    updateAccount(input: $input) { account { timeZone } userErrors { field message } } }";

async fn set_zone(server: &Server, tenant: &Tenant, zone: &str) {
    let input = json!({ "accountId": tenant.id, "timeZone": zone });
    server.done(&tenant.owner, UPDATE, input).await;
}

/// An account in a zone, with messages sent at random around the changes of its clocks; some were scheduled and
/// settled as they were held, some for less.
async fn shop(server: &Server, zone: &'static str, numbers: &mut Numbers) -> Shop {
    let tenant = server.account("Shop").await;
    set_zone(server, &tenant, zone).await;
    server.run_workers().await;
    grant_at(server, &tenant, "2026-01-01T00:00:00Z", 100_000_000).await;
    let mut lists = Vec::new();
    for name in ["One", "Two", "Three"] {
        let id = server.list(&tenant, name, json!([])).await;
        lists.push(ListId::decode(&id).unwrap());
    }
    let cards = [
        sending::card(server, 12_345_678, "EUR").await,
        sending::card(server, 13_000_001, "EUR").await,
    ];
    let mut instants = Vec::new();
    for start in STARTS {
        instants.extend(send_some(server, &tenant, (&lists, &cards), start, numbers).await);
    }
    Shop {
        tenant,
        zone,
        lists,
        instants,
    }
}

async fn send_some(
    server: &Server,
    tenant: &Tenant,
    (lists, cards): (&[ListId], &[RateCardId]),
    start: &str,
    numbers: &mut Numbers,
) -> Vec<Timestamp> {
    let start: Timestamp = start.parse().unwrap();
    let mut instants: Vec<Timestamp> = (0..30)
        .map(|_| {
            let seconds = i64::try_from(numbers.below(3 * 86_400)).unwrap();
            let micros = i64::try_from(numbers.below(1_000_000)).unwrap();
            start + SignedDuration::from_secs(seconds) + SignedDuration::from_micros(micros)
        })
        .collect();
    // Quarter hours, on which days begin, and the last instants before them.
    for quarter in (0..48).step_by(3) {
        let at = start + SignedDuration::from_mins(15 * quarter);
        instants.extend([at, at - SignedDuration::from_micros(1)]);
    }
    instants.sort_unstable();
    let pick = |numbers: &mut Numbers, end: usize| {
        usize::try_from(numbers.below(u64::try_from(end).unwrap())).unwrap()
    };
    let messages: Vec<_> = instants
        .iter()
        .map(|at| {
            let card = cards[pick(numbers, cards.len())];
            message(numbers, lists, card, *at)
        })
        .collect();
    for chunk in messages.chunks(8) {
        send_all(server, tenant, chunk).await;
        // Held, and charged as it was held or for the first of its destinations alone.
        let last = chunk.last().unwrap();
        let new = new_message(last);
        let (id, list) = (new.id, new.list);
        submit(server, tenant, last.at, Act::Schedule(new)).await;
        let sent =
            (numbers.below(2) == 0).then(|| sending::price(last.legs.get(..1).unwrap_or_default()));
        let settle = Act::Settle {
            message: id,
            list,
            sent,
        };
        submit(server, tenant, last.at, settle).await;
    }
    instants
}

fn viewer() -> Viewer {
    Viewer {
        key: None,
        role: Role::PlatformAdmin,
        account: None,
    }
}

impl Shop {
    /// A question about it: any two instants near what was sent, or days of its own zone or of another.
    fn question(&self, numbers: &mut Numbers) -> UsageReportRequest {
        let own = parse_time_zone(self.zone).unwrap();
        let bound = |numbers: &mut Numbers| {
            let at =
                self.instants[usize::try_from(numbers.below(self.instants.len() as u64)).unwrap()];
            match numbers.below(4) {
                0 => at,
                1 => day_of(at, &parse_time_zone("Europe/Rome").unwrap()),
                _ => day_of(at, &own),
            }
        };
        let (mut from, mut to) = (bound(numbers), bound(numbers));
        if from > to {
            (from, to) = (to, from);
        }
        if from == to {
            to += SignedDuration::from_hours(30);
        }
        let span = from.duration_until(to);
        let interval = match numbers.below(5) {
            0 if span < SignedDuration::from_hours(24 * 100) => Interval::Hour,
            1 => Interval::Week,
            2 => Interval::Month,
            _ => Interval::Day,
        };
        let zone = match numbers.below(3) {
            0 => ZONES[usize::try_from(numbers.below(7)).unwrap()],
            _ => self.zone,
        };
        let countries = match numbers.below(5) {
            0 => Some(vec!["IT"]),
            1 => Some(vec!["FR", "US"]),
            _ => None,
        };
        UsageReportRequest {
            account: Some(account(&self.tenant)),
            from: from.to_string(),
            to: to.to_string(),
            interval,
            time_zone: Some(zone.to_owned()),
            lists: (numbers.below(3) == 0).then(|| vec![Some(self.lists[0]), Some(self.lists[2])]),
            countries: countries.map(|codes| codes.into_iter().map(str::to_owned).collect()),
            channel: (numbers.below(4) == 0).then_some(sql_enums::Channel::Mms),
        }
    }
}

fn day_of(at: Timestamp, zone: &TimeZone) -> Timestamp {
    domain::calendar::day_of(at, zone).unwrap().0
}

/// Some of a report's parts, at random.
fn some_parts(numbers: &mut Numbers) -> Parts {
    let mut coin = || numbers.below(2) == 0;
    Parts {
        buckets: coin(),
        lists: coin(),
        list_buckets: coin(),
        countries: coin(),
        channels: coin(),
    }
}

/// Both ways to read a report come to the same, and to what the ledger says was spent (laws T1 to T4).
async fn check_question(server: &Server, shop: &Shop, numbers: &mut Numbers) {
    let request = shop.question(numbers);
    let said = format!("{request:?}");
    let is_all =
        request.lists.is_none() && request.countries.is_none() && request.channel.is_none();
    let report = server
        .services()
        .usage_report(&viewer(), request)
        .await
        .unwrap();
    let slow = UsageReport {
        source: Source::Messages,
        ..report.clone()
    };
    for parts in [EVERYTHING, some_parts(numbers), Parts::default()] {
        let days = server
            .services()
            .usage_figures(&report, parts)
            .await
            .unwrap();
        let messages = server.services().usage_figures(&slow, parts).await.unwrap();
        assert_eq!(days, messages, "{} {said} {parts:?}", shop.zone);
        if is_all {
            let (from, to) = (report.filter.from.to_string(), report.filter.to.to_string());
            let spent = spent(server, &shop.tenant, &from, &to).await;
            assert_eq!(days.report.totals.credits, spent, "{said}");
        }
    }
}

async fn drifts(server: &Server) -> Vec<String> {
    let verified = verify(&server.services().store, |_| {}).await.unwrap();
    verified.drifts.iter().map(ToString::to_string).collect()
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

/// Runs the jobs until every day is added up.
async fn roll_up(server: &Server) {
    for _ in 0..20 {
        server.run_workers().await;
        let left = unfinished(server.services().store.reader(), None, 1);
        if left.await.unwrap().is_empty() {
            return;
        }
    }
    panic!("the job never ends");
}

/// The totals' credits of a report by an interval.
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
    /// Random questions in every zone, answered from days and from messages.
    async fn days_say_what_messages_say(server: Server) {
        let mut numbers = Numbers(7);
        for zone in ZONES {
            let shop = shop(&server, zone, &mut numbers).await;
            assert!(rows(&server, &shop.tenant).await > 20);
            for _ in 0..12 {
                check_question(&server, &shop, &mut numbers).await;
            }
        }
        assert_eq!(drifts(&server).await, [""; 0]);
    }

    /// After a change of zone reports are right at once, while the days are added up anew and after.
    async fn a_change_of_zone_keeps_reports_right(server: Server) {
        let mut numbers = Numbers(11);
        let mut shop = shop(&server, "Europe/Rome", &mut numbers).await;
        let card = sending::card(&server, 10_000_000, "EUR").await;
        for zone in ["Asia/Kathmandu", "Australia/Lord_Howe"] {
            set_zone(&server, &shop.tenant, zone).await;
            shop.zone = zone;
            assert_eq!(rows(&server, &shop.tenant).await, 0);
            check_question(&server, &shop, &mut numbers).await;
            // What is charged before the days are added up is counted with them, once.
            let start = if zone == "Asia/Kathmandu" { "2026-11-10T00:00:00Z" } else { "2026-11-15T00:00:00Z" };
            let more = send_some(&server, &shop.tenant, (&shop.lists, &[card]), start, &mut numbers).await;
            shop.instants.extend(more);
            assert_eq!(rows(&server, &shop.tenant).await, 0);
            for _ in 0..4 {
                check_question(&server, &shop, &mut numbers).await;
            }
            roll_up(&server).await;
            assert!(rows(&server, &shop.tenant).await > 20);
            for _ in 0..8 {
                check_question(&server, &shop, &mut numbers).await;
            }
            assert_eq!(drifts(&server).await, [""; 0]);
        }
        // The same zone again changes nothing.
        let before = rows(&server, &shop.tenant).await;
        set_zone(&server, &shop.tenant, shop.zone).await;
        assert_eq!(rows(&server, &shop.tenant).await, before);
    }

    /// Whole days come from the days alone; what cuts them from the messages. What is wrong with a day is named,
    /// and mended by adding up anew.
    async fn what_differs_is_named_and_mended(server: Server) {
        let mut numbers = Numbers(13);
        let shop = shop(&server, "Europe/Rome", &mut numbers).await;
        let other = server.account("Other").await;
        let right = credits(&server, &shop.tenant, "DAY").await;
        let id = account(&shop.tenant).uuid();
        let day = "2026-04-04T00:00:00+02:00".parse::<Timestamp>().unwrap().as_microsecond();
        let change = "UPDATE usage_rollups SET units = units + 10000 WHERE account_id = $1 AND day_start = $2
            AND kind = 'ALL' AND channel = 'SMS' AND rate_card_id = (SELECT MIN(rate_card_id) FROM usage_rollups
            WHERE account_id = $1 AND day_start = $2 AND kind = 'ALL' AND channel = 'SMS')";
        let change = if server.services().store.backend() == sea_orm::DatabaseBackend::Postgres {
            change.replace("MIN(rate_card_id)", "CAST(MIN(CAST(rate_card_id AS TEXT)) AS UUID)")
        } else {
            change.to_owned()
        };
        execute(&server, &change, vec![id.into(), day.into()]).await;
        assert_ne!(credits(&server, &shop.tenant, "DAY").await, right);
        assert_eq!(credits(&server, &shop.tenant, "HOUR").await, right);
        let found = drifts(&server).await;
        assert_eq!(found.len(), 1, "{found:?}");
        let name = format!("{}: usage of 2026-04-04 by all lists (Sms): expected ", shop.tenant.id);
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
        assert_eq!(credits(&server, &shop.tenant, "DAY").await, right);
    }

    /// Messages that are older than the sums, as after an update of the program: nothing is added up, reports
    /// are right, and the job makes up for it.
    async fn old_messages_are_added_up_later(server: Server) {
        let mut numbers = Numbers(17);
        let shop = shop(&server, "America/Havana", &mut numbers).await;
        let id = account(&shop.tenant).uuid();
        execute(&server, "DELETE FROM usage_rollups WHERE account_id = $1", vec![id.into()]).await;
        execute(&server, "UPDATE accounts SET usage_rolled_from = $2 WHERE id = $1", vec![id.into(), i64::MAX.into()]).await;
        check_question(&server, &shop, &mut numbers).await;
        assert_eq!(drifts(&server).await, [""; 0]);
        roll_up(&server).await;
        for _ in 0..4 {
            check_question(&server, &shop, &mut numbers).await;
        }
        assert!(rows(&server, &shop.tenant).await > 20);
        assert_eq!(drifts(&server).await, [""; 0]);
    }
}
