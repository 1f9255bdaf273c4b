//! Law T5: the credits of every month add up, and its closing is the next one's opening, for random
//! histories in zones whose months begin at odd instants, whether or not expiries are booked.

use std::collections::BTreeMap;

use domain::{
    calendar::{month_of, month_of_date, parse_time_zone},
    channel::Channel,
    credits::Credits,
    id::{LotId, RateCardId},
    statement::MonthCredits,
};
use jiff::{SignedDuration, Timestamp, ToSpan, civil::date, tz::TimeZone};
use message_credits::{
    clock::id_at,
    ledger::{Actor, End, Request, RequestKind},
    store,
};

use crate::support::{
    Server, Tenant,
    account::set_zone,
    on_both_databases,
    purchase::{package, paid_at},
    sending::{Leg, Message, account, new_message, price, submit},
    usage::Numbers,
};

/// Random histories for each zone and database.
const HISTORIES: u64 = 4;
/// Commands of one history.
const COMMANDS: usize = 60;
/// Zones with changes of the clocks, with months that begin in one, and far from UTC.
const ZONES: [&str; 6] = [
    "Europe/Rome",
    "America/New_York",
    "America/Havana",
    "Pacific/Kiritimati",
    "Pacific/Chatham",
    "Asia/Kathmandu",
];

/// What the test knows of a month by its own commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Known {
    purchased: i64,
    recharged: i64,
    granted: i64,
    spent: i64,
    revoked: i64,
}

impl From<&MonthCredits> for Known {
    fn from(month: &MonthCredits) -> Self {
        Self {
            purchased: month.purchased.units(),
            recharged: month.recharged.units(),
            granted: month.granted.units(),
            spent: month.spent.units(),
            revoked: month.revoked.units(),
        }
    }
}

/// An account with a history, and what the test knows of it by month.
struct History {
    tenant: Tenant,
    zone: TimeZone,
    known: BTreeMap<Timestamp, Known>,
}

fn message(at: Timestamp, recipients: u64) -> Message {
    Message {
        at,
        list: None,
        channel: Channel::Sms,
        text: "Ciao".to_owned(),
        card: RateCardId::new(store::rate_card::DEFAULT_ID),
        legs: vec![Leg {
            country: "IT",
            segment_count: 1,
            recipients,
            rate_units: Some(12_345),
        }],
    }
}

impl History {
    async fn new(server: &Server, name: &str) -> Self {
        let tenant = server.account("Shop").await;
        set_zone(server, &tenant, name).await;
        Self {
            tenant,
            zone: parse_time_zone(name).unwrap(),
            known: BTreeMap::new(),
        }
    }

    fn month(&mut self, at: Timestamp) -> &mut Known {
        let (from, _) = month_of(at, &self.zone).unwrap();
        self.known.entry(from).or_default()
    }

    /// Instants over five months, many of them at a month's first instant and right before it.
    fn instants(&self, numbers: &mut Numbers) -> Vec<Timestamp> {
        let from = date(2026, 9, 15).at(0, 0, 0, 0).to_zoned(TimeZone::UTC);
        let from = from.unwrap().timestamp();
        let mut instants: Vec<Timestamp> = (0..COMMANDS)
            .map(|_| match numbers.below(4) {
                0 => {
                    let month = i8::try_from(10 + numbers.below(3)).unwrap();
                    let first = date(2026, month, 1);
                    let (start, _) = month_of_date(first, &self.zone).unwrap();
                    let before = i64::try_from(numbers.below(2)).unwrap();
                    start - SignedDuration::from_micros(before)
                }
                _ => {
                    let micros = i64::try_from(numbers.below(140 * 86_400_000_000)).unwrap();
                    from + SignedDuration::from_micros(micros)
                }
            })
            .collect();
        instants.sort_unstable();
        instants
    }

    /// Runs a random command; one that is refused changes nothing.
    async fn act(&mut self, server: &Server, numbers: &mut Numbers, package: &str, at: Timestamp) {
        let units = 1 + i64::try_from(numbers.below(900_000)).unwrap();
        let recipients = 1 + numbers.below(20);
        let credits = Credits::from_units(units);
        match numbers.below(8) {
            0 => {
                paid_at(server, &self.tenant, (package, 30, 100), false, at).await;
                self.month(at).purchased += 300_000;
            }
            1 => {
                paid_at(server, &self.tenant, (package, 50, 100), true, at).await;
                self.month(at).recharged += 500_000;
            }
            2 | 3 => {
                let days = i64::try_from(1 + numbers.below(40)).unwrap();
                let today = self.zone.to_datetime(at).date();
                let grant = RequestKind::Grant {
                    lot: LotId::new(id_at(at)),
                    credits,
                    expires_on: (days < 35).then(|| today.saturating_add(days.days())),
                    note: "a gift".to_owned(),
                };
                submit(server, &self.tenant, at, grant).await;
                self.month(at).granted += units;
            }
            4 => {
                let revoke = RequestKind::Revoke {
                    lot: None,
                    credits,
                    note: "a slip".to_owned(),
                };
                if self.is_done(server, at, revoke).await {
                    self.month(at).revoked += units;
                }
            }
            5 | 6 => {
                let message = message(at, recipients);
                let cost: i64 = message.legs.iter().map(|leg| leg.units()).sum();
                let send = RequestKind::Send(new_message(&message));
                if self.is_done(server, at, send).await {
                    self.month(at).spent += cost;
                }
            }
            _ => {
                self.schedule(server, numbers, message(at, recipients))
                    .await
            }
        }
    }

    /// Schedules a message, which is settled for less at the same instant, or stays scheduled.
    async fn schedule(&mut self, server: &Server, numbers: &mut Numbers, message: Message) {
        let mut new = new_message(&message);
        new.send_at = Some(message.at + SignedDuration::from_hours(24 * 400));
        let id = new.id;
        if !self
            .is_done(server, message.at, RequestKind::Schedule(new))
            .await
        {
            return;
        }
        if numbers.below(2) == 0 {
            let mut sent = message.legs.clone();
            sent[0].recipients = 1;
            let end = RequestKind::End {
                message: id,
                list: None,
                end: End::Reported(price(&sent), None),
            };
            submit(server, &self.tenant, message.at, end).await;
            self.month(message.at).spent += sent[0].units();
        }
    }

    async fn is_done(&self, server: &Server, at: Timestamp, kind: RequestKind) -> bool {
        let request = Request {
            actor: Actor::ADMINISTRATOR,
            account: account(&self.tenant),
            kind,
            key: None,
            at: Some(at),
        };
        server.services().ledger.submit(request).await.is_ok()
    }

    /// The months from September to March, checked against each other, the balances and what the
    /// test knows.
    async fn check(&self, server: &Server) -> Vec<MonthCredits> {
        let services = server.services();
        let id = account(&self.tenant);
        let row = store::account::find(services.store.reader(), id)
            .await
            .unwrap()
            .unwrap();
        let mut months: Vec<MonthCredits> = Vec::new();
        let first = date(2026, 9, 1);
        for number in 0..7 {
            let day = first.saturating_add(number.months());
            let statement = services.statement(&row, &day.to_string()).await.unwrap();
            let month = services.month_credits(&statement).await.unwrap().unwrap();
            let known = self.known.get(&statement.from).copied().unwrap_or_default();
            assert_eq!(Known::from(&month), known, "{day} in {}", row.time_zone);
            if let Some(before) = months.last() {
                assert_eq!(before.closing, month.opening, "{day} in {}", row.time_zone);
            }
            let income = known.purchased + known.recharged + known.granted;
            let outgo = known.spent + known.revoked + month.expired.units();
            let closing = month.opening.units() + income - outgo;
            assert_eq!(closing, month.closing.units(), "{day} in {}", row.time_zone);
            assert!(month.expired >= Credits::ZERO, "{month:?}");
            let at = (statement.to - SignedDuration::from_micros(1)).min(services.clock.now());
            assert_eq!(
                balance_at(server, &self.tenant, at).await,
                month.closing.to_string()
            );
            months.push(month);
        }
        months
    }
}

async fn balance_at(server: &Server, tenant: &Tenant, at: Timestamp) -> String {
    let query = "query($at: DateTime!) { account { balance(at: $at) { total } } }";
    let variables = serde_json::json!({ "at": at.to_string() });
    let data = server.data(&tenant.owner, query, variables).await;
    let total = data["account"]["balance"]["total"].as_str();
    total.unwrap().to_owned()
}

on_both_databases! {
    /// Law T5.
    async fn months_add_up_for_any_history(server: Server) {
        server.set_time("2027-03-20T08:00:00Z");
        let package = package(&server, 30, 100, |_| {}).await;
        let mut expired = 0;
        for zone in ZONES {
            for seed in 0..HISTORIES {
                let mut numbers = Numbers(seed * 7 + 1);
                let mut history = History::new(&server, zone).await;
                for at in history.instants(&mut numbers) {
                    history.act(&server, &mut numbers, &package, at).await;
                }
                // Some lots have expired since the last command, and nothing has booked that.
                let unbooked = history.check(&server).await;
                server.run_workers().await;
                assert_eq!(history.check(&server).await, unbooked);
                expired += unbooked.iter().filter(|month| month.expired.is_positive()).count();
            }
        }
        assert!(expired > 20, "too few months with expiries: {expired}");
    }
}
