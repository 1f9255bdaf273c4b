//! The law of quotes over HTTP: a quote equals its charge in credits, lines and distribution, for
//! random cards, lists, contacts and texts.

use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value, json};

use crate::support::{
    Server,
    message::to_list,
    new_key, on_both_databases,
    rate_card::{charge_by, publish},
    stored,
};

/// Random worlds for each database: a dozen take a second.
const CASES: usize = 24;

const QUOTE: &str = "query($input: QuoteInput!) { quote(input: $input) {
    recipientCount unsupportedRecipientCount credits distribution { segmentCount recipientCount credits }
    lines { countryCode recipientCount segmentCount creditsPerSegment credits } } }";
const SEND: &str = "mutation($input: SendMessageInput!) { sendMessage(input: $input) {
    message { recipientCount credits lines { countryCode recipientCount segmentCount creditsPerSegment credits } }
    userErrors { field code } } }";

/// A card, a list's contacts, and a text to them.
#[derive(Debug, Clone)]
struct World {
    rates: Value,
    contacts: Vec<(&'static str, Option<Value>)>,
    /// Whether the contacts are stored, or only a head-count.
    stored: bool,
    text: String,
    smart_encoding: bool,
    strip_accents: bool,
    media: bool,
}

fn rate() -> impl Strategy<Value = Value> {
    let credits = || prop::option::weighted(0.8, 0_i64..30_000);
    (credits(), credits(), any::<bool>(), any::<bool>()).prop_map(|(sms, mms, turkish, wide)| {
        let text = |units: Option<i64>| {
            units.map(|units| domain::credits::Credits::from_units(units).to_string())
        };
        json!({
            "sms": text(sms), "mms": text(mms),
            "nationalLanguages": if turkish { json!(["TURKISH"]) } else { json!([]) },
            "concatenationReference": if wide { "SIXTEEN_BIT" } else { "EIGHT_BIT" },
        })
    })
}

fn world() -> impl Strategy<Value = World> {
    let rates = prop::collection::vec(rate(), 3).prop_map(|mut rates| {
        for (rate, country) in rates.iter_mut().zip(["IT", "TR"]) {
            rate["countryCode"] = json!(country);
        }
        Value::Array(rates)
    });
    let value = || prop::option::of("[a-z àşñ…’ж\"\\\\]{0,40}");
    let fields = (value(), value()).prop_map(|(name, gift)| {
        let known = [("name", name), ("gift", gift)].into_iter();
        let known = known.filter_map(|(key, value)| Some((key.to_owned(), json!(value?))));
        Some(Value::Object(known.collect()))
    });
    let country = prop::sample::select(vec!["IT", "TR", "US"]);
    let contact = (country, prop_oneof![3 => fields, 1 => Just(None)]);
    let piece = prop::sample::select(vec![
        "Ciao ",
        "{{name|amico}} ",
        "{{gift|…}} ",
        "{{gift|}}",
        "a’b ",
        "ş ",
        "€",
        "Da domani tutta la collezione invernale costa la meta, passa in negozio. ",
    ]);
    (
        rates,
        prop::collection::vec(contact, 0..30),
        prop::bool::weighted(0.8),
        prop::collection::vec(piece, 0..8),
        any::<bool>(),
        any::<bool>(),
        prop::bool::weighted(0.2),
    )
        .prop_map(
            |(rates, contacts, stored, pieces, smart_encoding, strip_accents, media)| World {
                rates,
                contacts,
                stored,
                text: pieces.concat(),
                smart_encoding,
                strip_accents,
                media,
            },
        )
}

fn units(credits: &Value) -> i64 {
    let credits: domain::credits::Credits = credits.as_str().unwrap().parse().unwrap();
    credits.units()
}

fn sum(rows: &Value, of: impl Fn(&Value) -> i64) -> i64 {
    rows.as_array().unwrap().iter().map(of).sum()
}

/// Checks that a world's quote is what a send charges.
async fn holds(server: &Server, world: &World, case: usize) {
    let tenant = server.account("Shop").await;
    server.grant(&tenant, "1000000").await;
    let card = publish(server, &format!("law-{case}"), world.rates.clone()).await;
    charge_by(server, &tenant, &card).await;
    let list = server.list(&tenant, "All", json!([])).await;
    stored::store(server, &tenant, &list, &world.contacts).await;
    if !world.stored {
        stored::forget(server, &list).await;
    }
    let mut input = to_list(&list, &world.text);
    input["smartEncoding"] = json!(world.smart_encoding);
    input["stripAccents"] = json!(world.strip_accents);
    if world.media {
        input["media"] = json!([{ "contentType": "image/png" }]);
    }
    let quoted = server
        .data(&tenant.owner, QUOTE, json!({ "input": input }))
        .await;
    let quoted = &quoted["quote"];
    let lines = &quoted["lines"];
    assert_eq!(
        sum(lines, |line| units(&line["credits"])),
        units(&quoted["credits"])
    );
    let heads = |rows: &Value| sum(rows, |row| row["recipientCount"].as_i64().unwrap());
    assert_eq!(heads(lines), i64::try_from(world.contacts.len()).unwrap());
    let distribution = &quoted["distribution"];
    assert_eq!(
        sum(distribution, |row| units(&row["credits"])),
        units(&quoted["credits"])
    );
    assert_eq!(
        heads(distribution),
        quoted["recipientCount"].as_i64().unwrap()
    );

    input["idempotencyKey"] = json!(new_key());
    // An empty text costs what it is quoted at, if the caller allows it.
    input["allowEmpty"] = json!(true);
    let sent = server
        .graphql(Some(&tenant.owner), SEND, json!({ "input": input }))
        .await;
    let sent = &sent["data"]["sendMessage"];
    if quoted["recipientCount"] == 0 {
        let unserved = quoted["unsupportedRecipientCount"].as_i64().unwrap() > 0;
        let code = if unserved {
            "UNSUPPORTED_DESTINATION"
        } else {
            "INVALID"
        };
        assert_eq!(sent["userErrors"][0]["code"], code, "{sent}");
        return;
    }
    assert_eq!(sent["userErrors"], json!([]));
    assert_eq!(sent["message"]["credits"], quoted["credits"]);
    assert_eq!(sent["message"]["recipientCount"], quoted["recipientCount"]);
    assert_eq!(&sent["message"]["lines"], lines);
}

on_both_databases! {
    /// Each world is printed before it is tried, so that a failure shows it; the seed makes the
    /// same again.
    async fn a_charge_equals_its_quote(server: Server) {
        let seed: [u8; 32] = match std::env::var("QUOTE_LAWS_SEED") {
            Ok(text) => {
                let digits = text.as_bytes().chunks(2).map(|two| std::str::from_utf8(two).unwrap());
                let bytes: Vec<u8> = digits.map(|two| u8::from_str_radix(two, 16).unwrap()).collect();
                bytes.try_into().unwrap()
            }
            Err(_) => message_credits::entropy::bytes(),
        };
        let hex: String = seed.iter().map(|byte| format!("{byte:02x}")).collect();
        eprintln!("again with QUOTE_LAWS_SEED={hex}");
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        for case in 0..CASES {
            let world = world().new_tree(&mut runner).unwrap().current();
            eprintln!("world {case}: {world:#?}");
            holds(&server, &world, case).await;
        }
    }
}
