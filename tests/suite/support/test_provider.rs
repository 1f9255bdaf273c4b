//! A payment provider in memory that a test scripts: what it answers, what it loses, how long it
//! takes, and what it charged.
//!
//! A payment is kept by its purchase, so that a repeated call finds it, as with real providers.
//! Here: the provider. Not here: its signed webhooks ([`webhook`]), and the protocols of real
//! providers.

#![allow(dead_code, reason = "each test uses a part of it")]

mod webhook;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::http::HeaderMap;
use domain::{
    id::{AccountId, PurchaseId},
    payment::Event,
};
use jiff::Timestamp;
use message_credits::{
    graphql::engine::ids::PublicId,
    payments::{
        Approval, CallError, Credential, Mandate, MandateState, MandateWish, Merchant,
        MerchantTrouble, Notice, Order, Provider, Rejected, Report, Secrets, Subject,
    },
};
use secrecy::ExposeSecret;
use serde_json::Value;

pub use webhook::{SIGNATURE, WEBHOOK_SECRETS, Webhook};

/// The provider's name, in rows and in the path of its webhooks.
pub const NAME: &str = "test";
/// The credentials of [`TestProvider::with_tokens`].
const TOKENS: &[Credential] = &[
    Credential {
        name: "accessToken",
        is_optional: false,
    },
    Credential {
        name: "refreshToken",
        is_optional: true,
    },
];

/// What the provider can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    Begin,
    Charge,
    Read,
    Mandate,
}

/// What becomes of one call. A call without a step has its effect and is answered.
#[derive(Debug, Clone)]
pub enum Step {
    /// It has its effect and is answered.
    Answer,
    /// It has its effect, and its answer is lost.
    LoseAnswer,
    /// It is lost before it has an effect.
    LoseCall,
    /// It has its effect at once, and is answered after this time.
    Late(Duration),
    /// It has no effect and this answer.
    Refuse(CallError),
    /// The payment ends like this, with a reason for its owner, unless it ended before.
    Decide(Event, &'static str),
}

/// A payment as the provider knows it.
#[derive(Debug, Clone)]
pub struct Payment {
    /// What the provider reports of it.
    pub event: Event,
    /// Why, in words for its owner.
    pub reason: Option<String>,
    /// The price in minor units.
    pub price_minor: i64,
    /// How often its money was taken.
    pub taken: usize,
    /// What was taken back, in minor units.
    pub reversed_minor: i64,
}

impl Payment {
    /// Ends it, unless it ended before.
    fn end(&mut self, event: Event, reason: Option<&str>) {
        if self.event == Event::Waiting && event != Event::Waiting {
            self.event = event;
            self.reason = reason.map(ToOwned::to_owned);
            self.taken += usize::from(event == Event::Paid);
        }
    }
}

#[derive(Debug, Default)]
struct State {
    payments: BTreeMap<PurchaseId, Payment>,
    steps: BTreeMap<Call, VecDeque<Step>>,
    always: BTreeMap<Call, Step>,
    calls: Vec<(Call, Option<PurchaseId>)>,
    mandate: Option<Mandate>,
    wishes: Vec<MandateWish>,
    troubles: BTreeMap<AccountId, MerchantTrouble>,
    /// The access token that is accepted, if tokens are checked.
    token: Option<String>,
    renewals: usize,
    renewal_takes: Duration,
}

#[derive(Debug)]
struct Inside {
    name: &'static str,
    approval: Approval,
    credentials: Option<&'static [Credential]>,
    state: Mutex<State>,
}

/// The provider. Clones share their state.
#[derive(Debug, Clone)]
pub struct TestProvider(Arc<Inside>);

impl TestProvider {
    /// A provider with its own payment page, which needs no connections.
    pub fn new() -> Self {
        Self::of(NAME, None)
    }

    /// One with another name.
    pub fn named(name: &'static str) -> Self {
        Self::of(name, None)
    }

    /// One whose accounts connect with an access token, which is checked by every call and renewed
    /// once it isn't `first` any more.
    pub fn with_tokens(first: &str) -> Self {
        let provider = Self::of(NAME, Some(TOKENS));
        provider.state().token = Some(first.to_owned());
        provider
    }

    fn of(name: &'static str, credentials: Option<&'static [Credential]>) -> Self {
        Self(Arc::new(Inside {
            name,
            approval: Approval::ProviderPage,
            credentials,
            state: Mutex::default(),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The provider as the server takes it.
    pub fn shared(&self) -> Arc<dyn Provider> {
        Arc::new(self.clone())
    }

    /// What becomes of the next calls of a kind, one step each.
    pub fn script(&self, call: Call, steps: impl IntoIterator<Item = Step>) {
        self.state().steps.entry(call).or_default().extend(steps);
    }

    /// What becomes of every call of a kind that no step is left for; `None` ends that.
    pub fn always(&self, call: Call, step: Option<Step>) {
        match step {
            Some(step) => self.state().always.insert(call, step),
            None => self.state().always.remove(&call),
        };
    }

    /// Forgets the steps of calls to come.
    pub fn forget_steps(&self) {
        self.state().steps.clear();
    }

    /// Whether it answers at all.
    pub fn set_down(&self, is_down: bool) {
        for call in [Call::Begin, Call::Charge, Call::Read, Call::Mandate] {
            self.always(call, is_down.then_some(Step::LoseCall));
        }
    }

    /// What every call for an account's merchant answers; `None` ends that.
    pub fn set_trouble(&self, account: AccountId, trouble: Option<MerchantTrouble>) {
        match trouble {
            Some(trouble) => self.state().troubles.insert(account, trouble),
            None => self.state().troubles.remove(&account),
        };
    }

    /// The permission that it reports. Unless set, charges are possible without limit.
    pub fn set_mandate(&self, mandate: Mandate) {
        self.state().mandate = Some(mandate);
    }

    /// The permissions that it was asked for.
    pub fn wishes(&self) -> Vec<MandateWish> {
        self.state().wishes.clone()
    }

    /// A payment's buyer decides, or time does.
    pub fn decide(&self, purchase: PurchaseId, event: Event) {
        let mut state = self.state();
        state.payments.get_mut(&purchase).unwrap().end(event, None);
    }

    /// It takes back so much of a price in all, in minor units.
    pub fn take_back(&self, purchase: PurchaseId, minor: i64) {
        let mut state = self.state();
        state.payments.get_mut(&purchase).unwrap().reversed_minor = minor;
    }

    /// A payment as it knows it.
    pub fn payment(&self, purchase: PurchaseId) -> Option<Payment> {
        self.state().payments.get(&purchase).cloned()
    }

    /// Every payment that it knows.
    pub fn payments(&self) -> BTreeMap<PurchaseId, Payment> {
        self.state().payments.clone()
    }

    /// The money that it took and hasn't taken back, in minor units.
    pub fn taken_minor(&self) -> i64 {
        let payments = self.payments();
        let of = |one: &Payment| one.price_minor * i64::try_from(one.taken).unwrap();
        payments
            .values()
            .map(|one| of(one) - one.reversed_minor)
            .sum()
    }

    /// How often it was asked for something, lost calls included.
    pub fn calls(&self, call: Call) -> usize {
        self.state()
            .calls
            .iter()
            .filter(|(made, _)| *made == call)
            .count()
    }

    /// How often it was asked for something about a purchase, lost calls included.
    pub fn calls_about(&self, call: Call, purchase: PurchaseId) -> usize {
        let of = (call, Some(purchase));
        self.state()
            .calls
            .iter()
            .filter(|made| **made == of)
            .count()
    }

    /// Accepts another access token from now on, and gives it to the next that renews.
    pub fn expire_token(&self, next: &str) {
        self.state().token = Some(next.to_owned());
    }

    /// How long a renewal takes.
    pub fn set_renewal_time(&self, time: Duration) {
        self.state().renewal_takes = time;
    }

    /// How often credentials were renewed.
    pub fn renewals(&self) -> usize {
        self.state().renewals
    }

    /// A webhook, signed at an instant.
    pub fn webhook(&self, delivery: &str, about: &Subject, at: Timestamp) -> Webhook {
        Webhook::signed(webhook::body(delivery, about), WEBHOOK_SECRETS[0], at)
    }

    /// Counts a call, and says what becomes of it.
    async fn enter(
        &self,
        call: Call,
        order: Option<&Order>,
        merchant: &Merchant,
    ) -> Result<Step, CallError> {
        let (step, trouble) = {
            let mut state = self.state();
            state.calls.push((call, order.map(|order| order.purchase)));
            let step = state.steps.get_mut(&call).and_then(VecDeque::pop_front);
            let step = step.or_else(|| state.always.get(&call).cloned());
            let trouble = state.troubles.get(&merchant.account).copied();
            (step.unwrap_or(Step::Answer), trouble)
        };
        match step {
            Step::LoseCall => return Err(CallError::NoAnswer("the call was lost".to_owned())),
            Step::Refuse(error) => return Err(error),
            Step::Answer | Step::LoseAnswer | Step::Late(_) | Step::Decide(..) => {}
        }
        if let Some(trouble) = trouble {
            return Err(CallError::Merchant(trouble));
        }
        self.check_token(merchant).await?;
        Ok(step)
    }

    /// Renews the access token if it isn't accepted.
    async fn check_token(&self, merchant: &Merchant) -> Result<(), CallError> {
        if self.state().token.is_none() {
            return Ok(());
        }
        let is_accepted = |secrets: &Secrets| {
            let shown = secrets
                .get("accessToken")
                .map(|token| token.expose_secret());
            shown == self.state().token.as_deref()
        };
        let stale = merchant.credentials.current().await?;
        if is_accepted(&stale) {
            return Ok(());
        }
        let renew = |mut secrets: Secrets| {
            let future = async move {
                let takes = self.state().renewal_takes;
                tokio::time::sleep(takes).await;
                let mut state = self.state();
                state.renewals += 1;
                let token = state.token.clone().unwrap();
                secrets.insert("accessToken".to_owned(), token.into());
                Ok(secrets)
            };
            Box::pin(future) as futures_util::future::BoxFuture<'_, _>
        };
        let renewed = merchant
            .credentials
            .renewed(&stale, Box::new(renew))
            .await?;
        if is_accepted(&renewed) {
            return Ok(());
        }
        Err(CallError::Merchant(MerchantTrouble::Unauthorized))
    }

    async fn leave<T>(step: Step, answer: T) -> Result<T, CallError> {
        match step {
            Step::LoseAnswer => Err(CallError::NoAnswer("the answer was lost".to_owned())),
            Step::Late(wait) => {
                tokio::time::sleep(wait).await;
                Ok(answer)
            }
            Step::Answer | Step::LoseCall | Step::Refuse(_) | Step::Decide(..) => Ok(answer),
        }
    }

    /// Makes the payment of a purchase unless it is known.
    fn make(&self, order: &Order, event: Event, step: &Step) -> Report {
        let mut state = self.state();
        let payment = state
            .payments
            .entry(order.purchase)
            .or_insert_with(|| Payment {
                event: Event::Waiting,
                reason: None,
                price_minor: order.price.minor(),
                taken: 0,
                reversed_minor: 0,
            });
        match step {
            Step::Decide(event, reason) => payment.end(*event, Some(reason)),
            Step::Answer | Step::LoseAnswer | Step::LoseCall | Step::Late(_) | Step::Refuse(_) => {
                payment.end(event, None)
            }
        }
        let mut report = report(order.purchase, payment);
        let page = format!("https://pay.test/{}", order.purchase.uuid());
        report.confirmation_url = (event == Event::Waiting).then(|| page.parse().unwrap());
        report
    }
}

/// The reference of a purchase's payment.
pub fn reference(purchase: PurchaseId) -> String {
    format!("test_{}", purchase.uuid().simple())
}

/// The purchase of a public id.
pub fn purchase_id(public: &Value) -> PurchaseId {
    PurchaseId::decode(public.as_str().unwrap()).unwrap()
}

fn report(purchase: PurchaseId, payment: &Payment) -> Report {
    Report {
        reference: Some(reference(purchase)),
        reason: payment.reason.clone(),
        reversed_minor: payment.reversed_minor,
        ..Report::of(payment.event)
    }
}

#[async_trait::async_trait]
impl Provider for TestProvider {
    fn name(&self) -> &'static str {
        self.0.name
    }

    fn is_real(&self) -> bool {
        true
    }

    fn approval(&self) -> Approval {
        self.0.approval
    }

    fn credentials(&self) -> Option<&'static [Credential]> {
        self.0.credentials
    }

    async fn begin(&self, order: &Order, merchant: &Merchant) -> Result<Report, CallError> {
        let step = self.enter(Call::Begin, Some(order), merchant).await?;
        let report = self.make(order, Event::Waiting, &step);
        Self::leave(step, report).await
    }

    async fn charge(&self, order: &Order, merchant: &Merchant) -> Result<Report, CallError> {
        let step = self.enter(Call::Charge, Some(order), merchant).await?;
        let report = self.make(order, Event::Paid, &step);
        Self::leave(step, report).await
    }

    async fn read(&self, order: &Order, merchant: &Merchant) -> Result<Report, CallError> {
        let step = self.enter(Call::Read, Some(order), merchant).await?;
        if let Step::Decide(event, reason) = step
            && let Some(payment) = self.state().payments.get_mut(&order.purchase)
        {
            payment.end(event, Some(reason));
        }
        let known = self.payment(order.purchase);
        let report = known.map(|payment| report(order.purchase, &payment));
        Self::leave(step, report.unwrap_or(Report::of(Event::Absent))).await
    }

    async fn mandate(
        &self,
        merchant: &Merchant,
        ask: Option<&MandateWish>,
    ) -> Result<Mandate, CallError> {
        let step = self.enter(Call::Mandate, None, merchant).await?;
        let mandate = {
            let mut state = self.state();
            state.wishes.extend(ask.cloned());
            state.mandate.clone()
        };
        let unlimited = Mandate {
            state: MandateState::Active,
            reference: None,
            cap: None,
            used: None,
            period_end: None,
            confirmation_url: None,
        };
        Self::leave(step, mandate.unwrap_or(unlimited)).await
    }

    fn receive(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Notice, Rejected> {
        webhook::receive(headers, body, now)
    }
}
