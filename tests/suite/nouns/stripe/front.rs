//! What localstripe lacks, in front of it: idempotency keys, payment pages, disputes, search, lists
//! of a customer's payments, and networks that fail.
//!
//! Its answers have the shapes of Stripe's documentation. Everything else is passed on to
//! localstripe, whose answers are given back as they are.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::localstripe::LocalStripe;

/// What goes wrong with the next request that has an idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It has no effect and no answer.
    LoseRequest,
    /// It has its effect and no answer.
    LoseAnswer,
    /// It has its effect, and its answer takes longer than anybody waits.
    Hang,
    /// It has its effect, and an error is the answer, for ever.
    ErrorAfter,
    /// It has no effect, and an error is the answer, for ever.
    ErrorBefore,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: Method,
    pub path: String,
    pub form: BTreeMap<String, String>,
    pub headers: HeaderMap,
}

type Answer = (StatusCode, Value);

struct Remembered {
    request: String,
    /// `None` while the request is under way.
    answer: Option<Answer>,
}

/// The running double; it ends with the test's runtime.
pub struct Front {
    pub base: String,
    inside: Arc<Inside>,
}

struct Inside {
    stripe: LocalStripe,
    client: reqwest::Client,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    remembered: BTreeMap<String, Remembered>,
    faults: VecDeque<Fault>,
    seen: Vec<Seen>,
    /// Payment pages, the oldest first.
    pages: Vec<Value>,
    /// Disputes by payment.
    disputes: BTreeMap<String, Vec<Value>>,
}

impl Front {
    pub async fn start() -> Self {
        let stripe = tokio::task::spawn_blocking(LocalStripe::start)
            .await
            .unwrap();
        let inside = Arc::new(Inside {
            stripe,
            client: reqwest::Client::new(),
            kept: Mutex::default(),
        });
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&inside));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async { axum::serve(listener, router).await });
        Self { base, inside }
    }

    /// localstripe behind it.
    pub fn stripe(&self) -> &LocalStripe {
        &self.inside.stripe
    }

    /// What goes wrong with the next requests that have a key.
    pub fn fail(&self, faults: &[Fault]) {
        self.inside.kept().faults.extend(faults);
    }

    /// The requests so far that ask for an effect, except cancellations.
    pub fn asked(&self) -> Vec<Seen> {
        let kept = self.inside.kept();
        let asked = kept.seen.iter().filter(|seen| {
            let ends = seen.path.ends_with("/cancel") || seen.path.ends_with("/expire");
            seen.method == Method::POST && !ends
        });
        asked.cloned().collect()
    }

    /// The payment pages so far.
    pub fn pages(&self) -> Vec<Value> {
        self.inside.kept().pages.clone()
    }

    /// Changes a payment page.
    pub fn change_page(&self, id: &str, change: impl FnOnce(&mut Value)) {
        let mut kept = self.inside.kept();
        let page = kept.pages.iter_mut().find(|page| page["id"] == id);
        change(page.unwrap());
    }

    /// The buyer pays on a page with a card, which is saved.
    pub async fn pay(&self, page: &str, number: &str) -> String {
        let pages = self.pages();
        let found = pages.iter().find(|found| found["id"] == page).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (customer, amount) = (text(&found["customer"]), found["amount_total"].to_string());
        let purchase = text(&found["metadata"]["purchase_id"]);
        let card = self.stripe().card(&customer, number).await;
        let form = [
            ("amount", amount.as_str()),
            ("currency", "eur"),
            ("customer", &customer),
            ("payment_method", &card),
            ("confirm", "true"),
            ("metadata[purchase_id]", &purchase),
        ];
        let intent = text(&self.stripe().post("/v1/payment_intents", &form).await["id"]);
        self.change_page(page, |page| {
            page["status"] = "complete".into();
            page["payment_status"] = "paid".into();
            page["url"] = Value::Null;
            page["payment_intent"] = intent.clone().into();
        });
        intent
    }

    /// The disputes of a payment: an amount and a status each.
    pub fn dispute(&self, intent: &str, disputes: &[(i64, &str)]) {
        let disputes = disputes.iter().map(|(amount, status)| {
            json!({ "id": "du_1", "object": "dispute", "amount": amount, "currency": "eur",
                "payment_intent": intent, "status": status })
        });
        let disputes = disputes.collect();
        self.inside
            .kept()
            .disputes
            .insert(intent.to_owned(), disputes);
    }
}

impl Inside {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer(
    State(inside): State<Arc<Inside>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form: BTreeMap<String, String> = serde_urlencoded::from_bytes(&body).unwrap();
    let seen = Seen {
        method: method.clone(),
        path: uri.path().to_owned(),
        form,
        headers,
    };
    inside.kept().seen.push(seen.clone());
    let key = seen.headers.get("idempotency-key");
    let Some(key) = key.and_then(|key| key.to_str().ok()) else {
        return written(inside.perform(&seen, uri.query()).await, false);
    };
    let request = format!("{} {:?}", seen.path, seen.form);
    let fault = {
        let mut kept = inside.kept();
        if let Some(known) = kept.remembered.get(key) {
            return match &known.answer {
                _ if known.request != request => {
                    let text =
                        "Keys for idempotent requests can only be used with the same parameters";
                    let error =
                        json!({ "error": { "type": "idempotency_error", "message": text } });
                    written((StatusCode::BAD_REQUEST, error), false)
                }
                None => {
                    let error = json!({ "error": { "type": "idempotency_error" } });
                    written((StatusCode::CONFLICT, error), false)
                }
                Some(answer) => written(answer.clone(), true),
            };
        }
        let fault = kept.faults.pop_front();
        if fault == Some(Fault::LoseRequest) {
            return lost();
        }
        let under_way = Remembered {
            request,
            answer: None,
        };
        kept.remembered.insert(key.to_owned(), under_way);
        fault
    };
    let error = json!({ "error": { "type": "api_error" } });
    let error = (StatusCode::INTERNAL_SERVER_ERROR, error);
    let answer = match fault {
        Some(Fault::ErrorBefore) => error,
        Some(Fault::ErrorAfter) => {
            inside.perform(&seen, uri.query()).await;
            error
        }
        _ => inside.perform(&seen, uri.query()).await,
    };
    if let Some(remembered) = inside.kept().remembered.get_mut(key) {
        remembered.answer = Some(answer.clone());
    }
    match fault {
        Some(Fault::LoseAnswer) => lost(),
        Some(Fault::Hang) => {
            tokio::time::sleep(Duration::from_secs(30)).await;
            lost()
        }
        _ => written(answer, false),
    }
}

fn written((status, body): Answer, is_replayed: bool) -> Response {
    let mut response = (status, axum::Json(body)).into_response();
    if is_replayed {
        let headers = response.headers_mut();
        headers.insert("idempotent-replayed", "true".parse().unwrap());
    }
    response
}

/// The connection breaks.
fn lost() -> Response {
    let broken = futures_util::stream::iter([Err::<Bytes, _>(std::io::Error::other("lost"))]);
    Response::new(Body::from_stream(broken))
}

impl Inside {
    /// Does what a request asks for.
    async fn perform(&self, seen: &Seen, query: Option<&str>) -> Answer {
        let query: BTreeMap<String, String> =
            serde_urlencoded::from_str(query.unwrap_or_default()).unwrap();
        let parts: Vec<&str> = seen.path.trim_matches('/').split('/').collect();
        match (seen.method.as_str(), parts.as_slice()) {
            ("POST", ["v1", "checkout", "sessions"]) => (StatusCode::OK, self.new_page(&seen.form)),
            ("GET", ["v1", "checkout", "sessions"]) => {
                let mut pages = self.kept().pages.clone();
                pages.retain(|page| {
                    page["customer"].as_str() == query.get("customer").map(String::as_str)
                });
                pages.reverse();
                (StatusCode::OK, list(pages))
            }
            ("GET", ["v1", "checkout", "sessions", id]) => {
                let page = self
                    .kept()
                    .pages
                    .iter()
                    .find(|page| page["id"] == *id)
                    .cloned();
                let mut page = page.unwrap();
                assert_eq!(query["expand[]"], "payment_intent.latest_charge");
                if let Some(intent) = page["payment_intent"].as_str() {
                    page["payment_intent"] = self.intent(intent).await;
                }
                (StatusCode::OK, page)
            }
            ("POST", ["v1", "checkout", "sessions", id, "expire"]) => {
                let mut kept = self.kept();
                let page = kept.pages.iter_mut().find(|page| page["id"] == *id);
                let page = page.unwrap();
                if page["status"] != "open" {
                    let text = "Only Checkout Sessions with a status in [\"open\"] can be expired.";
                    let error = json!({ "type": "invalid_request_error", "message": text });
                    return (StatusCode::BAD_REQUEST, json!({ "error": error }));
                }
                page["status"] = "expired".into();
                page["url"] = Value::Null;
                (StatusCode::OK, page.clone())
            }
            ("GET", ["v1", "disputes"]) => {
                let disputes = self.kept().disputes.get(&query["payment_intent"]).cloned();
                (StatusCode::OK, list(disputes.unwrap_or_default()))
            }
            ("GET", ["v1", "payment_intents"]) => {
                let customer = &query["customer"];
                (
                    StatusCode::OK,
                    self.intents(|intent| intent["customer"] == **customer)
                        .await,
                )
            }
            ("GET", ["v1", "payment_intents", "search"]) => {
                let wanted = query["query"].split('\'').nth(3).unwrap().to_owned();
                let fits = |intent: &Value| intent["metadata"]["purchase_id"] == wanted;
                (StatusCode::OK, self.intents(fits).await)
            }
            ("GET", ["v1", "payment_intents", id]) => (StatusCode::OK, self.intent(id).await),
            _ => self.pass_on(seen, &query).await,
        }
    }

    async fn intent(&self, id: &str) -> Value {
        let path = format!("/v1/payment_intents/{id}?expand[]=latest_charge");
        let mut intent = self.stripe.get(&path).await;
        if self.kept().disputes.contains_key(id) {
            intent["latest_charge"]["disputed"] = true.into();
        }
        intent
    }

    /// The payments that fit, the newest first.
    async fn intents(&self, fits: impl Fn(&Value) -> bool) -> Value {
        let mut all = self.stripe.get("/v1/payment_intents?limit=100").await;
        let mut all = match all["data"].take() {
            Value::Array(all) => all,
            other => panic!("{other}"),
        };
        all.retain(fits);
        all.reverse();
        list(all)
    }

    fn new_page(&self, form: &BTreeMap<String, String>) -> Value {
        let mut kept = self.kept();
        let id = format!("cs_test_{}", kept.pages.len());
        let amount: i64 = form["line_items[0][price_data][unit_amount]"]
            .parse()
            .unwrap();
        let page = json!({
            "id": id, "object": "checkout.session", "status": "open", "payment_status": "unpaid",
            "mode": form["mode"], "customer": form["customer"], "amount_total": amount,
            "currency": form["line_items[0][price_data][currency]"],
            "client_reference_id": form["client_reference_id"], "payment_intent": null,
            "metadata": { "purchase_id": form["metadata[purchase_id]"] },
            "url": format!("https://checkout.stripe.com/c/pay/{id}"), "livemode": false,
        });
        kept.pages.push(page.clone());
        page
    }

    async fn pass_on(&self, seen: &Seen, query: &BTreeMap<String, String>) -> Answer {
        let mut form = seen.form.clone();
        // localstripe refuses what it doesn't know.
        form.remove("description");
        let url = format!("{}{}", self.stripe.base, seen.path);
        let mut request = self.client.request(seen.method.clone(), url).query(query);
        if seen.method == Method::POST {
            request = request.form(&form);
        }
        if let Some(key) = seen.headers.get("authorization") {
            request = request.header("authorization", key.clone());
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        (status, response.json().await.unwrap())
    }
}

fn list(data: Vec<Value>) -> Value {
    json!({ "object": "list", "has_more": false, "data": data })
}
