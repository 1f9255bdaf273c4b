//! Who may read what, law A1: every field of every type of the schema against the policy's rows,
//! with every role, over HTTP.
//!
//! Here: the walk over the schema and what each answer must be. Not here: root fields, which are
//! `authorization`'s; what a sending service can't find out in other ways, which is `sender`'s.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use async_graphql::parser::{
    parse_schema,
    types::{BaseType, FieldDefinition, Type, TypeKind, TypeSystemDefinition},
};
use entity::sql_enums::Role;
use message_credits::{
    graphql::schema::sdl,
    operations::policy::{
        Access, access,
        edges::{EDGES, rows},
        row,
    },
};
use serde_json::{Value, json};

use super::authorization::names_roles;
use crate::support::{Server, new_key, payment_connection::CONNECT, sending::account};

const ROOTS: [&str; 3] = ["Query", "Mutation", "Subscription"];
const ROLES: [(Role, &str); 6] = [
    (Role::PlatformAdmin, "PLATFORM_ADMIN"),
    (Role::AccountManager, "ACCOUNT_MANAGER"),
    (Role::Owner, "OWNER"),
    (Role::Member, "MEMBER"),
    (Role::Viewer, "VIEWER"),
    (Role::Sender, "SENDER"),
];

/// The object types of the schema with their fields.
struct Schema {
    types: BTreeMap<String, Vec<FieldDefinition>>,
    nodes: BTreeSet<String>,
}

impl Schema {
    fn read() -> Self {
        let (mut types, mut nodes) = (BTreeMap::new(), BTreeSet::new());
        for definition in parse_schema(sdl()).unwrap().definitions {
            let TypeSystemDefinition::Type(definition) = definition else {
                continue;
            };
            let name = definition.node.name.node.to_string();
            if let TypeKind::Object(object) = definition.node.kind {
                if !object.implements.is_empty() {
                    nodes.insert(name.clone());
                }
                let fields = object.fields.into_iter().map(|field| field.node);
                types.insert(name, fields.collect());
            }
        }
        Self { types, nodes }
    }

    fn fields(&self, name: &str) -> impl Iterator<Item = &FieldDefinition> {
        self.types.get(name).into_iter().flatten()
    }

    fn below(&self) -> impl Iterator<Item = (&String, &Vec<FieldDefinition>)> {
        let roots = |name: &str| ROOTS.contains(&name);
        self.types.iter().filter(move |(name, _)| !roots(name))
    }
}

/// The name of a type without its lists and exclamation marks.
fn named(of: &Type) -> &str {
    match &of.base {
        BaseType::Named(name) => name,
        BaseType::List(of) => named(of),
    }
}

/// Who may use a field, root or not.
fn access_of(name: &str, field: &str) -> Access {
    if ROOTS.contains(&name) {
        access(field)
    } else {
        row(rows(name), field)
    }
}

/// A field without a row is closed to everybody, and a row without a field protects nothing.
#[test]
fn every_field_has_one_row() {
    let schema = Schema::read();
    for (name, fields) in schema.below() {
        let mut found: Vec<&str> = rows(name)
            .iter()
            .flat_map(|(_, fields)| *fields)
            .copied()
            .collect();
        found.sort_unstable();
        let mut wanted: Vec<&str> = fields
            .iter()
            .map(|field| field.name.node.as_str())
            .collect();
        wanted.sort_unstable();
        assert_eq!(found, wanted, "the rows of {name}");
    }
    let known: BTreeSet<&str> = EDGES.iter().map(|(name, _)| *name).collect();
    assert_eq!(known.len(), EDGES.len(), "a type has rows twice");
    for name in known {
        assert!(schema.types.contains_key(name), "there is no type {name}");
    }
}

/// A role that may read nothing of a type has no way to it: no open field leads there. Otherwise
/// the way would be open and its end closed field by field, which nobody decides on purpose.
#[test]
fn closed_fields_are_refused_before_execution() {
    let schema = Schema::read();
    for (role, role_name) in ROLES {
        let mut reached = BTreeSet::new();
        let mut queue: VecDeque<&str> = ROOTS.into();
        while let Some(name) = queue.pop_front() {
            for field in schema.fields(name) {
                let to = named(&field.ty.node);
                let is_open = access_of(name, &field.name.node).admits(role);
                if is_open && schema.types.contains_key(to) && reached.insert(to) {
                    queue.push_back(to);
                }
            }
        }
        for name in reached {
            let mut fields = schema.fields(name);
            let is_open = fields.any(|field| access_of(name, &field.name.node).admits(role));
            assert!(
                is_open,
                "{role_name} comes to {name} and may read nothing of it"
            );
        }
    }
}

/// A query that reads a value of a type.
#[derive(Clone)]
struct Way {
    /// The document, with `%` in place of the type's fields.
    document: String,
    /// The fields on the way, each with its type.
    through: Vec<(String, String)>,
    /// The node that it begins at.
    node: Option<String>,
}

impl Way {
    fn is_open(&self, role: Role) -> bool {
        let may = |(name, field): &(String, String)| access_of(name, field).admits(role);
        let exists = |node: &String| access_of(node, "id").admits(role);
        self.node.as_ref().is_none_or(exists) && self.through.iter().all(may)
    }

    fn on(&self, name: &str, field: &str, selection: &str) -> Self {
        let mut way = self.clone();
        way.document = way.document.replacen('%', selection, 1);
        way.through.push((name.to_owned(), field.to_owned()));
        way
    }
}

/// Arguments for fields that need them.
fn arguments(name: &str, field: &str) -> &'static str {
    match (name, field) {
        ("Query", "account") => "(id: $account)",
        ("Query", "contactImportPreview") => "(file: $file)",
        ("Query", "quote") => "(input: $quote)",
        ("Query", "segmentation") => "(input: { text: \"città ✓\" })",
        ("Query", "usageReport" | "usageReportDownload") => "(input: $report)",
        ("Quote", "personalText") => "(contactId: $contact)",
        ("Account", "statement") => "(month: \"2026-11-01\")",
        ("Account" | "ContactList", "usage") => {
            "(from: \"2026-11-01T00:00:00Z\", to: \"2026-12-01T00:00:00Z\")"
        }
        ("CreditPackage", "capacity") => "(countryCodes: [\"IT\"], accountId: $account)",
        _ => "",
    }
}

/// The shortest way to every type that a query can reach, preferably over fields that all roles may
/// read.
fn ways(schema: &Schema) -> BTreeMap<String, Way> {
    let mut found: BTreeMap<String, Way> = BTreeMap::new();
    let start = |document: &str, node: Option<&String>| Way {
        document: document.to_owned(),
        through: Vec::new(),
        node: node.cloned(),
    };
    let mut queue = VecDeque::from([("Query".to_owned(), start("%", None))]);
    for node in &schema.nodes {
        let document = format!("node(id: $id) {{ ... on {node} {{ % }} }}");
        let way = start(&document, Some(node));
        found.insert(node.clone(), way.clone());
        queue.push_back((node.clone(), way));
    }
    for only_open in [true, false] {
        let mut queue = if only_open {
            queue.clone()
        } else {
            found.clone().into_iter().chain(queue.clone()).collect()
        };
        while let Some((name, way)) = queue.pop_front() {
            for field in schema.fields(&name) {
                let (to, field) = (named(&field.ty.node), field.name.node.as_str());
                // These begin elsewhere, or not for every role.
                let passed = name == "Query" && ["node", "nodes", "accounts"].contains(&field);
                let is_open =
                    way.is_open(Role::Sender) && access_of(&name, field).admits(Role::Sender);
                if passed
                    || found.contains_key(to)
                    || !schema.types.contains_key(to)
                    || (only_open && !is_open)
                {
                    continue;
                }
                let selection = format!("{field}{} {{ % }}", arguments(&name, field));
                let way = way.on(&name, field, &selection);
                found.insert(to.to_owned(), way.clone());
                queue.push_back((to.to_owned(), way));
            }
        }
    }
    found
}

/// Rows of every kind, and their names in variables.
struct World {
    keys: Vec<(Role, &'static str, String)>,
    ids: BTreeMap<String, Value>,
    variables: Value,
}

impl World {
    async fn new(server: &Server) -> Self {
        server.set_time("2026-11-10T08:00:00Z");
        let shop = server.account("Shop").await;
        server.grant_until(&shop, "1000", Some("2027-03-01")).await;
        let monthly = "mutation($input: UpdateMonthlyReportsInput!) {
            updateMonthlyReports(input: $input) { userErrors { message } } }";
        server
            .done(&shop.owner, monthly, json!({ "enabled": true }))
            .await;
        let merchant = json!({ "accountId": shop.id, "merchantId": "approve" });
        server.done(server.admin_key(), CONNECT, merchant).await;
        let euros = domain::money::Currency::new("EUR".parse().unwrap(), 2).unwrap();
        let mandate = message_credits::payments::Mandate {
            state: message_credits::payments::MandateState::Active,
            reference: None,
            cap: Some(domain::money::Money::new(30_000, euros)),
            used: Some(domain::money::Money::new(5_000, euros)),
            period_end: Some(server.services().clock.now()),
            confirmation_url: None,
        };
        let kept = server.services().keep_mandate(account(&shop), &mandate);
        kept.await.unwrap();
        let list = server.list(&shop, "Stored", json!([])).await;
        let file = "phone,name,name\n+393401234567,Ada\n+393401234568,Beatrice\nnobody,Carla\n";
        let import = server.import(&shop.owner, &list, file).await["import"]["id"].take();
        let send = "mutation($input: SendMessageInput!) {
            sendMessage(input: $input) { message { id } userErrors { message } } }";
        let media =
            json!([{ "contentType": "image/png", "url": "https://cdn.example/a", "sizeBytes": 9 }]);
        let input =
            json!({ "listId": list, "text": "Ciao", "media": media, "idempotencyKey": new_key() });
        let message = server.done(&shop.owner, send, input).await["message"]["id"].take();
        let create = "mutation($input: CreateCreditPackageInput!) {
            createCreditPackage(input: $input) { package { id } userErrors { message } } }";
        let input = json!({
            "code": "S", "name": "Small", "credits": "500",
            "price": { "amount": "20.00", "currencyCode": "EUR" },
        });
        let package = server.done(server.admin_key(), create, input).await["package"]["id"].take();
        let buy = "mutation($input: PurchaseCreditsInput!) {
            purchaseCredits(input: $input) { purchase { id } userErrors { message } } }";
        let input = json!({ "packageId": package, "idempotencyKey": new_key() });
        let purchase = server.done(&shop.owner, buy, input).await["purchase"]["id"].take();
        server.set_time("2026-12-02T08:00:00Z");
        server.run_workers().await;
        let query = "query($list: ID!) { account {
            lots { nodes { id } } transactions { nodes { id } } monthlyReports { nodes { id } } rateCard { id }
            settingChanges { nodes { id } } }
            node(id: $list) { ... on ContactList { contacts { nodes { id } } } } }";
        let mut data = server
            .data(&shop.owner, query, json!({ "list": list }))
            .await;
        let account = &mut data["account"];
        let mut ids: BTreeMap<String, Value> = [
            ("CreditLot", account["lots"]["nodes"][0]["id"].take()),
            (
                "Transaction",
                account["transactions"]["nodes"][0]["id"].take(),
            ),
            (
                "MonthlyReport",
                account["monthlyReports"]["nodes"][0]["id"].take(),
            ),
            ("RateCard", account["rateCard"]["id"].take()),
            (
                "SettingChange",
                account["settingChanges"]["nodes"][0]["id"].take(),
            ),
            ("Account", json!(shop.id)),
            ("ContactList", json!(list)),
            ("ContactImport", import),
            ("Message", message),
            ("CreditPackage", package),
            ("Purchase", purchase),
        ]
        .map(|(name, id)| (name.to_owned(), id))
        .into();
        let contact = data["node"]["contacts"]["nodes"][0]["id"].take();
        ids.insert("Contact".to_owned(), contact.clone());
        let variables = json!({
            "account": shop.id,
            "contact": contact,
            "quote": {
                "accountId": shop.id, "audience": { "listId": list }, "text": "{{name}} è qui ✓ *|FNAME|*",
            },
            "report": {
                "accountId": shop.id, "from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z",
            },
        });
        let create = "mutation($input: CreateApiKeyInput!) {
            createApiKey(input: $input) { id secret userErrors { message } } }";
        let mut keys = Vec::new();
        for (role, name) in ROLES {
            let is_platform = matches!(role, Role::PlatformAdmin | Role::AccountManager);
            let account = if is_platform {
                Value::Null
            } else {
                json!(shop.id)
            };
            let input = json!({ "accountId": account, "role": name, "name": name });
            let key = server.done(server.admin_key(), create, input).await;
            if role == Role::Owner {
                ids.insert("ApiKey".to_owned(), key["id"].clone());
            }
            keys.push((role, name, key["secret"].as_str().unwrap().to_owned()));
        }
        Self {
            keys,
            ids,
            variables,
        }
    }

    /// The answer to a field of a type.
    async fn ask(&self, server: &Server, key: &str, way: &Way, selection: &str) -> Value {
        let mut variables = self.variables.clone();
        if let Some(node) = &way.node {
            variables["id"] = self
                .ids
                .get(node)
                .unwrap_or_else(|| panic!("no {node}"))
                .clone();
        }
        let declared = [
            ("id", "ID!"),
            ("account", "ID"),
            ("contact", "ID!"),
            ("quote", "QuoteInput!"),
            ("report", "UsageReportInput!"),
            ("file", "Upload!"),
        ];
        let document = way.document.replacen('%', selection, 1);
        let used = declared
            .iter()
            .filter(|(name, _)| document.contains(&format!("${name}")));
        let used: Vec<String> = used.map(|(name, of)| format!("${name}: {of}")).collect();
        let head = if used.is_empty() {
            String::new()
        } else {
            format!("query({})", used.join(", "))
        };
        let query = format!("{head}{{ {document} }}");
        if query.contains("$file") {
            // One whose preview has rows and a warning.
            let file = ("contacts.csv", "phone,name,name\n+393401234567,Ada,Bea\n");
            return server.upload(Some(key), &query, variables, file).await;
        }
        server.graphql(Some(key), &query, variables).await
    }
}

/// Whether a type's name is anywhere in an answer, with something other than null beside it.
fn holds(answer: &Value, name: &str) -> bool {
    match answer {
        Value::Object(fields) => {
            fields.get("__typename") == Some(&json!(name))
                || fields.values().any(|value| holds(value, name))
        }
        Value::Array(values) => values.iter().any(|value| holds(value, name)),
        _ => false,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_field_follows_its_policy_row() {
    let server = Server::on_sqlite().await;
    let world = World::new(&server).await;
    let schema = Schema::read();
    let ways = ways(&schema);
    let mut wrong = Vec::new();
    let mut asked = 0;
    for (name, fields) in schema.below() {
        // Payloads of mutations, their errors and warnings are tested by `authorization`.
        if name.ends_with("Payload")
            || ["UserError", "ErrorDetail", "ContactWarning"].contains(&name.as_str())
        {
            continue;
        }
        let way = ways
            .get(name)
            .unwrap_or_else(|| panic!("no query reaches {name}"));
        for field in fields {
            let below = schema.types.contains_key(named(&field.ty.node));
            let below = if below || named(&field.ty.node) == "Node" {
                " { __typename }"
            } else {
                ""
            };
            let field = field.name.node.as_str();
            let selection = format!("__typename asked: {field}{}{below}", arguments(name, field));
            for (role, role_name, key) in &world.keys {
                let answer = world.ask(&server, key, way, &selection).await;
                let may = way.is_open(*role) && access_of(name, field).admits(*role);
                let errors = answer["errors"].as_array().into_iter().flatten();
                let codes: Vec<&Value> = errors.map(|error| &error["extensions"]["code"]).collect();
                let is_absent = way.node.is_some() && answer["data"]["node"].is_null();
                let as_said = if may {
                    codes.is_empty() && holds(&answer["data"], name)
                } else {
                    codes == ["FORBIDDEN"] || codes.is_empty() && is_absent
                };
                asked += 1;
                if codes == ["FORBIDDEN"] && way.is_open(*role) {
                    names_roles(&answer["errors"][0], access_of(name, field).roles());
                }
                if !as_said {
                    wrong.push(format!(
                        "{name}.{field} for {role_name} (open: {may}): {answer}"
                    ));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(asked > 1_000, "only {asked} were asked");
}
