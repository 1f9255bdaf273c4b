//! What must agree: balance, lots, lists, holds, answers and refusals; and in the end the whole
//! ledger.

use std::collections::BTreeMap;

use domain::{
    book::{Command, Refusal},
    credits::Credits,
    id::{ListId, LotId, MessageId},
};
use jiff::Timestamp;
use message_credits::graphql::engine::ids::PublicId;
use serde_json::{Value, json};

use super::{drive::Shadow, model::Model};

const BALANCE: &str = "total held available assigned unassigned nextExpiry { credits expiresAt }";

/// Checks that two sides are equal.
fn same<T: PartialEq + std::fmt::Debug>(what: &str, server: T, model: T) -> Result<(), String> {
    if server == model {
        return Ok(());
    }
    Err(format!(
        "{what}: the server has {server:?}, the second book {model:?}"
    ))
}

/// Units of 1/10,000 credit.
fn units(value: &Value) -> i128 {
    let text = value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no amount"));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let whole: i128 = whole.trim_start_matches('-').parse().unwrap();
    let fraction: i128 = format!("{fraction:0<4}").parse().unwrap();
    sign * (whole * 10_000 + fraction)
}

async fn read(shadow: &Shadow<'_>, fields: &str) -> Result<Value, String> {
    let query = format!("query($id: ID) {{ account(id: $id) {{ {fields} }} }}");
    let (server, id) = (shadow.server, json!({ "id": shadow.tenant.id }));
    let mut response = server.graphql(Some(server.admin_key()), &query, id).await;
    if response.get("errors").is_some() {
        return Err(response.to_string());
    }
    Ok(response["data"]["account"].take())
}

fn by_id<K: Ord + PublicId>(nodes: &Value, amount: &str) -> BTreeMap<K, i128> {
    let nodes = nodes["nodes"].as_array().unwrap().iter();
    let id = |node: &Value| node["id"].as_str().and_then(K::decode).unwrap();
    nodes.map(|node| (id(node), units(&node[amount]))).collect()
}

/// The remainders of the server's lots.
pub async fn lots(shadow: &Shadow<'_>) -> Result<BTreeMap<LotId, i128>, String> {
    let account = read(shadow, "lots(first: 1000) { nodes { id remaining } }").await?;
    Ok(by_id(&account["lots"], "remaining"))
}

/// Checks that both sides are equal now; returns the balance.
pub async fn agree(shadow: &Shadow<'_>) -> Result<Value, String> {
    let fields = format!(
        "balance {{ {BALANCE} }} lots(first: 1000) {{ nodes {{ id remaining }} }}
        lists {{ nodes {{ id allocation {{ mode assigned available held }} }} }}
        messages(first: 1000, filter: {{ statuses: [SCHEDULED] }}) {{ nodes {{ id credits }} }}"
    );
    let account = read(shadow, &fields).await?;
    let model = shadow.model_now();
    balance(&model, &account["balance"])?;
    let next = &account["balance"]["nextExpiry"];
    let next = (!next.is_null()).then(|| {
        let at: Timestamp = next["expiresAt"].as_str().unwrap().parse().unwrap();
        (at, units(&next["credits"]))
    });
    same("what expires next", next, model.next_expiry())?;
    same(
        "lots",
        by_id(&account["lots"], "remaining"),
        model.remainders(),
    )?;
    let held: BTreeMap<MessageId, i128> = by_id(&account["messages"], "credits");
    same("holds", held, model.held_by_message())?;
    lists(shadow, &model, &account["lists"])?;
    Ok(account["balance"].clone())
}

fn lists(shadow: &Shadow<'_>, model: &Model, nodes: &Value) -> Result<(), String> {
    let free = model.free();
    for node in nodes["nodes"].as_array().unwrap() {
        let list = node["id"].as_str().and_then(ListId::decode).unwrap();
        let own = free.get(&Some(list)).copied();
        let held = shadow.waiting.iter().filter(|one| one.list == Some(list));
        let held: i128 = held.map(|one| one.units).sum();
        let allocation = &node["allocation"];
        let assigned = (!allocation["assigned"].is_null()).then(|| units(&allocation["assigned"]));
        same("what a list has for itself", assigned, own)?;
        let mode = if own.is_some() { "LIMITED" } else { "SHARED" };
        same("a list's mode", allocation["mode"].as_str(), Some(mode))?;
        let available = own.unwrap_or(free[&None]);
        same(
            "what a list may spend",
            units(&allocation["available"]),
            available,
        )?;
        same("what a list holds", units(&allocation["held"]), held)?;
    }
    Ok(())
}

/// Checks that a balance equals the second book's.
pub fn balance(model: &Model, balance: &Value) -> Result<(), String> {
    let unassigned = model.free()[&None];
    same("available", units(&balance["available"]), model.available())?;
    same("held", units(&balance["held"]), model.held())?;
    same(
        "total",
        units(&balance["total"]),
        model.available() + model.held(),
    )?;
    same("unassigned", units(&balance["unassigned"]), unassigned)
}

/// Checks what a message held or cost, for whom, and when it was charged.
pub fn message(
    payload: &Value,
    credits: Credits,
    sent_at: Option<Timestamp>,
) -> Result<(), String> {
    let message = &payload["message"];
    same(
        "a message's credits",
        units(&message["credits"]),
        credits.units().into(),
    )?;
    let lines = message["lines"].as_array().unwrap();
    let sum: i128 = lines.iter().map(|line| units(&line["credits"])).sum();
    same("a message's lines", sum, credits.units().into())?;
    let at = message["sentAt"].as_str().map(|at| at.parse().unwrap());
    same("when a message was sent", at, sent_at)
}

/// Checks that both sides did a command, or refused it for the same reason.
pub fn outcome(
    command: &Command,
    model: &Result<(), Refusal>,
    server: &Result<Value, (String, String)>,
) -> Result<(), String> {
    let expected = model.err().map(|refusal| match refusal {
        Refusal::Insufficient { .. } => "INSUFFICIENT_CREDITS",
        Refusal::NotHeld | Refusal::AlreadyHeld => "CONFLICT",
        Refusal::UnknownLot => "NOT_FOUND",
        Refusal::NotPositive | Refusal::TooMany | Refusal::NoSuchDay => "INVALID",
    });
    let code = server.as_ref().err().map(|(code, _)| code.as_str());
    same(&format!("the outcome of {command:?}"), code, expected)?;
    if let (Err(Refusal::Insufficient { needed, available }), Err((_, text))) = (model, server)
        && available.units() > 0
    {
        let said = format!("{needed} credits are needed and {available} are available.");
        if !text.contains(&said) {
            return Err(format!("{text} should say {said}"));
        }
    }
    Ok(())
}

/// Checks that the transactions add up to the second book, that each adds up to zero, and that
/// every past balance is reported unchanged (laws B1 to B3).
pub async fn agree_in_the_end(shadow: &Shadow<'_>) -> Result<(), String> {
    agree(shadow).await?;
    let fields = "transactions(first: 1000) { nodes { kind credits postings { book credits } } }";
    let account = read(shadow, fields).await?;
    let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
    for node in account["transactions"]["nodes"].as_array().unwrap() {
        let (mut all, mut available) = (0, 0);
        for posting in node["postings"].as_array().unwrap() {
            let (book, moved) = (
                posting["book"].as_str().unwrap(),
                units(&posting["credits"]),
            );
            all += moved;
            available += if book == "AVAILABLE" { moved } else { 0 };
            *sums.entry(book).or_default() += moved;
        }
        same("the sum of a transaction", all, 0)?;
        same(
            "what a transaction did to the available",
            units(&node["credits"]),
            available,
        )?;
    }
    // Due credits that are not booked yet are in no transaction.
    let model = &shadow.model;
    for (book, expected) in [
        ("ISSUED", -model.issued),
        ("AVAILABLE", model.available()),
        ("HELD", model.held()),
        ("SPENT", model.spent),
        ("EXPIRED", model.expired),
        ("REVOKED", model.revoked),
    ] {
        same(book, sums.get(book).copied().unwrap_or_default(), expected)?;
    }
    let past: Vec<(&Timestamp, &Value)> = shadow.past.iter().collect();
    for some in past.chunks(100) {
        let fields = some.iter().enumerate();
        let fields = fields
            .map(|(place, (at, _))| format!("b{place}: balance(at: \"{at}\") {{ {BALANCE} }}"));
        let account = read(shadow, &fields.collect::<Vec<_>>().join(" ")).await?;
        for (place, (at, told)) in some.iter().enumerate() {
            let again = &account[format!("b{place}").as_str()];
            same(&format!("the balance at {at}"), again, *told)?;
        }
    }
    Ok(())
}
