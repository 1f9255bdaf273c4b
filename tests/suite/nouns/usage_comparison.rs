//! What a dashboard reads beside a report's sums: the period before, channels, and shares.

use domain::{channel::Channel, id::ListId};
use message_credits::graphql::engine::ids::PublicId;
use serde_json::{Value, json};

use crate::support::{
    Server, Tenant, on_both_databases,
    sending::{self, Leg, Message, grant_at, send_all},
};

const REPORT: &str = "query($input: UsageReportInput!) { usageReport(input: $input) {
    totals { messageCount credits }
    previous { from to usage { messageCount credits cost { amount currencyCode } } }
    channels { channel share usage { messageCount recipientCount credits } }
    lists { list { id } share usage { credits } }
    countries { countryCode share usage { messageCount credits } } } }";

struct Sent<'a> {
    at: &'a str,
    list: Option<ListId>,
    channel: Channel,
    legs: &'a [(&'static str, u64)],
}

async fn send(server: &Server, tenant: &Tenant, card: domain::id::RateCardId, sent: &[Sent<'_>]) {
    let messages: Vec<Message> = sent
        .iter()
        .map(|sent| Message {
            at: sent.at.parse().unwrap(),
            list: sent.list,
            channel: sent.channel,
            text: "Ciao".to_owned(),
            card,
            legs: (sent.legs.iter())
                .map(|(country, recipients)| Leg {
                    country,
                    segment_count: 1,
                    recipients: *recipients,
                    rate_units: Some(10_000),
                })
                .collect(),
        })
        .collect();
    send_all(server, tenant, &messages).await;
}

async fn report(server: &Server, tenant: &Tenant, input: Value) -> Value {
    let variables = json!({ "input": input });
    let mut data = server.data(&tenant.owner, REPORT, variables).await;
    data["usageReport"].take()
}

on_both_databases! {
    /// October before November, by the account's calendar and with the report's filters; channels,
    /// lists and countries with their part of the credits.
    async fn a_report_compares_periods(server: Server) {
        let tenant = server.account("Shop").await;
        grant_at(&server, &tenant, "2026-09-01T00:00:00Z", 1_000).await;
        let card = sending::card(&server, 10_000_000, "EUR").await;
        let id = server.list(&tenant, "Winter", json!([])).await;
        let list = ListId::decode(&id);
        let (sms, mms) = (Channel::Sms, Channel::Mms);
        send(&server, &tenant, card, &[
            Sent { at: "2026-09-30T21:59:59Z", list: None, channel: sms, legs: &[("IT", 100)] },
            Sent { at: "2026-09-30T22:00:00Z", list: None, channel: sms, legs: &[("IT", 7)] },
            Sent { at: "2026-10-31T22:59:59Z", list, channel: sms, legs: &[("IT", 4)] },
            Sent { at: "2026-10-31T23:00:00Z", list, channel: mms, legs: &[("IT", 1), ("FR", 1)] },
            Sent { at: "2026-11-10T12:00:00Z", list: None, channel: sms, legs: &[("IT", 1)] },
        ]).await;
        let november = json!({ "from": "2026-10-31T23:00:00Z", "to": "2026-11-30T23:00:00Z" });
        let found = report(&server, &tenant, november.clone()).await;
        assert_eq!(found, json!({
            "totals": { "messageCount": 2, "credits": "3" },
            "previous": {
                "from": "2026-09-30T22:00:00Z", "to": "2026-10-31T23:00:00Z",
                "usage": { "messageCount": 2, "credits": "11", "cost": { "amount": "0.11", "currencyCode": "EUR" } },
            },
            "channels": [
                { "channel": "MMS", "share": "0.6667", "usage": { "messageCount": 1, "recipientCount": 2, "credits": "2" } },
                { "channel": "SMS", "share": "0.3333", "usage": { "messageCount": 1, "recipientCount": 1, "credits": "1" } },
            ],
            "lists": [
                { "list": { "id": id }, "share": "0.6667", "usage": { "credits": "2" } },
                { "list": null, "share": "0.3333", "usage": { "credits": "1" } },
            ],
            "countries": [
                { "countryCode": "IT", "share": "0.6667", "usage": { "messageCount": 2, "credits": "2" } },
                { "countryCode": "FR", "share": "0.3333", "usage": { "messageCount": 1, "credits": "1" } },
            ],
        }));
        let mut of_list = november.clone();
        of_list["listIds"] = json!([id]);
        let found = report(&server, &tenant, of_list).await;
        assert_eq!(found["previous"]["usage"]["credits"], "4");
        // Ten days and a half: until noon of the same day, in summer time.
        let part = json!({ "from": "2026-10-31T23:00:00Z", "to": "2026-11-11T11:00:00Z" });
        let found = report(&server, &tenant, part).await;
        assert_eq!(found["previous"]["to"], "2026-10-11T10:00:00Z");
        assert_eq!(found["previous"]["usage"]["credits"], "7");
        // The same, if no month begins with it: as much time before.
        let part = json!({ "from": "2026-11-01T00:00:00Z", "to": "2026-11-11T12:00:00Z" });
        let found = report(&server, &tenant, part).await;
        assert_eq!(found["previous"]["from"], "2026-10-21T12:00:00Z");
        assert_eq!(found["previous"]["usage"]["credits"], "6");
        // Nothing, and nothing before it.
        let nothing = json!({ "from": "2026-06-30T22:00:00Z", "to": "2026-07-31T22:00:00Z" });
        let found = report(&server, &tenant, nothing).await;
        assert_eq!(found["previous"]["usage"]["messageCount"], 0);
        assert_eq!(found["channels"], json!([]));
    }

    /// This month so far is compared with the same days of the last, and a quarter and a year
    /// likewise; what the period is the beginning of is found from it, or named.
    async fn a_period_so_far_is_compared_with_the_same_days(server: Server) {
        let tenant = server.account("Shop").await;
        grant_at(&server, &tenant, "2024-12-01T00:00:00Z", 2_000).await;
        let card = sending::card(&server, 10_000_000, "EUR").await;
        let sent = |at, legs| Sent { at, list: None, channel: Channel::Sms, legs };
        send(&server, &tenant, card, &[
            sent("2025-01-15T12:00:00Z", &[("IT", 1)]),
            sent("2025-11-27T22:59:59Z", &[("IT", 2)]),
            sent("2025-11-27T23:00:00Z", &[("IT", 100)]),
            sent("2026-07-10T12:00:00Z", &[("IT", 4)]),
            sent("2026-08-28T12:00:00Z", &[("IT", 200)]),
            // The first and the last instant of 1 to 27 October, and those around them.
            sent("2026-09-30T21:59:59Z", &[("IT", 300)]),
            sent("2026-09-30T22:00:00Z", &[("IT", 8)]),
            sent("2026-10-27T22:59:59Z", &[("IT", 16)]),
            sent("2026-10-27T23:00:00Z", &[("IT", 400)]),
        ]).await;
        // Midnight in Rome, in summer and in winter.
        let day = |day: &str, hour: u8| format!("{day}T{hour}:00:00Z");
        let end = day("2026-11-27", 23);
        for (from, part_of, before, credits) in [
            (day("2026-10-31", 23), Value::Null, (day("2026-09-30", 22), day("2026-10-27", 23)), "24"),
            (day("2026-10-31", 23), json!("MONTH"), (day("2026-09-30", 22), day("2026-10-27", 23)), "24"),
            (day("2026-09-30", 22), Value::Null, (day("2026-06-30", 22), day("2026-08-27", 22)), "4"),
            (day("2026-09-30", 22), json!("QUARTER"), (day("2026-06-30", 22), day("2026-08-27", 22)), "4"),
            (day("2025-12-31", 23), Value::Null, (day("2024-12-31", 23), day("2025-11-27", 23)), "3"),
            (day("2025-12-31", 23), json!("YEAR"), (day("2024-12-31", 23), day("2025-11-27", 23)), "3"),
            // As many days: no month begins with 2 November.
            (day("2026-11-01", 23), Value::Null, (day("2026-10-06", 22), day("2026-11-01", 23)), "416"),
        ] {
            let input = json!({ "from": from, "to": end, "partOf": part_of });
            let found = report(&server, &tenant, input).await;
            assert_eq!(found["previous"]["from"], before.0, "{from} of {part_of}");
            assert_eq!(found["previous"]["to"], before.1, "{from} of {part_of}");
            assert_eq!(found["previous"]["usage"]["credits"], credits, "{from} of {part_of}");
        }
        // In January, the month is the shortest that the days begin.
        let (from, to) = (day("2025-12-31", 23), day("2026-01-20", 23));
        for (part_of, start) in [(Value::Null, "2025-11-30"), (json!("QUARTER"), "2025-09-30"), (json!("YEAR"), "2024-12-31")] {
            let input = json!({ "from": from, "to": to, "partOf": part_of });
            let found = report(&server, &tenant, input).await;
            let hour = if start == "2025-09-30" { 22 } else { 23 };
            assert_eq!(found["previous"]["from"], day(start, hour), "{part_of}");
        }
        for (from, part_of) in [
            (day("2026-11-01", 23), "MONTH"),
            (day("2026-09-30", 22), "MONTH"),
            (day("2026-10-31", 23), "QUARTER"),
            (day("2026-09-30", 22), "YEAR"),
            ("2026-11-01T00:00:00Z".to_owned(), "MONTH"),
        ] {
            let input = json!({ "input": { "from": from, "to": end, "partOf": part_of } });
            let answer = server.graphql(Some(&tenant.owner), REPORT, input).await;
            let extensions = json!({ "code": "BAD_USER_INPUT", "field": ["input", "partOf"] });
            assert_eq!(answer["errors"][0]["extensions"], extensions, "{from} of {part_of}");
        }
    }

    /// Costs in different currencies can't be compared: the period before is null, and the report
    /// is complete.
    async fn periods_in_different_currencies_are_not_compared(server: Server) {
        let tenant = server.account("Shop").await;
        grant_at(&server, &tenant, "2026-09-01T00:00:00Z", 1_000).await;
        for (currency, at) in [("USD", "2026-10-10T00:00:00Z"), ("EUR", "2026-11-10T00:00:00Z")] {
            let card = sending::card(&server, 10_000_000, currency).await;
            send(&server, &tenant, card, &[Sent { at, list: None, channel: Channel::Sms, legs: &[("IT", 5)] }]).await;
        }
        let november = json!({ "from": "2026-10-31T23:00:00Z", "to": "2026-11-30T23:00:00Z" });
        let found = report(&server, &tenant, november).await;
        assert_eq!(found["totals"]["credits"], "5");
        assert_eq!(found["previous"], json!(null));
    }
}
