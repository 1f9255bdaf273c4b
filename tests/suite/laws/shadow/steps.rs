//! Steps of a history, relative to the books: amounts just below, at and above what is available,
//! instants just before, at and after an expiry. Leaving steps out of a history leaves a valid
//! history.

/// Random numbers of a seed (SplitMix64).
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From `low` to `high`, both included.
    fn from(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high - low + 1).unwrap();
        low + i64::try_from(self.next() % span).unwrap()
    }

    fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        let last = i64::try_from(values.len() - 1).unwrap();
        values[usize::try_from(self.from(0, last)).unwrap()]
    }

    fn index(&mut self) -> usize {
        usize::try_from(self.from(0, 1_000_000)).unwrap()
    }
}

/// One step: some time passes, then a command comes.
#[derive(Debug, Clone)]
pub struct Step {
    pub wait: Wait,
    pub act: Act,
}

#[derive(Debug, Clone, Copy)]
pub enum Wait {
    /// This many microseconds; a negative number is a clock that steps back.
    By(i64),
    /// Until the next expiry of a lot, whatever its remainder, and this many microseconds more.
    Expiry(i64),
    /// Until the soonest sendAt, and this many microseconds more.
    SendAt(i64),
}

/// This many eighths of what is available, and this many units more; at least one unit.
#[derive(Debug, Clone, Copy)]
pub struct Part(pub i64, pub i64);

impl Part {
    pub fn of(self, there_is: i128) -> i64 {
        let part = there_is * i128::from(self.0) / 8 + i128::from(self.1);
        i64::try_from(part.max(1)).unwrap()
    }
}

#[derive(Debug, Clone)]
pub enum Act {
    /// Units, and the days until they expire.
    Grant(i64, Option<i64>),
    /// A package by its index.
    Purchase(usize),
    /// Lists by their index, each with eighths of what it could get, or no limit.
    Allocate(Vec<(usize, Option<Part>)>),
    /// For a list by its index, or for none.
    Send(Option<usize>, Part),
    /// The same, in this many hours.
    Schedule(Option<usize>, Part, i64),
    /// All of it, or this much of what is held.
    Settle(usize, Option<Part>),
    /// The held amount, and this much of the list's available credits.
    SettleBeyond(usize, Part),
    Cancel(usize),
    /// It is cancelled and settled in every way at once, and the server's own job runs.
    Race(usize),
    /// Settles or cancels a message that has ended.
    EndAgain(usize, bool),
    /// From a lot by its index, or from all.
    Revoke(Option<usize>, Part),
    /// Whether expiring lots go first.
    Order(bool),
    /// The account's time zone becomes the one with this index.
    Zone(usize),
    /// This many contacts join a list by its index.
    Join(usize, usize),
    /// This many contacts leave it, the oldest first.
    Leave(usize, usize),
    /// A message is scheduled for everybody in a list, in this many hours.
    Mail(usize, i64),
    /// The jobs run.
    Work,
    /// An earlier command, repeated unchanged.
    Repeat(usize),
    /// Another command with a used key.
    Reuse(usize),
}

impl Step {
    pub fn any(random: &mut Random) -> Self {
        Self {
            wait: wait(random),
            act: act(random),
        }
    }
}

fn wait(random: &mut Random) -> Wait {
    const HOUR: i64 = 3_600_000_000;
    match random.from(0, 19) {
        0..=7 => Wait::By(0),
        8..=11 => Wait::By(random.from(1, 50)),
        12..=14 => Wait::By(random.from(1, 6) * HOUR),
        15 => Wait::By(random.from(20, 60) * HOUR),
        16 => Wait::By(-random.from(1, 2 * HOUR)),
        17 => Wait::SendAt(random.from(-1, 1)),
        _ => Wait::Expiry(random.from(-1, 1)),
    }
}

/// More often than not at the edge of what is available.
fn part(random: &mut Random) -> Part {
    Part(
        random.one_of(&[0, 1, 1, 2, 3, 4, 8, 8, 9]),
        random.from(-1, 1),
    )
}

fn count(random: &mut Random) -> usize {
    usize::try_from(random.from(1, 5)).unwrap()
}

fn act(random: &mut Random) -> Act {
    let list = |random: &mut Random| random.one_of(&[None, Some(0), Some(1), Some(2)]);
    match random.from(0, 114) {
        0..=12 => {
            let units =
                random.one_of(&[10_000, 250_000, 333_333, 1_000_001, 7]) * random.from(1, 3);
            Act::Grant(
                units,
                random.one_of(&[None, Some(1), Some(1), Some(2), Some(5)]),
            )
        }
        13..=17 => Act::Purchase(random.index()),
        18..=29 => {
            let wish = |random: &mut Random| {
                let limit = random.one_of(&[true, true, true, false]);
                limit.then(|| Part(random.one_of(&[0, 1, 2, 3, 4, 8, 9]), random.from(-1, 1)))
            };
            let mut places = vec![0, 1, 2];
            places.retain(|_| random.one_of(&[true, false]));
            Act::Allocate(
                places
                    .into_iter()
                    .map(|place| (place, wish(random)))
                    .collect(),
            )
        }
        30..=44 => Act::Send(list(random), part(random)),
        45..=60 => Act::Schedule(list(random), part(random), random.from(1, 72)),
        61..=67 => {
            let some = random.one_of(&[true, true, false]);
            Act::Settle(random.index(), some.then(|| part(random)))
        }
        68..=72 => Act::SettleBeyond(random.index(), part(random)),
        73..=76 => Act::Cancel(random.index()),
        77..=79 => Act::Race(random.index()),
        80..=81 => Act::EndAgain(random.index(), random.one_of(&[true, false])),
        82..=86 => Act::Revoke(
            random.one_of(&[true, false]).then(|| random.index()),
            part(random),
        ),
        87..=88 => Act::Order(random.one_of(&[true, false])),
        89..=92 => Act::Work,
        93..=97 => Act::Repeat(random.index()),
        98..=99 => Act::Reuse(random.index()),
        100..=102 => Act::Zone(random.index()),
        103..=105 => Act::Join(random.index(), count(random)),
        106..=108 => Act::Leave(random.index(), count(random)),
        _ => Act::Mail(random.index(), random.from(1, 72)),
    }
}
