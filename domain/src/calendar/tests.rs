//! Days and months at clock changes.

use super::*;
use jiff::SignedDuration;
use proptest::prelude::*;

pub(super) fn zone(name: &str) -> TimeZone {
    parse_time_zone(name).unwrap()
}

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn only_iana_names_are_time_zones() {
    let check = |name: &str, want: Option<&str>| {
        let zone = parse_time_zone(name).ok();
        assert_eq!(
            zone.as_ref().and_then(|zone| zone.iana_name()),
            want,
            "{name}"
        );
    };
    check("Europe/Rome", Some("Europe/Rome"));
    check("europe/rome", Some("Europe/Rome"));
    check("utc", Some("UTC"));
    check("Etc/GMT+1", Some("Etc/GMT+1"));
    for name in [
        "",
        "+01:00",
        "UTC+1",
        "CET-1CEST,M3.5.0,M10.5.0/3",
        "Etc/Unknown",
        "Factory",
        "Europe/Rome ",
        "Europe/Atlantis",
        "../etc/passwd",
        "Z",
        "local",
    ] {
        check(name, None);
    }
}

#[test]
fn a_day_begins_with_its_first_instant() {
    let check = |date: &str, name: &str, want: &str| {
        let start = start_of_day(date.parse().unwrap(), &zone(name)).unwrap();
        assert_eq!(start, at(want), "{date} in {name}");
    };
    check("2026-11-22", "Europe/Rome", "2026-11-21T23:00:00Z");
    // No midnight: the clocks went forward from 00:00 to 01:00.
    check("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00Z");
    // Midnight skipped by a change half an hour before it, from 23:30 to 00:30.
    check("1919-03-31", "America/Toronto", "1919-03-31T04:30:00Z");
    // Midnight twice: back from 01:00 to 00:00, and from 00:01 to 23:01.
    check("2025-11-02", "America/Havana", "2025-11-02T04:00:00Z");
    check("2010-11-07", "America/St_Johns", "2010-11-07T02:30:00Z");
    // A day that the zone skipped, and the one after it.
    check("2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00Z");
    check("2011-12-31", "Pacific/Apia", "2011-12-30T10:00:00Z");
}

#[test]
fn a_repeated_hour_belongs_to_the_day_that_has_begun() {
    let check = |instant: &str, name: &str, start: &str, end: &str| {
        let day = day_of(at(instant), &zone(name)).unwrap();
        assert_eq!(day, (at(start), at(end)), "{instant} in {name}");
    };
    let rome = "Europe/Rome";
    check(
        "2026-11-22T10:00:00Z",
        rome,
        "2026-11-21T23:00:00Z",
        "2026-11-22T23:00:00Z",
    );
    check(
        "2026-10-25T12:00:00Z",
        rome,
        "2026-10-24T22:00:00Z",
        "2026-10-25T23:00:00Z",
    );
    // Back from 00:01 to 23:01: the new day has begun.
    let st_johns = "America/St_Johns";
    check(
        "2010-11-07T02:29:59Z",
        st_johns,
        "2010-11-06T02:30:00Z",
        "2010-11-07T02:30:00Z",
    );
    check(
        "2010-11-07T02:45:00Z",
        st_johns,
        "2010-11-07T02:30:00Z",
        "2010-11-08T03:30:00Z",
    );
    check(
        "2026-04-04T15:30:00Z",
        "Australia/Lord_Howe",
        "2026-04-04T13:00:00Z",
        "2026-04-05T13:30:00Z",
    );
}

#[test]
fn whole_days_within_a_period() {
    let check = |from: &str, to: &str, want: Option<(&str, &str)>| {
        let days = whole_days(at(from), at(to), &zone("Asia/Kathmandu")).unwrap();
        assert_eq!(
            days,
            want.map(|(from, to)| (at(from), at(to))),
            "{from} to {to}"
        );
    };
    let day = Some(("2026-11-01T18:15:00Z", "2026-11-02T18:15:00Z"));
    check("2026-11-01T18:15:00Z", "2026-11-02T18:15:00Z", day);
    check("2026-11-01T00:00:00Z", "2026-11-03T00:00:00Z", day);
    check("2026-11-01T18:15:00.000001Z", "2026-11-02T18:15:00Z", None);
    check("2026-11-01T18:15:00Z", "2026-11-02T18:14:59Z", None);
    check("2026-11-02T00:00:00Z", "2026-11-01T00:00:00Z", None);
}

#[test]
fn credits_expire_at_the_first_instant_of_the_day() {
    let check = |came: &str, days, name: &str, want: (&str, &str)| {
        let (day, instant) = expires_at(at(came), days, &zone(name)).unwrap();
        assert_eq!(
            (day, instant),
            (want.0.parse().unwrap(), at(want.1)),
            "{came}"
        );
    };
    let rome = "Europe/Rome";
    check(
        "2026-11-22T10:00:00Z",
        30,
        rome,
        ("2026-12-22", "2026-12-21T23:00:00Z"),
    );
    // It is half past midnight in Rome, so the next day has begun.
    check(
        "2026-11-22T23:30:00Z",
        1,
        rome,
        ("2026-11-24", "2026-11-23T23:00:00Z"),
    );
    // Days of the calendar are counted rather than 24 hours, over the change to summer time.
    check(
        "2026-03-28T12:00:00Z",
        2,
        rome,
        ("2026-03-30", "2026-03-29T22:00:00Z"),
    );
    check(
        "2023-10-31T12:00:00Z",
        366,
        rome,
        ("2024-10-31", "2024-10-30T23:00:00Z"),
    );
    check(
        "2018-11-03T12:00:00Z",
        1,
        "America/Sao_Paulo",
        ("2018-11-04", "2018-11-04T03:00:00Z"),
    );
    let refused = |days| expires_at(at("2026-11-22T10:00:00Z"), days, &zone(rome));
    assert_eq!(refused(0), Err(CalendarError::Validity));
    assert_eq!(refused(MAX_VALIDITY_DAYS + 1), Err(CalendarError::Validity));
    assert_eq!(
        expires_at(at("9999-12-01T00:00:00Z"), 60, &zone(rome)),
        Err(CalendarError::OutOfRange)
    );
}

#[test]
fn months_begin_and_end_in_the_time_zone() {
    let check = |instant: &str, name: &str, start: &str, end: &str| {
        assert_eq!(
            month_of(at(instant), &zone(name)),
            Ok((at(start), at(end))),
            "{instant}"
        );
    };
    let rome = "Europe/Rome";
    let (october, november) = ("2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z");
    check("2026-10-31T22:59:59Z", rome, october, november);
    check(
        "2026-10-31T23:00:00Z",
        rome,
        november,
        "2026-11-30T23:00:00Z",
    );
}

pub(super) fn any_zone() -> impl Strategy<Value = TimeZone> {
    const NAMES: [&str; 16] = [
        "Europe/Rome",
        "UTC",
        "America/St_Johns",
        "America/Sao_Paulo",
        "America/Havana",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "Pacific/Apia",
        "Africa/Casablanca",
        "America/Caracas",
        "Asia/Gaza",
        "Pacific/Chatham",
        "America/Nuuk",
        "Asia/Tehran",
        "Antarctica/Troll",
        "America/Asuncion",
    ];
    prop::sample::select(&NAMES[..]).prop_map(zone)
}

proptest! {
    #[test]
    fn days_equal_the_buckets_of_reports_by_day(
        zone in any_zone(),
        micros in 315_532_800_000_000_i64..4_000_000_000_000_000,
    ) {
        let instant = Timestamp::from_microsecond(micros).unwrap();
        let after = Timestamp::from_microsecond(micros + 1).unwrap();
        let found = buckets::buckets(instant, after, buckets::Interval::Day, &zone).unwrap();
        let (start, end) = day_of(instant, &zone).unwrap();
        prop_assert_eq!(found, [buckets::Bucket { start, end }]);
    }

    #[test]
    fn credits_are_usable_until_their_expiration_day_begins(
        zone in any_zone(),
        came in 1_325_376_000_i64..2_200_000_000,
        days in 1_u32..2_000,
    ) {
        let came = Timestamp::from_second(came).unwrap();
        let (day, instant) = expires_at(came, days, &zone).unwrap();
        prop_assert!(came < instant);
        prop_assert_eq!(date_of(instant, &zone), day);
        prop_assert!(date_of(instant - SignedDuration::from_nanos(1), &zone) < day);
    }
}
