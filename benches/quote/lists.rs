//! The quoted lists: stored contacts and head-counts, and the quote that each must give.
//!
//! Here: creating them as row sets, and the texts. Not here: how long quoting takes.

use std::collections::BTreeMap;

use domain::{
    channel::Channel,
    segmentation::{Options, count},
};
use sea_orm::{ConnectionTrait, Database as Connect};
use serde_json::{Value, json};

use crate::{
    Outcome,
    server::{Database, Server, text},
};

/// Countries of the recipients, in turn.
const COUNTRIES: [&str; 5] = ["IT", "DE", "FR", "ES", "US"];
/// Names of the recipients, in turn; some make a text longer, and some are not GSM-7.
const NAMES: [&str; 8] = [
    "Giulia",
    "Jo",
    "Massimiliano",
    "José",
    "Zoë",
    "Łukasz",
    "Anna",
    "Maria Maddalena",
];
/// With some names it takes a second segment.
const PERSONAL: &str = "Ciao {{firstName|amico}}, solo oggi 20% di sconto su tutta la nuova collezione, in negozio e \
    online. Mostra in cassa il codice {{code}}. A presto, il tuo negozio!";
const PLAIN: &str = "Ciao! Solo oggi 20% di sconto su tutta la nuova collezione, in negozio e online. Mostra in \
    cassa questo messaggio. A presto!";

/// The texts that are quoted.
#[derive(Clone, Copy)]
pub enum Text {
    /// With two merge fields.
    Personal,
    /// The same text for everyone.
    Plain,
}

/// A contact list.
pub struct List {
    account: String,
    id: String,
    contacts: u32,
}

impl List {
    /// A list of stored contacts, inserted as one row set.
    pub async fn stored(server: &Server, database: &Database, contacts: u32) -> Outcome<Self> {
        let name = format!("{contacts} stored");
        let list = Self::create(server, &name, contacts).await?;
        let connection = Connect::connect(database.url()).await?;
        connection
            .execute_unprepared(&insert(database, &name, contacts))
            .await?;
        let told = format!("UPDATE contact_lists SET contacts = {contacts} WHERE name = '{name}'");
        connection.execute_unprepared(&told).await?;
        if matches!(database, Database::Postgres { .. }) {
            connection
                .execute_unprepared("VACUUM ANALYZE contacts")
                .await?;
        }
        connection.close().await?;
        Ok(list)
    }

    /// A list with head-counts alone.
    pub async fn head_count(server: &Server, recipients: u32) -> Outcome<Self> {
        Self::create(server, &format!("{recipients} counted"), recipients).await
    }

    async fn create(server: &Server, name: &str, recipients: u32) -> Outcome<Self> {
        let destinations = COUNTRIES.iter().zip(0..).map(|(country, at)| {
            let here = (recipients + 4 - at) / 5;
            json!({ "countryCode": country, "recipientCount": here })
        });
        let document = "mutation($input: CreateContactListInput!) {
            createContactList(input: $input) { list { id } userErrors { message } } }";
        let input = json!({
            "accountId": server.account,
            "name": name,
            "destinations": destinations.collect::<Vec<_>>(),
        });
        let made = server.send(document, json!({ "input": input })).await?;
        Ok(Self {
            account: server.account.clone(),
            id: text(&made, "/createContactList/list/id")?,
            contacts: recipients,
        })
    }

    pub const fn contacts(&self) -> u32 {
        self.contacts
    }

    /// The body of the request that quotes it.
    pub fn quote(&self, text: Text) -> Value {
        let (text, fields) = match text {
            Text::Personal => (PERSONAL, "distribution { segmentCount recipientCount }"),
            Text::Plain => (PLAIN, "segmentation { segmentCount }"),
        };
        let query = format!(
            "query($input: QuoteInput!) {{ quote(input: $input) {{ recipientCount credits {fields} }} }}"
        );
        let input = json!({
            "accountId": self.account,
            "audience": { "listId": self.id },
            "text": text,
        });
        json!({ "query": query, "variables": { "input": input } })
    }

    /// The quote that its stored contacts must give: the sum over each contact's own text.
    pub fn expected(&self) -> Expected {
        let mut recipients = BTreeMap::new();
        for contact in 0..self.contacts as usize {
            let name = NAMES[contact % NAMES.len()];
            let text = PERSONAL
                .replace("{{firstName|amico}}", name)
                .replace("{{code}}", &code(contact));
            let counted = count(&text, Channel::Sms, &Options::default());
            let segments = counted.map_or(0, |counted| counted.segment_count as u64);
            *recipients.entry(segments).or_default() += 1;
        }
        Expected(recipients)
    }
}

fn code(contact: usize) -> String {
    format!("C{contact:07}")
}

/// Recipients by segments of their text.
pub struct Expected(BTreeMap<u64, u64>);

impl Expected {
    pub fn segments(&self) -> u64 {
        self.0
            .iter()
            .map(|(segments, recipients)| segments * recipients)
            .sum()
    }
}

/// Whether a quote is the expected one.
pub fn check(answer: &Value, expected: &Expected) -> Outcome<()> {
    let rows = answer
        .pointer("/quote/distribution")
        .and_then(Value::as_array);
    let rows = rows.ok_or_else(|| format!("no distribution in {answer}"))?;
    let number = |row: &Value, name: &str| row[name].as_u64().unwrap_or_default();
    let seen: BTreeMap<_, _> = rows
        .iter()
        .map(|row| (number(row, "segmentCount"), number(row, "recipientCount")))
        .collect();
    if seen != expected.0 {
        return Err(format!("quoted {seen:?}, and it is {:?}", expected.0).into());
    }
    Ok(())
}

/// The statement that inserts a list's contacts: those that [`List::expected`] counts.
fn insert(database: &Database, name: &str, contacts: u32) -> String {
    let turn = |of: &[&str], at: &str| {
        let whens = of
            .iter()
            .enumerate()
            .map(|(turn, what)| format!(" WHEN {turn} THEN '{what}'"));
        format!("CASE {at} % {}{} END", of.len(), whens.collect::<String>())
    };
    let countries = turn(&COUNTRIES, "n");
    let names = turn(&NAMES, "n");
    // No two lists share an id.
    let first = u64::from(contacts) * 16;
    let (id, code, series) = match database {
        Database::Sqlite { .. } => (
            format!("unhex(printf('%032x', {first} + n))"),
            "printf('C%07d', n)",
            format!(
                "WITH RECURSIVE series(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM series WHERE n + 1 < {contacts})"
            ),
        ),
        Database::Postgres { .. } => (
            format!("lpad(to_hex({first} + n), 32, '0')::uuid"),
            "'C' || lpad(n::text, 7, '0')",
            format!("WITH series(n) AS (SELECT generate_series(0, {contacts} - 1))"),
        ),
    };
    let columns = "account_id, list_id, id, number, country_code, fields, created_at";
    let fields = format!("'{{\"firstName\":\"' || {names} || '\",\"code\":\"' || {code} || '\"}}'");
    format!(
        "{series} INSERT INTO contacts ({columns}) \
         SELECT account_id, contact_lists.id, {id}, 393200000000 + n, {countries}, {fields}, 0 \
         FROM contact_lists, series WHERE name = '{name}'"
    )
}
