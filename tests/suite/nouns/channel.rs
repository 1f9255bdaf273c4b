//! Every channel is complete: its name, its segments, its rates, and how files and reports show it.
//!
//! Here: what the compiler can't check for a new channel. Each test goes through [`Channel::ALL`].

use domain::{
    channel::{Channel, SegmentSize},
    credits::Credits,
    segmentation::{MAX_SEGMENTS, Options, count},
};
use entity::sql_enums;
use message_credits::operations::rate_card::rate_field;
use sea_orm::{ActiveEnum, Iterable};
use serde_json::{Value, json};

use crate::support::{
    on_both_databases,
    sending::{Leg, Message, card, grant_at, send_all},
};

const SCHEMA: &str = include_str!("../../../schema.graphql");

/// The lines of a type's body in the schema.
fn body(declaration: &str) -> impl Iterator<Item = &'static str> {
    let body = SCHEMA
        .split(&format!("\n{declaration} {{\n"))
        .nth(1)
        .unwrap();
    body.split("\n}").next().unwrap().lines().map(str::trim)
}

#[test]
fn the_schema_names_every_channel() {
    let named: Vec<_> = body("enum Channel")
        .filter(|line| line.bytes().all(|byte| byte.is_ascii_uppercase()))
        .collect();
    assert_eq!(named, Channel::ALL.map(Channel::name));
}

#[test]
fn every_channel_has_a_rate_in_the_schema() {
    for declaration in ["type Rate", "input RateInput"] {
        for channel in Channel::ALL {
            let field = format!("{}: Credits", rate_field(channel));
            assert!(
                body(declaration).any(|line| line == field),
                "{declaration} has no {field}"
            );
        }
    }
}

#[test]
fn every_channel_is_stored_by_its_name() {
    let stored: Vec<_> = sql_enums::Channel::iter().map(Channel::from).collect();
    assert_eq!(stored, Channel::ALL);
    for channel in Channel::ALL {
        assert_eq!(sql_enums::Channel::from(channel).to_value(), channel.name());
    }
}

#[test]
fn every_channel_cuts_texts_into_segments() {
    for channel in Channel::ALL {
        let segments = |characters: usize| {
            let counted = count(&"a".repeat(characters), channel, &Options::default()).unwrap();
            assert_eq!(counted.channel, channel);
            counted.segment_count
        };
        let alone = match channel.segment_size() {
            SegmentSize::ByEncoding => 160,
            SegmentSize::Utf16Units(units) => units,
        };
        assert_eq!(
            (segments(0), segments(alone), segments(alone + 1)),
            (1, 1, 2),
            "{channel:?}"
        );
        let long = "a".repeat(alone * MAX_SEGMENTS + 1);
        assert!(
            count(&long, channel, &Options::default()).is_err(),
            "{channel:?}"
        );
    }
}

on_both_databases! {
    /// The default card has a rate for every channel.
    async fn the_default_card_serves_every_channel(server: Server) {
        let services = server.services();
        let card = services.default_rate_card(services.clock.now()).await.unwrap();
        for channel in Channel::ALL {
            let rate = card.rate("IT".parse().unwrap(), channel);
            assert_eq!(rate, Some(Credits::whole(channel.starting_rate())), "{channel:?}");
        }
    }

    /// Published rates are read back unchanged, each under its channel.
    async fn every_channel_has_its_own_rates(server: Server) {
        let mut rate = json!({ "countryCode": "IT" });
        for (place, channel) in Channel::ALL.into_iter().enumerate() {
            rate[rate_field(channel)] = json!(format!("{}", place + 5));
        }
        let fields = Channel::ALL.map(rate_field).join(" ");
        let publish = format!(
            "mutation($input: PublishRateCardInput!) {{ publishRateCard(input: $input) {{ \
             rateCard {{ rates {{ countryCode {fields} }} }} userErrors {{ field message }} }} }}"
        );
        let input = json!({
            "code": "channels", "rates": [rate],
            "creditValue": { "amount": "0.01", "currencyCode": "EUR" },
        });
        let payload = server.done(server.admin_key(), &publish, input).await;
        assert_eq!(payload["rateCard"]["rates"], json!([rate]));
    }

    /// Reports and files show a message under its channel's name.
    async fn reports_and_files_name_every_channel(server: Server) {
        let tenant = server.account("Shop").await;
        let card = card(&server, 10_000_000, "EUR").await;
        grant_at(&server, &tenant, "2026-11-01T00:00:00Z", 1_000).await;
        let message = |channel: Channel| Message {
            at: "2026-11-02T00:00:00Z".parse().unwrap(),
            list: None,
            channel,
            text: "Ciao".to_owned(),
            card,
            legs: vec![Leg { country: "IT", recipients: 1, segment_count: 1, rate_units: Some(10_000) }],
        };
        send_all(&server, &tenant, &Channel::ALL.map(message)).await;
        let query = "query($input: UsageReportInput!) { usageReport(input: $input) { \
                     channels { channel usage { messageCount } } } usageReportDownload(input: $input, format: CSV) { url } }";
        let input = json!({ "from": "2026-11-01T00:00:00Z", "to": "2026-11-10T00:00:00Z" });
        let data = server.data(&tenant.owner, query, json!({ "input": input })).await;
        let report = &data["usageReport"];
        let channels: Vec<Value> = Channel::ALL
            .into_iter()
            .map(|channel| json!({ "channel": channel.name(), "usage": { "messageCount": 1 } }))
            .collect();
        assert_eq!(report["channels"], json!(channels));
        let url = data["usageReportDownload"]["url"].as_str().unwrap();
        let file = server.http().get(url).send().await.unwrap().text().await.unwrap();
        let mut lines = file.trim_start_matches('\u{FEFF}').lines();
        let column = lines.next().unwrap().split(',').position(|name| name == "channel").unwrap();
        let mut written: Vec<_> = lines.map(|line| line.split(',').nth(column).unwrap()).collect();
        written.sort_unstable();
        let mut names = Channel::ALL.map(Channel::name);
        names.sort_unstable();
        assert_eq!(written, names);
    }
}
