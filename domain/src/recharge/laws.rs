//! Law R2 over random histories: an account spends, its charges end in any order or in silence,
//! months pass, and its owner changes the settings.

use jiff::{SignedDuration, tz::TimeZone};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{
    calendar::month_of,
    id::PurchaseId,
    money::Currency,
    payment::{Event, State},
};

const PACKAGE: i32 = 50;
const PRICE: i64 = 4_990;

#[derive(Debug, Clone)]
enum Step {
    /// Credits are spent, as far as there are any.
    Spend(i32),
    /// The account's recharge is decided on, as happens again and again.
    Decide,
    /// The open charge's provider reports something.
    Report(Event),
    /// A charge that was decided is reported on again.
    Again(usize, Event),
    Hours(i64),
    Month,
    /// The owner changes the limit, which forgets declines.
    Limit(Option<i64>),
    Threshold(i32),
}

impl Step {
    fn is_the_owners(&self) -> bool {
        matches!(self, Self::Limit(_) | Self::Threshold(_))
    }
}

fn event() -> impl Strategy<Value = Event> {
    prop::sample::select(vec![
        Event::Waiting,
        Event::Absent,
        Event::NoAnswer,
        Event::Paid,
        Event::Paid,
        Event::Declined,
        Event::Expired,
        Event::Failed,
    ])
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..120).prop_map(Step::Spend),
        6 => Just(Step::Decide),
        6 => event().prop_map(Step::Report),
        1 => (0_usize..20, event()).prop_map(|(which, event)| Step::Again(which, event)),
        2 => (0_i64..30).prop_map(Step::Hours),
        1 => Just(Step::Month),
        1 => prop::option::of(PRICE..PRICE * 8).prop_map(Step::Limit),
        1 => (1..200).prop_map(Step::Threshold),
    ]
}

struct World {
    now: Timestamp,
    available: Credits,
    threshold: Credits,
    limit: Option<Money>,
    acted_at: Timestamp,
    charges: Vec<Charge>,
    times: Vec<u32>,
    /// Whether a charge was paid after it had ended without money.
    was_late: Vec<bool>,
    granted: i64,
}

fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::new("EUR".parse().unwrap(), 2).unwrap())
}

impl World {
    fn new() -> Self {
        let now = "2026-10-30T10:00:00Z".parse().unwrap();
        Self {
            now,
            available: Credits::whole(100),
            threshold: Credits::whole(20),
            limit: Some(euros(6 * PRICE)),
            acted_at: now,
            charges: Vec::new(),
            times: Vec::new(),
            was_late: Vec::new(),
            granted: 0,
        }
    }

    fn month(&self) -> (Timestamp, Timestamp) {
        month_of(self.now, &TimeZone::get("Europe/Rome").unwrap()).unwrap()
    }

    fn sums(&self) -> Charges {
        let currency = euros(0).currency();
        Charges::of(&self.charges, self.month(), self.acted_at, currency).unwrap()
    }

    fn decide(&mut self) {
        let sums = self.sums();
        let decision = super::decide(&RechargeState {
            available: self.available,
            debt: Credits::ZERO,
            threshold: self.threshold,
            package_credits: Credits::whole(PACKAGE),
            package_price: euros(PRICE),
            monthly_limit: self.limit,
            spent_this_month: sums.spent_this_month,
            permission: Permission::Granted { room: None },
            in_flight: sums.in_flight,
            consecutive_declines: sums.consecutive_declines,
            last_declined_at: sums.last_declined_at,
            now: self.now,
        });
        let Decision::Buy { times, price, .. } = decision else {
            return;
        };
        self.times.push(times);
        self.was_late.push(false);
        self.charges.push(Charge {
            id: PurchaseId::new(Uuid::from_u128(self.charges.len() as u128)),
            state: State::Pending,
            price,
            created_at: self.now,
            decided_at: None,
        });
        // Reserved before anything is charged, the account's other charges included.
        let spent = self.sums().spent_this_month;
        assert!(
            self.limit
                .is_none_or(|limit| spent.minor() <= limit.minor())
        );
    }

    fn report(&mut self, which: usize, event: Event) {
        let charge = &mut self.charges[which];
        let (before, after) = (charge.state, charge.state.after(event));
        if before == after {
            return;
        }
        charge.state = after;
        charge.decided_at = (!after.is_open()).then_some(self.now);
        if after == State::Paid {
            self.was_late[which] = !before.is_open();
            let credits = i64::from(self.times[which]) * Credits::whole(PACKAGE).units();
            self.available = Credits::from_units(self.available.units() + credits);
            self.granted += credits;
        }
    }

    fn run(&mut self, step: &Step) {
        self.now += SignedDuration::from_micros(1);
        if step.is_the_owners() {
            self.acted_at = self.now;
        }
        match step {
            Step::Spend(credits) => {
                let left = self.available.units() - Credits::whole(*credits).units();
                self.available = Credits::from_units(left.max(0));
            }
            Step::Decide => self.decide(),
            Step::Report(event) => {
                let open = self
                    .charges
                    .iter()
                    .position(|charge| charge.state.is_open());
                if let Some(open) = open {
                    self.report(open, *event);
                }
            }
            Step::Again(which, event) => {
                if !self.charges.is_empty() {
                    self.report(which % self.charges.len(), *event);
                }
            }
            Step::Hours(hours) => self.now += SignedDuration::from_hours(*hours),
            Step::Month => self.now = self.month().1,
            Step::Limit(limit) => self.limit = limit.map(euros),
            Step::Threshold(threshold) => self.threshold = Credits::whole(*threshold),
        }
    }

    fn check(&self) {
        let open = self.charges.iter().filter(|charge| charge.state.is_open());
        assert!(open.count() <= 1, "two charges are in flight");
        let paid = |charge: &&Charge| charge.state == State::Paid;
        let charged: i64 = self
            .charges
            .iter()
            .filter(paid)
            .map(|one| one.price.minor())
            .sum();
        let packages = charged / PRICE;
        assert_eq!(packages * PRICE, charged);
        assert_eq!(packages * Credits::whole(PACKAGE).units(), self.granted);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Charged money and granted credits agree, one charge is in flight at most, and whatever is
    /// begun fits into the month's limit together with all that may cost.
    #[test]
    fn no_history_charges_twice_or_past_the_limit(steps in prop::collection::vec(step(), 1..120)) {
        let mut world = World::new();
        for step in &steps {
            world.run(step);
            world.check();
        }
    }

    /// With one limit all along, no month's payments pass it, whenever they are begun and paid,
    /// except those that their provider first reported as not paid.
    #[test]
    fn no_month_costs_more_than_its_limit(steps in prop::collection::vec(step(), 1..120)) {
        let mut world = World::new();
        for step in steps.iter().filter(|step| !matches!(step, Step::Limit(_))) {
            world.run(step);
            let (from, to) = world.month();
            let on_time = world.charges.iter().zip(&world.was_late).filter(|(_, late)| !**late);
            let of_month = on_time.map(|(charge, _)| charge).filter(|charge| {
                charge.state == State::Paid
                    && charge.decided_at.is_some_and(|at| from <= at && at < to)
            });
            let cost: i64 = of_month.map(|charge| charge.price.minor()).sum();
            prop_assert!(cost <= 6 * PRICE);
        }
    }

    /// Declines in a row suspend after the third, and a payment or the owner starts over.
    #[test]
    fn three_declines_in_a_row_suspend(steps in prop::collection::vec(step(), 1..120)) {
        let mut world = World::new();
        let mut declines = 0;
        for step in &steps {
            let before: Vec<State> = world.charges.iter().map(|charge| charge.state).collect();
            let begun = world.charges.len();
            world.run(step);
            if world.charges.len() > begun {
                prop_assert!(declines < DECLINES_TO_SUSPEND);
            }
            for (before, charge) in before.iter().zip(&world.charges) {
                if *before != charge.state {
                    declines = match charge.state {
                        State::Paid => 0,
                        State::Declined | State::Expired | State::Failed => declines + 1,
                        State::Pending | State::Unknown => declines,
                    };
                }
            }
            if step.is_the_owners() {
                declines = 0;
            }
            prop_assert_eq!(world.sums().consecutive_declines, declines);
        }
    }
}
