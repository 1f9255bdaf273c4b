//! One account on both sides: the server's over HTTP, and the second book's.
//!
//! Here: the clock, and requests to the server. Not here: what each act does on both sides
//! ([`acts`]; those that end a hold are in [`endings`], contacts that join and leave in
//! [`contacts`]), and whether the answers agree ([`super::agree`]).

mod acts;
mod contacts;
mod endings;

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    book::{Command, Refusal},
    id::{ListId, LotId, MessageId},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use message_credits::graphql::engine::ids::PublicId;
use serde_json::{Value, json};

use super::{
    Shop, agree,
    model::Model,
    steps::{Step, Wait},
};
use crate::support::{Server, Tenant, new_key, rate_card::charge_by};

/// When every history begins: a day after its cards and packages were published.
const BEGIN: &str = "2026-11-23T08:00:00Z";
const PUBLISHED: &str = "2026-11-22T08:00:00Z";

/// A scheduled message.
#[derive(Debug, Clone)]
pub struct Waiting {
    pub id: MessageId,
    pub list: Option<ListId>,
    pub send_at: Timestamp,
    /// Its held credits.
    pub units: i128,
    /// The contacts that it was scheduled for and that are still there, if it is for a list.
    pub audience: Option<BTreeSet<Contact>>,
}

/// A contact of a list: the same number again is another contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Contact {
    /// Rises from contact to contact.
    pub came: usize,
    pub number: usize,
}

/// A command that was done, with its first answer.
#[derive(Debug, Clone)]
struct Answered {
    query: String,
    input: Value,
    payload: Value,
}

/// The outcome of a command on the server.
type Payload = Result<Value, (String, String)>;

pub struct Shadow<'a> {
    pub server: &'a Server,
    pub tenant: Tenant,
    pub model: Model,
    pub now: Timestamp,
    pub lists: Vec<ListId>,
    pub waiting: Vec<Waiting>,
    /// The balance at each past instant.
    pub past: BTreeMap<Timestamp, Value>,
    shop: &'a Shop,
    automatic: bool,
    /// Every lot with its expiry.
    lots: Vec<(LotId, Option<Timestamp>)>,
    ended: Vec<Waiting>,
    answered: Vec<Answered>,
    zone: TimeZone,
    /// By the list's index.
    contacts: [Vec<Contact>; 3],
    came: usize,
}

impl<'a> Shadow<'a> {
    /// A new account; `automatic` leaves settling to the server.
    pub async fn new(server: &'a Server, shop: &'a Shop, automatic: bool) -> Self {
        server.set_time(PUBLISHED);
        let tenant = server.account("Shadow").await;
        charge_by(server, &tenant, &shop.card).await;
        let mut lists = Vec::new();
        for name in ["A", "B", "C"] {
            let list = server.list(&tenant, name, json!([])).await;
            lists.push(ListId::decode(&list).unwrap());
        }
        if !automatic {
            let update = "mutation($input: UpdateAccountInput!) {
                updateAccount(input: $input) { userErrors { field message } } }";
            let input = json!({ "accountId": tenant.id, "settlement": "REPORTED" });
            server.done(server.admin_key(), update, input).await;
        }
        server.set_time(BEGIN);
        Self {
            server,
            tenant,
            model: Model::default(),
            now: BEGIN.parse().unwrap(),
            lists,
            waiting: Vec::new(),
            past: BTreeMap::new(),
            shop,
            automatic,
            lots: Vec::new(),
            ended: Vec::new(),
            answered: Vec::new(),
            zone: TimeZone::get("Europe/Rome").unwrap(),
            contacts: [const { Vec::new() }; 3],
            came: 0,
        }
    }

    pub async fn take(&mut self, step: &Step) -> Result<(), String> {
        self.wait(step.wait);
        // A booking now changes the balance at this instant, and at later ones before the clock
        // stepped back.
        let booked_at = self.model.instant(self.now);
        self.past.retain(|at, _| *at < booked_at);
        self.act(&step.act).await?;
        let balance = agree::agree(self).await?;
        self.past.insert(self.model.instant(self.now), balance);
        Ok(())
    }

    /// What must be true of the whole history.
    pub async fn end(mut self) -> Result<(), String> {
        self.now = self.model.instant(self.now) + SignedDuration::from_hours(1);
        self.server.set_time(&self.now.to_string());
        agree::agree_in_the_end(&self).await
    }

    fn wait(&mut self, wait: Wait) {
        let micros = SignedDuration::from_micros;
        self.now = match wait {
            Wait::By(by) => self.now + micros(by),
            Wait::Expiry(more) => {
                // Held credits count too: they return to their lot, or return too late.
                let ends = self.lots.iter().filter_map(|(_, end)| *end);
                let next = ends.filter(|end| *end > self.now).min();
                next.map_or(self.now, |end| end + micros(more))
            }
            Wait::SendAt(more) => match self.waiting.iter().map(|one| one.send_at).min() {
                Some(at) => at + micros(more),
                None => self.now,
            },
        };
        self.server.set_time(&self.now.to_string());
    }

    /// Calls the server with a new key, which may be repeated later if the command was done.
    async fn ask(
        &mut self,
        input_type: &str,
        query: &str,
        mut input: Value,
    ) -> Result<Payload, String> {
        input["idempotencyKey"] = json!(new_key());
        let payload = self.ask_without_key(input_type, query, &input).await?;
        if let Ok(payload) = &payload {
            self.answered.push(Answered {
                query: mutation(input_type, query),
                input,
                payload: payload.clone(),
            });
        }
        Ok(payload)
    }

    async fn ask_without_key(
        &self,
        input_type: &str,
        query: &str,
        input: &Value,
    ) -> Result<Payload, String> {
        let payload = self.post(&mutation(input_type, query), input).await?;
        let error = &payload["userErrors"][0];
        Ok(match error["code"].as_str() {
            Some(code) => Err((code.to_owned(), error["message"].to_string())),
            None => Ok(payload),
        })
    }

    async fn post(&self, query: &str, input: &Value) -> Result<Value, String> {
        let key = Some(self.server.admin_key());
        let mut response = self
            .server
            .graphql(key, query, json!({ "input": input }))
            .await;
        if response.get("errors").is_some() {
            return Err(response.to_string());
        }
        let payload = response["data"]
            .as_object_mut()
            .and_then(|data| data.values_mut().next());
        payload
            .map(Value::take)
            .ok_or_else(|| "no payload".to_owned())
    }

    /// Lets the second book do what the server did or refused, and compares the two.
    fn agree_on(&mut self, command: &Command, payload: &Payload) -> Result<(), String> {
        let outcome: Result<(), Refusal> = self.model.apply(command, self.now);
        agree::outcome(command, &outcome, payload)?;
        if let Ok(payload) = payload {
            agree::balance(&self.model, &payload["balance"])?;
        }
        Ok(())
    }

    fn has_ended(&mut self, one: &Waiting) {
        self.waiting.retain(|waiting| waiting.id != one.id);
        self.ended.push(one.clone());
    }

    /// The second book as of now, with due lots expired.
    pub fn model_now(&self) -> Model {
        let mut model = self.model.clone();
        model.expire(self.now);
        model
    }
}

fn mutation(input_type: &str, query: &str) -> String {
    format!("mutation($input: {input_type}Input!) {{ {query} }}")
}
