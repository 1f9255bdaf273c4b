//! A double of Stripe that outlives the server: it keeps what it took by idempotency key, and loses
//! calls and answers at random.
//!
//! Here: the requests that a purchase and a recharge make, with a customer whose card always pays.
//! Not here: declines and Stripe's errors ([`crate::nouns`]'s tests of the provider).

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Form, Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use serde_json::{Value, json};

/// The customer of every account.
pub const CUSTOMER: &str = "cus_kill";

#[derive(Debug, Default)]
struct Kept {
    /// The objects by their ids, and the id of each idempotency key.
    sessions: BTreeMap<String, Value>,
    intents: BTreeMap<String, Value>,
    by_key: BTreeMap<String, String>,
    /// How many recharges it was asked for.
    charges: usize,
    /// How often something could have been lost, and how often it was.
    chances: usize,
    lost: usize,
    is_sound: bool,
}

/// The double. Clones share their state.
#[derive(Debug, Clone, Default)]
pub struct Till(Arc<Mutex<Kept>>);

type Fields = Form<BTreeMap<String, String>>;
type Answer = Result<Json<Value>, StatusCode>;

impl Till {
    /// Starts it, and returns its address.
    pub async fn start() -> (Self, String) {
        let till = Self::default();
        let routes = Router::new()
            .route("/v1/checkout/sessions", post(open).get(sessions))
            .route("/v1/checkout/sessions/{id}", get(session))
            .route("/v1/payment_intents", post(charge).get(intents))
            .route("/v1/payment_intents/search", get(nothing))
            .route("/v1/payment_intents/{id}", get(intent))
            .route("/v1/payment_methods", get(nothing))
            .route("/v1/customers/{id}", get(customer))
            .with_state(till.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        (till, base)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The buyers of all open pages pay.
    pub fn pay_all(&self) {
        let mut kept = self.kept();
        let open: Vec<String> = kept.sessions.keys().cloned().collect();
        for id in open {
            kept.pay(&id);
        }
    }

    /// The amounts taken, in minor units, by the purchase that they were taken for.
    pub fn taken(&self) -> BTreeMap<String, Vec<i64>> {
        let mut taken: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for intent in self.kept().intents.values() {
            let purchase = intent["metadata"]["purchase_id"].as_str().unwrap();
            let amount = intent["latest_charge"]["amount"].as_i64().unwrap();
            taken.entry(purchase.to_owned()).or_default().push(amount);
        }
        taken
    }

    /// Loses nothing from now on, and buyers pay at once.
    pub fn become_sound(&self) {
        self.kept().is_sound = true;
        self.pay_all();
    }

    /// Whether it has lost something, and was asked for a recharge.
    pub fn is_tried(&self) -> bool {
        let kept = self.kept();
        kept.lost > 0 && kept.charges > 0
    }
}

impl Kept {
    fn take(&mut self, purchase: &str, amount: i64, currency: &str) -> Value {
        let id = format!("pi_{}", self.intents.len());
        let intent = json!({
            "id": id, "object": "payment_intent", "status": "succeeded", "amount": amount,
            "currency": currency, "metadata": { "purchase_id": purchase }, "last_payment_error": null,
            "latest_charge": { "id": format!("ch_{id}"), "object": "charge", "amount": amount,
                "amount_refunded": 0, "currency": currency, "disputed": false },
        });
        self.intents.insert(id, intent.clone());
        intent
    }

    fn pay(&mut self, id: &str) {
        let session = self.sessions[id].clone();
        if session["status"] != "open" {
            return;
        }
        let (purchase, amount) = (
            &session["metadata"]["purchase_id"],
            &session["amount_total"],
        );
        let currency = session["currency"].as_str().unwrap();
        let intent = self.take(
            purchase.as_str().unwrap(),
            amount.as_i64().unwrap(),
            currency,
        );
        let session = self.sessions.get_mut(id).unwrap();
        session["status"] = json!("complete");
        session["payment_status"] = json!("paid");
        session["payment_intent"] = intent;
    }

    /// One call in five is lost, and one answer in five; the second chance always is, so that a run
    /// with few calls tries it too.
    fn is_lost(&mut self) -> bool {
        self.chances += 1;
        let is_drawn = message_credits::entropy::bytes::<1>()[0].is_multiple_of(5);
        let lost = !self.is_sound && (self.chances == 2 || is_drawn);
        self.lost += usize::from(lost);
        lost
    }
}

fn key(headers: &HeaderMap) -> String {
    headers["idempotency-key"].to_str().unwrap().to_owned()
}

/// Has an effect once for each key, unless the call is lost; and the answer may be lost.
fn once(till: &Till, headers: &HeaderMap, make: impl FnOnce(&mut Kept) -> Value) -> Answer {
    let mut kept = till.kept();
    if kept.is_lost() {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let key = key(headers);
    let known = kept.by_key.get(&key).cloned();
    let made = match known {
        Some(id) => {
            let found = kept.sessions.get(&id).or_else(|| kept.intents.get(&id));
            found.unwrap().clone()
        }
        None => {
            let made = make(&mut kept);
            let id = made["id"].as_str().unwrap().to_owned();
            kept.by_key.insert(key, id);
            made
        }
    };
    if kept.is_lost() {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    Ok(Json(made))
}

async fn open(State(till): State<Till>, headers: HeaderMap, Form(form): Fields) -> Answer {
    once(&till, &headers, |kept| {
        let id = format!("cs_{}", kept.sessions.len());
        let amount = &form["line_items[0][price_data][unit_amount]"];
        let session = json!({
            "id": id, "object": "checkout.session", "status": "open", "payment_status": "unpaid",
            "url": format!("https://pay.test/{id}"), "payment_intent": null,
            "amount_total": amount.parse::<i64>().unwrap(),
            "currency": form["line_items[0][price_data][currency]"],
            "metadata": { "purchase_id": form["metadata[purchase_id]"] },
        });
        kept.sessions.insert(id.clone(), session);
        if kept.is_sound {
            kept.pay(&id);
        }
        kept.sessions[&id].clone()
    })
}

async fn charge(State(till): State<Till>, headers: HeaderMap, Form(form): Fields) -> Answer {
    once(&till, &headers, |kept| {
        let amount = form["amount"].parse().unwrap();
        kept.charges += 1;
        kept.take(&form["metadata[purchase_id]"], amount, &form["currency"])
    })
}

fn found(till: &Till, of: impl FnOnce(&Kept) -> Option<Value>) -> Answer {
    let mut kept = till.kept();
    if kept.is_lost() {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    of(&kept).map(Json).ok_or(StatusCode::NOT_FOUND)
}

fn list(objects: &BTreeMap<String, Value>) -> Option<Value> {
    let data: Vec<&Value> = objects.values().collect();
    Some(json!({ "object": "list", "data": data, "has_more": false }))
}

async fn session(State(till): State<Till>, Path(id): Path<String>) -> Answer {
    found(&till, |kept| kept.sessions.get(&id).cloned())
}

async fn sessions(State(till): State<Till>) -> Answer {
    found(&till, |kept| list(&kept.sessions))
}

async fn intent(State(till): State<Till>, Path(id): Path<String>) -> Answer {
    found(&till, |kept| kept.intents.get(&id).cloned())
}

async fn intents(State(till): State<Till>) -> Answer {
    found(&till, |kept| list(&kept.intents))
}

async fn nothing() -> Json<Value> {
    Json(json!({ "object": "list", "data": [], "has_more": false }))
}

async fn customer(Path(id): Path<String>) -> Json<Value> {
    let settings = json!({ "default_payment_method": "pm_card" });
    Json(json!({ "id": id, "object": "customer", "invoice_settings": settings }))
}
