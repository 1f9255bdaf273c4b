//! The UTC offset of instants in the report's time zone.
//!
//! Here: one look-up in the time zone database for each clock change instead of one for each row. Not
//! here: where days and buckets begin ([`domain::calendar`]).

use jiff::{Span, Timestamp, tz::Offset, tz::TimeZone};

/// A time zone that caches the offset between two clock changes. Rows come in order, so the cache
/// answers nearly every call.
pub struct LocalTime {
    zone: TimeZone,
    since: Timestamp,
    /// Exclusive.
    until: Timestamp,
    offset: Offset,
}

impl LocalTime {
    /// Starts with an empty cache.
    pub fn new(zone: TimeZone) -> Self {
        Self {
            zone,
            since: Timestamp::MAX,
            until: Timestamp::MIN,
            offset: Offset::UTC,
        }
    }

    /// Returns the zone's offset from UTC at an instant.
    pub fn offset_at(&mut self, instant: Timestamp) -> Offset {
        if instant < self.since || instant >= self.until {
            self.offset = self.zone.to_offset(instant);
            // A clock change at `instant` itself starts the cached range, but `preceding` excludes its
            // argument.
            let just_after = instant.checked_add(Span::new().nanoseconds(1));
            self.since = just_after
                .ok()
                .and_then(|after| self.zone.preceding(after).next())
                .map_or(Timestamp::MIN, |change| change.timestamp());
            self.until = self
                .zone
                .following(instant)
                .next()
                .map_or(Timestamp::MAX, |change| change.timestamp());
        }
        self.offset
    }

    /// Returns the milliseconds of local time from 1970-01-01T00:00.
    pub fn milliseconds_at(&mut self, instant: Timestamp) -> i64 {
        instant.as_millisecond() + i64::from(self.offset_at(instant).seconds()) * 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::LocalTime;
    use jiff::{Timestamp, tz::TimeZone};
    use proptest::prelude::*;

    #[test]
    fn the_offset_changes_at_the_instant_of_the_clock_change() {
        let mut rome = LocalTime::new(TimeZone::get("Europe/Rome").unwrap());
        let mut check = |instant: &str, seconds: i32| {
            let instant: Timestamp = instant.parse().unwrap();
            assert_eq!(rome.offset_at(instant).seconds(), seconds, "{instant}");
        };
        check("2026-03-29T00:59:59.999999999Z", 3_600);
        check("2026-03-29T01:00:00Z", 7_200);
        check("2026-03-29T00:59:59Z", 3_600);
        check("2026-10-25T00:59:59Z", 7_200);
        check("2026-10-25T01:00:00Z", 3_600);
        check("2026-10-25T00:59:59Z", 7_200);
        check("2026-10-25T01:00:00Z", 3_600);
    }

    proptest! {
        #[test]
        fn cached_offsets_equal_those_of_the_zone(
            zone in prop::sample::select(vec!["UTC", "Europe/Rome", "Australia/Lord_Howe", "Asia/Kathmandu"]),
            seconds in prop::collection::vec(0_i64..4_000_000_000, 1..50),
        ) {
            let zone = TimeZone::get(zone).unwrap();
            let mut local = LocalTime::new(zone.clone());
            for second in seconds {
                let instant = Timestamp::from_second(second).unwrap();
                prop_assert_eq!(local.offset_at(instant), zone.to_offset(instant));
            }
        }
    }
}
