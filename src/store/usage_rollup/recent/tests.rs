//! Recent usage loses nothing in its text and in its rows, and rejects other texts.

use proptest::prelude::*;

use super::*;

fn slots() -> impl Strategy<Value = Slot> {
    let of = prop_oneof![
        Just(Of::All),
        prop::option::of(0..3_u128)
            .prop_map(|list| Of::List(list.map(|number| ListId::new(Uuid::from_u128(number))))),
        prop::sample::select(vec!["IT", "FR"]).prop_map(|code| Of::Country(code.parse().unwrap())),
    ];
    let channel = prop::sample::select(vec![Channel::Sms, Channel::Mms]);
    (of, 0..4_i64, channel, 0..2_u128).prop_map(|(of, day, channel, card)| Slot {
        of,
        day_start: day * 86_400_000_000,
        channel,
        rate_card_id: Uuid::from_u128(card),
    })
}

fn counts() -> impl Strategy<Value = Counts> {
    (0..9_i64, 0..9_i64, 0..9_i64, 0..9_i64).prop_map(|(messages, recipients, segments, units)| {
        Counts {
            messages,
            recipients,
            segments,
            units,
        }
    })
}

proptest! {
    /// A book's text reads back, and its rows have everything once: by day, and for lists by month
    /// too.
    #[test]
    fn nothing_is_lost_or_counted_twice(added in prop::collection::vec((slots(), counts()), 0..20)) {
        let mut recent = Recent::default();
        for (slot, counts) in &added {
            recent.add(*slot, *counts);
        }
        let text = recent.text().unwrap();
        prop_assert_eq!(&Recent::parse(&text).unwrap(), &recent);

        let units_of = |of: fn(Of) -> bool| -> i64 {
            let fitting = added.iter().filter(|(slot, _)| of(slot.of));
            fitting.map(|(_, counts)| counts.units).sum()
        };
        let account = AccountId::new(Uuid::from_u128(9));
        // Days 0 and 1 are in one month, days 2 and 3 in another.
        let month_start = |day_start: i64| Ok(day_start - day_start % (2 * 86_400_000_000));
        let rows = recent.rows(account, month_start).unwrap();
        let keys: std::collections::BTreeSet<_> = rows
            .iter()
            .map(|row| (row.kind, row.day_start, &row.key, row.channel, row.rate_card_id))
            .collect();
        prop_assert_eq!(keys.len(), rows.len());
        let units = |kind| -> i64 {
            rows.iter().filter(|row| row.kind == kind).map(|row| row.units).sum()
        };
        prop_assert_eq!(units(UsageKind::All), units_of(|of| of == Of::All));
        prop_assert_eq!(units(UsageKind::List), units_of(|of| matches!(of, Of::List(_))));
        prop_assert_eq!(units(UsageKind::ListMonth), units(UsageKind::List));
        prop_assert_eq!(units(UsageKind::Country), units_of(|of| matches!(of, Of::Country(_))));
        prop_assert!(rows.iter().all(|row| row.kind != UsageKind::ListMonth || row.day_start % (2 * 86_400_000_000) == 0));
    }
}

#[test]
fn a_text_in_another_format_is_rejected() {
    let list = "0192f0a0000070008000000000000001";
    let entry = |kind: &str, key: &str, channel: &str| {
        format!("[[\"{kind}\",0,\"{key}\",\"{channel}\",\"{list}\",[1,1,1,1]]]")
    };
    assert!(Recent::parse(&entry("LIST", list, "SMS")).is_ok());
    for text in [
        "",
        "[[]]",
        &entry("LIST", "1", "SMS"),
        &entry("ALL", list, "SMS"),
        &entry("COUNTRY", "Italy", "SMS"),
        &entry("LIST_MONTH", list, "SMS"),
        &entry("LIST", list, "FAX"),
    ] {
        assert!(Recent::parse(text).is_err(), "{text}");
    }
}
