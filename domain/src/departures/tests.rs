//! Departures from a message's lines: examples, and properties over random ones.

use proptest::prelude::*;

use super::{Departure, DepartureError, Remaining, remaining};
use crate::{country::CountryCode, credits::Credits, quote::Line};

const COUNTRIES: [&str; 3] = ["DE", "FR", "IT"];

fn country(code: &str) -> CountryCode {
    code.parse().unwrap()
}

fn line(code: &str, segment_count: u32, recipients: u64, rate: Option<i64>) -> Line {
    let segments = i64::try_from(recipients * u64::from(segment_count)).unwrap();
    Line {
        country: country(code),
        recipients,
        segment_count,
        credits_per_segment: rate.map(Credits::from_units),
        credits: Credits::from_units(rate.unwrap_or_default() * segments),
    }
}

fn departure(code: &str, segment_count: Option<u32>, recipients: u64) -> Departure {
    Departure {
        country: country(code),
        segment_count,
        recipients,
    }
}

fn left(remaining: &Remaining) -> Vec<(String, u32, u64)> {
    let lines = remaining.lines.iter();
    lines
        .map(|line| {
            (
                line.country.to_string(),
                line.segment_count,
                line.recipients,
            )
        })
        .collect()
}

#[test]
fn departed_recipients_leave_their_lines() {
    let planned = [
        line("IT", 2, 10, Some(5)),
        line("FR", 1, 4, None),
        line("IT", 1, 3, Some(5)),
    ];
    let check = |departures: &[Departure], lines: &[(&str, u32, u64)], recipients, units| {
        let found = remaining(&planned, departures).unwrap();
        let lines: Vec<_> = lines
            .iter()
            .map(|(code, segments, many)| ((*code).to_owned(), *segments, *many))
            .collect();
        assert_eq!(left(&found), lines);
        assert_eq!(
            (found.recipients, found.credits),
            (recipients, Credits::from_units(units))
        );
    };
    check(&[], &[("FR", 1, 4), ("IT", 1, 3), ("IT", 2, 10)], 13, 115);
    let known = departure("IT", Some(2), 4);
    check(&[known], &[("FR", 1, 4), ("IT", 1, 3), ("IT", 2, 6)], 9, 75);
    // Recipients with unknown segments leave after the others, from the lines with the fewest
    // segments.
    let unknown = departure("IT", None, 4);
    check(&[unknown, known], &[("FR", 1, 4), ("IT", 2, 5)], 5, 50);
    // Recipients who are not served cost nothing.
    let french = departure("FR", Some(1), 4);
    check(&[french], &[("IT", 1, 3), ("IT", 2, 10)], 13, 115);
    let all = [departure("IT", None, 13), french];
    check(&all, &[], 0, 0);
}

#[test]
fn more_departures_than_recipients_are_a_fault() {
    let planned = [line("IT", 1, 3, Some(5))];
    for departures in [
        vec![departure("IT", None, 4)],
        vec![departure("IT", Some(1), 3), departure("IT", Some(2), 1)],
        vec![departure("DE", None, 1)],
        vec![departure("IT", None, u64::MAX), departure("IT", None, 1)],
    ] {
        assert_eq!(
            remaining(&planned, &departures),
            Err(DepartureError::TooMany),
            "{departures:?}"
        );
    }
}

/// A contact: its country, its segments, whether it has left, and whether its segments are known.
type Contact = (usize, u32, bool, bool);

fn any_contacts() -> impl Strategy<Value = Vec<Contact>> {
    let contact = (
        0_usize..3,
        1_u32..=4,
        any::<bool>(),
        prop::bool::weighted(0.8),
    );
    prop::collection::vec(contact, 0..60)
}

fn lines_of(contacts: &[Contact], rates: &[Option<i64>; 3]) -> Vec<Line> {
    let mut lines = Vec::new();
    for (place, code) in COUNTRIES.iter().enumerate() {
        for segments in 1..=4 {
            let many = contacts
                .iter()
                .filter(|one| (one.0, one.1) == (place, segments))
                .count();
            if many > 0 {
                lines.push(line(code, segments, many as u64, rates[place]));
            }
        }
    }
    lines
}

fn total(lines: &[Line]) -> i64 {
    lines.iter().map(|line| line.credits.units()).sum()
}

proptest! {
    /// Law H3: the charge and the release add up to the hold exactly, and neither is negative.
    #[test]
    fn the_hold_is_charged_or_released_completely(
        contacts in any_contacts(),
        rates in prop::array::uniform3(prop::option::of(0_i64..50_000)),
    ) {
        let planned = lines_of(&contacts, &rates);
        let gone: Vec<Departure> = contacts
            .iter()
            .filter(|one| one.2)
            .map(|one| departure(COUNTRIES[one.0], one.3.then_some(one.1), 1))
            .collect();
        let found = remaining(&planned, &gone).unwrap();
        let held = total(&planned);
        prop_assert!((0..=held).contains(&found.credits.units()));
        prop_assert_eq!(total(&found.lines), found.credits.units());
        let people = |lines: &[Line]| lines.iter().map(|line| line.recipients).sum::<u64>();
        prop_assert_eq!(people(&planned) - people(&found.lines), gone.len() as u64);
        // The price of the remaining contacts. It equals the charge if all segments are known, and
        // is otherwise a lower bound.
        let stayed: Vec<Contact> = contacts.iter().copied().filter(|one| !one.2).collect();
        let exact = total(&lines_of(&stayed, &rates));
        if contacts.iter().all(|one| one.3) {
            prop_assert_eq!(&found.lines, &lines_of(&stayed, &rates));
        }
        prop_assert!(found.credits.units() >= exact);
    }
}
