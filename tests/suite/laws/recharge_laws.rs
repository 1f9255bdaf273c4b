//! Laws R2 and R3 over random orders of events: an account spends, its provider charges, declines,
//! loses calls and answers, is busy, and says things twice and too late, months pass, and the owner
//! changes the settings.
//!
//! Here: the whole server. Not here: the decision alone, which is in the domain's own laws.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::http::HeaderMap;
use domain::{id::PurchaseId, payment::Event};
use entity::{
    lot, purchase,
    sql_enums::{LotSource, PurchaseStatus},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use message_credits::payments::{
    Approval, CallError, Credential, Mandate, MandateState, MandateWish, Merchant, Notice, Order,
    Provider, Rejected, Report,
};
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::support::{
    Server,
    books::drifts,
    message::{SEND, to_italians},
    new_key, on_both_databases,
    recharge::{Shop, quiet_shop, set},
    sending,
};

const CASES: u32 = 16;
const SHRINKINGS: u32 = 64;
const PACKAGE: i64 = 50;
const PRICE: i64 = 5_000;

/// What becomes of one call about a charge.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Paid,
    Declined,
    /// Reported as declined, and taken afterwards.
    Late,
    Waiting,
    LostBefore,
    LostAfter,
    Busy,
}

#[derive(Debug, Clone, Copy, Default)]
struct Payment {
    taken: bool,
    declined: bool,
    is_late: bool,
}

/// How the calls to come end, and the payments so far.
type Course = (VecDeque<Fate>, BTreeMap<PurchaseId, Payment>);

/// A provider whose calls end as the case says, and are paid once the case has said all.
#[derive(Debug, Clone, Default)]
struct Fickle(Arc<Mutex<Course>>);

impl Fickle {
    fn inside(&self) -> MutexGuard<'_, Course> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, order: &Order, charges: bool) -> Result<Report, CallError> {
        let mut inside = self.inside();
        let fate = inside.0.pop_front().unwrap_or(Fate::Paid);
        match fate {
            Fate::LostBefore => return Err(CallError::NoAnswer("lost before".to_owned())),
            Fate::Busy => return Err(CallError::Busy(Duration::from_secs(90))),
            Fate::Paid | Fate::Declined | Fate::Late | Fate::Waiting | Fate::LostAfter => {}
        }
        let is_new = !inside.1.contains_key(&order.purchase);
        if is_new && !charges {
            return Ok(Report::of(Event::Absent));
        }
        let payment = inside.1.entry(order.purchase).or_default();
        if payment.is_late {
            payment.taken = true;
        } else if !payment.taken && !payment.declined {
            match fate {
                Fate::Declined => payment.declined = true,
                Fate::Late => payment.is_late = true,
                Fate::Paid | Fate::LostAfter => payment.taken = true,
                Fate::Waiting | Fate::LostBefore | Fate::Busy => {}
            }
        }
        let event = match *payment {
            Payment { taken: true, .. } => Event::Paid,
            Payment { declined: true, .. } | Payment { is_late: true, .. } => Event::Declined,
            Payment { .. } => Event::Waiting,
        };
        if matches!(fate, Fate::LostAfter) {
            return Err(CallError::NoAnswer("lost after".to_owned()));
        }
        Ok(Report {
            reference: Some(order.purchase.uuid().to_string()),
            ..Report::of(event)
        })
    }
}

#[async_trait::async_trait]
impl Provider for Fickle {
    fn name(&self) -> &'static str {
        "fickle"
    }

    fn is_real(&self) -> bool {
        false
    }

    fn approval(&self) -> Approval {
        Approval::ProviderPage
    }

    fn credentials(&self) -> Option<&'static [Credential]> {
        None
    }

    async fn begin(&self, _: &Order, _: &Merchant) -> Result<Report, CallError> {
        Err(CallError::NoAnswer("nothing is bought by hand".to_owned()))
    }

    async fn charge(&self, order: &Order, _: &Merchant) -> Result<Report, CallError> {
        self.answer(order, true)
    }

    async fn read(&self, order: &Order, _: &Merchant) -> Result<Report, CallError> {
        self.answer(order, false)
    }

    async fn mandate(&self, _: &Merchant, _: Option<&MandateWish>) -> Result<Mandate, CallError> {
        Ok(Mandate {
            state: MandateState::Active,
            reference: None,
            cap: None,
            used: None,
            period_end: None,
            confirmation_url: None,
        })
    }

    fn receive(&self, _: &HeaderMap, _: &[u8], _: Timestamp) -> Result<Notice, Rejected> {
        Err(Rejected::NotSupported)
    }
}

#[derive(Debug, Clone)]
enum Step {
    Spend(i64),
    Jobs,
    Minutes(i64),
    Month,
    /// Packages that the month's limit pays for; no limit if `None`.
    Limit(Option<i64>),
    Threshold(i64),
    Switch(bool),
    /// A provider's notice: every payment is read again.
    Notice,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        4 => Just(Fate::Paid),
        3 => Just(Fate::Declined),
        1 => Just(Fate::Late),
        1 => Just(Fate::Waiting),
        2 => Just(Fate::LostBefore),
        2 => Just(Fate::LostAfter),
        1 => Just(Fate::Busy),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1_i64..70).prop_map(Step::Spend),
        8 => Just(Step::Jobs),
        4 => prop::sample::select(vec![1, 10, 31, 61, 25 * 60]).prop_map(Step::Minutes),
        1 => Just(Step::Month),
        1 => prop::option::of(1_i64..8).prop_map(Step::Limit),
        1 => (1_i64..150).prop_map(Step::Threshold),
        1 => any::<bool>().prop_map(Step::Switch),
        1 => Just(Step::Notice),
    ]
}

/// A shop while its history runs.
struct World<'a> {
    server: &'a Server,
    shop: Shop,
    provider: &'a Fickle,
    limit: Option<i64>,
    known: usize,
}

impl World<'_> {
    fn now(&self) -> Timestamp {
        self.server.services().clock.now()
    }

    fn pass(&self, wait: SignedDuration) {
        let at = self.now().checked_add(wait).unwrap();
        self.server.services().clock.set(at);
    }

    async fn rows(&self) -> Vec<purchase::Model> {
        let of_account = purchase::Column::AccountId.eq(sending::account(&self.shop.tenant).uuid());
        purchase::Entity::find()
            .filter(of_account)
            .all(self.server.services().store.writer())
            .await
            .unwrap()
    }

    async fn change(&mut self, change: Value) {
        let mut input = json!({ "enabled": true });
        for (field, value) in change.as_object().unwrap() {
            input[field] = value.clone();
        }
        set(self.server, &self.shop, input).await;
    }

    async fn run(&mut self, step: &Step) {
        match step {
            Step::Spend(credits) => self.spend(*credits).await,
            Step::Jobs => self.server.run_workers().await,
            Step::Minutes(minutes) => self.pass(SignedDuration::from_mins(*minutes)),
            Step::Month => self.pass(SignedDuration::from_hours(31 * 24)),
            Step::Limit(packages) => {
                self.limit = packages.map(|packages| packages * PRICE);
                let limit = self.limit.map(|minor| {
                    json!({ "amount": format!("{}.00", minor / 100), "currencyCode": "EUR" })
                });
                self.change(json!({ "monthlyLimit": limit })).await;
            }
            Step::Threshold(threshold) => {
                self.change(json!({ "threshold": threshold.to_string() }))
                    .await;
            }
            Step::Switch(on) => self.change(json!({ "enabled": on })).await,
            Step::Notice => self.notice().await,
        }
    }

    async fn notice(&self) {
        purchase::Entity::update_many()
            .col_expr(
                purchase::Column::NextAt,
                sea_orm::sea_query::Expr::value(1_i64),
            )
            .exec(self.server.services().store.writer())
            .await
            .unwrap();
    }

    /// Law R3: whatever the provider does, what is available can be spent.
    async fn spend(&self, credits: i64) {
        let balance = crate::support::account::balance(self.server, &self.shop.tenant).await;
        let available: i64 = balance["available"].as_str().unwrap().parse().unwrap();
        let credits = credits.min(available);
        if credits > 0 {
            let mut input = to_italians(credits);
            input["idempotencyKey"] = json!(new_key());
            self.server.done(&self.shop.tenant.owner, SEND, input).await;
        }
    }

    /// Law R2 at any time.
    async fn check(&mut self) {
        let rows = self.rows().await;
        let open = |row: &&purchase::Model| {
            matches!(
                row.status,
                PurchaseStatus::Pending | PurchaseStatus::Unknown
            )
        };
        assert!(
            rows.iter().filter(open).count() <= 1,
            "two charges are in flight"
        );
        if rows.len() > self.known {
            self.known = rows.len();
            self.check_limit(&rows);
        }
    }

    /// A charge that was just begun fits into the limit with all that may cost this month.
    fn check_limit(&self, rows: &[purchase::Model]) {
        let Some(limit) = self.limit else { return };
        let zone = TimeZone::get("Europe/Rome").unwrap();
        let (from, to) = domain::calendar::month_of(self.now(), &zone).unwrap();
        let month = from.as_microsecond()..to.as_microsecond();
        let costs = |row: &&purchase::Model| match row.status {
            PurchaseStatus::Pending | PurchaseStatus::Unknown => true,
            PurchaseStatus::Paid => {
                month.contains(&row.created_at)
                    || row.decided_at.is_some_and(|at| month.contains(&at))
            }
            PurchaseStatus::Declined | PurchaseStatus::Expired | PurchaseStatus::Failed => false,
        };
        let newest = rows.iter().max_by_key(|row| row.id).unwrap();
        // One that was paid at once has been checked with the limit as well. What ended otherwise
        // is not in the sum.
        if newest.created_at == self.now().as_microsecond() && costs(&newest) {
            let late: i64 = self.late(rows).iter().map(|row| row.price_minor).sum();
            let sum: i64 = rows.iter().filter(costs).map(|row| row.price_minor).sum();
            assert!(sum - late <= limit, "{sum} of {limit}");
        }
    }

    /// Charges that were paid after they had been reported as declined.
    fn late<'r>(&self, rows: &'r [purchase::Model]) -> Vec<&'r purchase::Model> {
        let inside = self.provider.inside();
        let is_late = |row: &&purchase::Model| {
            let payment = inside.1.get(&PurchaseId::new(row.id));
            payment.is_some_and(|payment| payment.is_late)
        };
        rows.iter().filter(is_late).collect()
    }

    /// Everything ends: money that was taken equals credits that were granted.
    async fn ends_well(&mut self) {
        self.provider.inside().0.clear();
        for _ in 0..6 {
            self.pass(SignedDuration::from_mins(61));
            self.notice().await;
            self.server.run_workers().await;
            self.check().await;
        }
        let rows = self.rows().await;
        let payments = self.provider.inside().1.clone();
        for row in &rows {
            let payment = payments
                .get(&PurchaseId::new(row.id))
                .copied()
                .unwrap_or_default();
            assert_eq!(
                row.status == PurchaseStatus::Paid,
                payment.taken,
                "{row:?} {payment:?}"
            );
            assert_eq!(row.price_minor, i64::from(row.package_count) * PRICE);
            assert_eq!(
                row.credits_units,
                i64::from(row.package_count) * PACKAGE * 10_000
            );
        }
        let paid = rows.iter().filter(|row| row.status == PurchaseStatus::Paid);
        let bought: i64 = paid.map(|row| row.credits_units).sum();
        let lots = lot::Entity::find()
            .filter(lot::Column::AccountId.eq(sending::account(&self.shop.tenant).uuid()))
            .filter(lot::Column::Source.eq(LotSource::AutoRecharge))
            .all(self.server.services().store.writer())
            .await
            .unwrap();
        assert_eq!(
            lots.iter().map(|lot| lot.granted_units).sum::<i64>(),
            bought
        );
    }
}

async fn holds(server: &Server, provider: &Fickle, steps: &[Step], fates: &[Fate]) {
    server.set_time("2026-11-22T08:00:00Z");
    provider.inside().0 = fates.iter().copied().collect();
    let shop = quiet_shop(server, "100").await;
    let mut world = World {
        server,
        shop,
        provider,
        limit: None,
        known: 0,
    };
    let package = world.shop.package.clone();
    world
        .change(json!({ "threshold": "20", "packageId": package }))
        .await;
    world.run(&Step::Limit(Some(6))).await;
    for step in steps {
        world.run(step).await;
        world.check().await;
    }
    world.ends_well().await;
    assert_eq!(drifts(server).await, [""; 0]);
}

on_both_databases! {
    /// Random histories; a failing one is made as small as possible.
    async fn money_charged_equals_credits_granted(server: Server) {
        let provider = Fickle::default();
        let server = Arc::new(server.paid_by([Arc::new(provider.clone()) as Arc<dyn Provider>]).await);
        let handle = Handle::current();
        let ran = tokio::task::spawn_blocking(move || {
            let config = Config {
                cases: CASES,
                max_shrink_iters: SHRINKINGS,
                failure_persistence: None,
                ..Config::default()
            };
            // The same histories in every run.
            let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
            let mut runner = TestRunner::new_with_rng(config, rng);
            let steps = prop::collection::vec(step(), 10..60);
            let fates = prop::collection::vec(fate(), 0..30);
            let ran = runner.run(&(steps, fates), |(steps, fates)| {
                handle.block_on(holds(&server, &provider, &steps, &fates));
                Ok(())
            });
            ran.map_err(|failure| failure.to_string())
        });
        if let Err(failure) = ran.await.unwrap() {
            panic!("{failure}");
        }
    }
}
