//! The tally, against the plain way: each contact's text is rendered, segmented and counted.

use std::{collections::BTreeMap, sync::Arc};

use proptest::prelude::*;

use super::{Tallied, Tally};
use crate::{
    channel::Channel,
    country::CountryCode,
    credits::Credits,
    merge::{Template, Values},
    quote::{Share, price_shares},
    rate::{
        AreaRates, CarrierOptions, RateCard,
        tests::{card, country, rate_of},
    },
    segmentation::{self, Language, Languages, Options, Reference},
};

type Contact = (&'static str, Option<String>, Option<String>);

const TEXT: &str = "Ciao {{name|amico}}, {{gift}} ti aspetta…";

fn tally(text: &str, asked: Options, card: &Arc<RateCard>, contacts: &[Contact]) -> Tallied {
    let template = Template::parse(text).unwrap();
    let names: Vec<String> = template.names().map(str::to_owned).collect();
    let mut tally = Tally::new(template, Channel::Sms, asked, Arc::clone(card));
    let mut values = Values::default();
    for (code, name, gift) in contacts {
        values.clear(names.len());
        for (slot, known) in names.iter().enumerate() {
            let value = if known == "name" { name } else { gift };
            value.iter().for_each(|value| values.set(slot, value));
        }
        tally.add(country(code), &values).unwrap();
    }
    tally.end()
}

fn plain(code: &'static str, name: &str, gift: Option<&str>) -> Contact {
    (code, Some(name.to_owned()), gift.map(str::to_owned))
}

#[test]
fn each_contact_counts_by_its_own_text() {
    let card = Arc::new(card(&[(Some("IT"), AreaRates::starting())]).unwrap());
    let long = "x".repeat(70);
    let contacts = [
        plain("IT", "Ada", Some("un libro")),
        plain("IT", "Bea", Some(&long)),
        plain("IT", "", None),
        plain("FR", "Zoé", Some(&"y".repeat(300))),
    ];
    let found = tally(TEXT, Options::default(), &card, &contacts);
    let share = |code, segment_count, recipients| Share {
        country: country(code),
        segment_count,
        recipients,
    };
    assert_eq!(
        found.shares,
        [share("FR", 5, 1), share("IT", 1, 2), share("IT", 2, 1)]
    );
    // The ellipsis alone keeps Bea's text from GSM-7, and Zoé's too.
    assert_eq!(found.smart_shares, [share("FR", 3, 1), share("IT", 1, 3)]);
    assert_eq!((found.contacts, found.lacking), (4, vec![1, 1]));
    // France is not served.
    assert_eq!(
        found.shortest.unwrap().text.unguarded(),
        "Ciao amico,  ti aspetta…"
    );
    assert_eq!(
        found.longest.unwrap().text.unguarded(),
        &format!("Ciao Bea, {long} ti aspetta…")
    );
}

#[test]
fn a_text_beyond_the_most_segments_is_refused() {
    let card = Arc::new(card(&[(None, AreaRates::starting())]).unwrap());
    let mut tally = Tally::new(
        Template::parse("{{a}}").unwrap(),
        Channel::Sms,
        Options::default(),
        card,
    );
    let mut values = Values::default();
    values.clear(1);
    values.set(0, &"ж".repeat(67 * 255 + 1));
    assert_eq!(tally.add(country("IT"), &values).unwrap_err().needed, 256);
}

fn any_card() -> impl Strategy<Value = Arc<RateCard>> {
    let credits = || prop::option::weighted(0.8, (0_i64..50_000).prop_map(Credits::from_units));
    let rate = (credits(), credits(), any::<bool>(), any::<bool>()).prop_map(
        |(sms, mms, turkish, wide)| {
            let languages = Languages::NONE
                .with(Language::Turkish)
                .with(Language::Spanish);
            let carriers = CarrierOptions {
                languages: if turkish { languages } else { Languages::NONE },
                reference: if wide {
                    Reference::SixteenBit
                } else {
                    Reference::EightBit
                },
            };
            rate_of(sms, mms, carriers)
        },
    );
    prop::collection::vec(rate, 3).prop_map(|rates| {
        let codes = [Some("AA"), Some("BB"), None];
        Arc::new(card(&codes.into_iter().zip(rates).collect::<Vec<_>>()).unwrap())
    })
}

fn any_contacts() -> impl Strategy<Value = Vec<Contact>> {
    let value = || prop::option::of("[a-z àşñ…’ж😀]{0,60}");
    let code = prop::sample::select(vec!["AA", "BB", "CC"]);
    prop::collection::vec((code, value(), value()), 0..40)
}

fn any_text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "Ciao ",
        "{{name}}",
        "{{name|amico…}}",
        "{{gift|x}}",
        "{{gift}}",
        "a’b ",
        "ş ",
        "€",
        "Da domani tutta la collezione invernale costa la meta, passa in negozio. ",
    ]);
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// Each text made by replacing, cut for itself, and priced for itself.
fn one_by_one(
    text: &str,
    asked: Options,
    card: &RateCard,
    contacts: &[Contact],
) -> (BTreeMap<(CountryCode, u32), u64>, Credits) {
    let mut counts = BTreeMap::new();
    let mut credits = Credits::ZERO;
    for (code, name, gift) in contacts {
        let known = |value: &Option<String>, fallback: &str| match value {
            Some(value) if !value.is_empty() => value.clone(),
            _ => fallback.to_owned(),
        };
        let own = text
            .replace("{{name}}", &known(name, ""))
            .replace("{{name|amico…}}", &known(name, "amico…"))
            .replace("{{gift}}", &known(gift, ""))
            .replace("{{gift|x}}", &known(gift, "x"));
        let country = country(code);
        let cut = segmentation::segment(&own, Channel::Sms, &card.options(country, asked)).unwrap();
        let segments = u32::try_from(cut.segment_count()).unwrap();
        *counts.entry((country, segments)).or_default() += 1;
        if let Some(rate) = card.rate(country, Channel::Sms) {
            credits = credits
                .checked_add(rate.checked_mul(segments.into()).unwrap())
                .unwrap();
        }
    }
    (counts, credits)
}

proptest! {
    #[test]
    fn a_tally_is_its_contacts_one_by_one(
        card in any_card(), contacts in any_contacts(), text in any_text(),
        smart_encoding: bool, strip_accents: bool,
    ) {
        let asked = Options { smart_encoding, strip_accents, ..Options::default() };
        let found = tally(&text, asked, &card, &contacts);
        for (shares, asked) in [
            (&found.shares, asked),
            (&found.smart_shares, Options { smart_encoding: true, ..asked }),
        ] {
            let (counts, credits) = one_by_one(&text, asked, &card, &contacts);
            let shares_found: BTreeMap<_, _> = shares
                .iter()
                .map(|share| ((share.country, share.segment_count), share.recipients))
                .collect();
            prop_assert_eq!(shares_found.len(), shares.len());
            prop_assert_eq!(shares_found, counts);
            let priced = price_shares(Channel::Sms, shares.iter().copied(), &card).unwrap();
            prop_assert_eq!(priced.credits, credits);
        }
        let served = |share: &&Share| card.rate(share.country, Channel::Sms).is_some();
        let reached = || found.shares.iter().filter(served).map(|share| share.segment_count);
        prop_assert_eq!(found.longest.map(|longest| longest.segment_count), reached().max());
        prop_assert_eq!(found.shortest.map(|shortest| shortest.segment_count), reached().min());
    }

    /// Two databases hand contacts over in different orders.
    #[test]
    fn order_makes_no_difference(card in any_card(), contacts in any_contacts(), text in any_text()) {
        let forward = tally(&text, Options::default(), &card, &contacts);
        let backward: Vec<_> = contacts.into_iter().rev().collect();
        let backward = tally(&text, Options::default(), &card, &backward);
        prop_assert_eq!(forward.shares, backward.shares);
        prop_assert_eq!(forward.shortest.map(|one| one.text), backward.shortest.map(|one| one.text));
        prop_assert_eq!(forward.longest.map(|one| one.text), backward.longest.map(|one| one.text));
        prop_assert_eq!(forward.lacking, backward.lacking);
    }
}
