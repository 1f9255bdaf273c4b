//! The only module that reads the time, so that tests can fix it and rehearsals can move it.
//!
//! Instants are whole microseconds, as in the database: the instant of a quote or a ledger entry
//! must equal the one that is read back.

use std::sync::{
    Arc, LazyLock,
    atomic::{AtomicI64, AtomicU32, Ordering},
};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::entropy;

/// A source of the current time. Cheap to clone; clones of a [`Clock::fixed`] share their time.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    /// The system's time plus a fixed offset: zero in production, another in a rehearsal.
    System { offset: SignedDuration },
    /// Microseconds since the epoch, moved only through [`Clock::set`].
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System {
            offset: SignedDuration::ZERO,
        })
    }

    /// A clock that reads `start` now and runs on at the system's pace.
    #[must_use]
    pub fn starting_at(start: Timestamp) -> Self {
        Self(Source::System {
            offset: start.duration_since(system_now()),
        })
    }

    /// A clock that doesn't move until it is set.
    #[must_use]
    pub fn fixed(at: Timestamp) -> Self {
        Self(Source::Fixed(Arc::new(AtomicI64::new(at.as_microsecond()))))
    }

    /// Moves a fixed clock; a running one does not change.
    pub fn set(&self, at: Timestamp) {
        if let Source::Fixed(micros) = &self.0 {
            micros.store(at.as_microsecond(), Ordering::SeqCst);
        }
    }

    /// The current instant, in whole microseconds.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            // A rehearsal that runs past the end of the calendar stays at its last instant.
            Source::System { offset } => whole_micros(
                system_now()
                    .checked_add(*offset)
                    .unwrap_or(Timestamp::MAX)
                    .as_microsecond(),
            ),
            Source::Fixed(micros) => whole_micros(micros.load(Ordering::SeqCst)),
        }
    }

    /// A new id that sorts by this clock's time (UUIDv7, RFC 9562 §5.7).
    #[must_use]
    pub fn new_id(&self) -> Uuid {
        id_at(self.now())
    }

    /// A new id of an account's object, like [`Self::new_id`].
    #[must_use]
    pub fn new_id_in(&self, account: Uuid) -> Uuid {
        id_in(account, self.now())
    }
}

/// The last 24 bits of an id. The ids of an account's objects end like that of the account, so that
/// on several servers an id leads to the one with its account.
pub type Tag = [u8; 3];

/// The tag of an account, or of one of its objects.
#[must_use]
pub fn tag(id: Uuid) -> Tag {
    let [.., first, second, third] = id.into_bytes();
    [first, second, third]
}

/// A new id of an account's object, like [`id_at`]. Beside the tag, 24 random bits and the counter
/// keep the ids apart that several processes create within a millisecond.
#[must_use]
pub fn id_in(account: Uuid, at: Timestamp) -> Uuid {
    let mut bytes = id_at(at).into_bytes();
    let [.., first, second, third] = &mut bytes;
    [*first, *second, *third] = tag(account);
    Uuid::from_bytes(bytes)
}

/// A new id that sorts as created at `at`. Ids that one process creates within the same millisecond
/// sort in their order of creation (RFC 9562 §6.2, method 1), so that they are listed in that
/// order.
#[must_use]
pub fn id_at(at: Timestamp) -> Uuid {
    // Each process begins elsewhere in the lower half, so that two of them don't count in step.
    static MADE: LazyLock<AtomicU32> =
        LazyLock::new(|| AtomicU32::new(u32::from_be_bytes(entropy::bytes()) >> 7));
    // An instant before 1970 would not fit the id; it sorts first.
    let millis = u64::try_from(at.as_millisecond()).unwrap_or_default();
    let count = MADE.fetch_add(1, Ordering::Relaxed);
    let random: [u8; 6] = entropy::bytes();
    // The 26 low bits are the counter: four beside the version, eight, six beside the variant,
    // eight.
    let low = |shift: u32, bits: u32| (count >> shift) as u8 & ((1_u16 << bits) - 1) as u8;
    let mut tail = [
        low(22, 4),
        low(14, 8),
        low(8, 6),
        low(0, 8),
        0,
        0,
        0,
        0,
        0,
        0,
    ];
    let (_, rest) = tail.split_at_mut(4);
    rest.copy_from_slice(&random);
    uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()
}

/// The lowest id that sorts as created at `at`, which no row has.
#[must_use]
pub fn first_id_at(at: Timestamp) -> Uuid {
    let millis = u64::try_from(at.as_millisecond()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
}

/// The instant after a wait, or the last one if there is none.
#[must_use]
pub fn later(now: Timestamp, wait: SignedDuration) -> Timestamp {
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// Converts the database's microseconds to an instant.
#[must_use]
pub fn whole_micros(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(if micros < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the only module that reads the time"
)]
fn system_now() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use super::{Clock, id_at, id_in, tag};
    use jiff::Timestamp;

    #[test]
    fn a_fixed_clock_moves_only_when_it_is_set() {
        let (first, second) = (
            Timestamp::UNIX_EPOCH,
            "2026-03-29T01:00:00Z".parse().unwrap(),
        );
        let clock = Clock::fixed(first);
        let shared = clock.clone();
        assert_eq!(clock.now(), first);
        shared.set(second);
        assert_eq!(clock.now(), second);
    }

    #[test]
    fn ids_in_an_account_carry_its_tag_and_sort_by_time() {
        let at: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let account = id_at(at);
        let ids: Vec<_> = (0..1_000).map(|_| id_in(account, at)).collect();
        assert!(ids.is_sorted_by(|one, next| one < next));
        for id in ids {
            assert_eq!(tag(id), tag(account));
            assert_eq!(
                (id.get_version_num(), id.get_variant()),
                (7, uuid::Variant::RFC4122)
            );
        }
    }

    #[test]
    fn ids_sort_by_time() {
        let at = |text: &str| id_at(text.parse().unwrap());
        assert!(at("2026-01-01T00:00:00Z") < at("2026-01-01T00:00:00.001Z"));
        assert!(at("2026-01-01T00:00:00Z") < at("2026-01-01T00:00:00Z"));
        let id = at("2026-01-01T00:00:00Z");
        assert_eq!(
            (id.get_version_num(), id.get_variant()),
            (7, uuid::Variant::RFC4122)
        );
    }
}
