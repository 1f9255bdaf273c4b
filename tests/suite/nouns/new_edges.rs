//! The edges that answers have of new nodes: each is the connection's own, and its cursor continues
//! a page after the node.

use serde_json::{Value, json};

use crate::support::{
    Server,
    credit_package::new_package,
    message::{to_italians, to_list},
    new_key, on_both_databases,
    purchase::package,
};

/// How many nodes are made of each kind.
const MADE: usize = 3;

/// A connection, with the text around its field, and who reads it.
struct Connection<'a> {
    key: &'a str,
    around: (String, &'static str),
    field: &'static str,
}

impl Connection<'_> {
    async fn edges(&self, server: &Server, after: &Value) -> Vec<Value> {
        let (before, behind) = &self.around;
        let query = format!(
            "query($after: String) {{ {before} page: {}(first: 1000, after: $after) {{ edges {{ cursor node {{ id }} }} }} {behind} }}",
            self.field
        );
        let mut data = server
            .data(self.key, &query, json!({ "after": after }))
            .await;
        let page = match before.as_str() {
            "" => data["page"].take(),
            _ => data["of"]["page"].take(),
        };
        page["edges"].as_array().unwrap().clone()
    }

    /// That these are edges of the connection, and that pages continue after each.
    async fn has(&self, server: &Server, made: &[Value]) {
        let all = self.edges(server, &Value::Null).await;
        for edge in made {
            let place = all.iter().position(|one| one == edge);
            let place = place.unwrap_or_else(|| panic!("{edge} is not in {}: {all:?}", self.field));
            assert_eq!(
                self.edges(server, &edge["cursor"]).await,
                all[place + 1..],
                "{}",
                self.field
            );
        }
    }
}

/// A mutation that selects the node and its edge.
fn mutation(name: &str, node: &str, edge: &str) -> String {
    let mut input = name.to_owned();
    input[..1].make_ascii_uppercase();
    format!(
        "mutation($input: {input}Input!) {{ {name}(input: $input) {{ node: {node} {{ id }} edge: {edge} {{ cursor node {{ id }} }}
            userErrors {{ field message code }} }} }}"
    )
}

/// Runs a mutation several times, each with the input of its turn; the edges.
async fn make(
    server: &Server,
    key: &str,
    mutation: &str,
    input: impl Fn(usize) -> Value,
) -> Vec<Value> {
    let mut edges = Vec::new();
    for turn in 0..MADE {
        let mut payload = server.done(key, mutation, input(turn)).await;
        assert_eq!(
            payload["edge"]["node"]["id"], payload["node"]["id"],
            "{payload}"
        );
        edges.push(payload["edge"].take());
    }
    edges
}

on_both_databases! {
    async fn a_new_node_answers_with_its_edge(server: Server) {
        let shop = server.account("Shop").await;
        server.grant(&shop, "1000").await;
        let admin = server.admin_key();
        let own = |field| Connection { key: &shop.owner, around: ("of: account {".to_owned(), "}"), field };
        let all = |field| Connection { key: admin, around: (String::new(), ""), field };
        let has_key = |mut input: Value| { input["idempotencyKey"] = json!(new_key()); input };

        let send = mutation("sendMessage", "message", "messageEdge");
        let sent = make(&server, &shop.owner, &send, |_| has_key(to_italians(1))).await;
        own("messages").has(&server, &sent).await;
        let later = |turn| { let mut input = has_key(to_italians(1)); input["sendAt"] = json!(format!("2026-12-0{}T10:00:00Z", 9 - turn)); input };
        let schedule = mutation("scheduleMessage", "message", "messageEdge");
        own("messages").has(&server, &make(&server, &shop.owner, &schedule, later).await).await;
        let schedule = mutation("scheduleMessage", "message", "scheduledMessageEdge");
        own("scheduledMessages").has(&server, &make(&server, &shop.owner, &schedule, later).await).await;

        let create = mutation("createContactList", "list", "listEdge");
        let lists = make(&server, &shop.owner, &create, |turn| json!({ "name": format!("List {turn}") })).await;
        own("lists").has(&server, &lists).await;
        let list = &lists[1]["node"]["id"];
        server.done(&shop.owner, "mutation($input: ArchiveContactListInput!) { archiveContactList(input: $input) { userErrors { code } } }", json!({ "listId": list })).await;
        let restore = mutation("restoreContactList", "list", "listEdge");
        let restored = server.done(&shop.owner, &restore, json!({ "listId": list })).await;
        assert_eq!(restored["edge"], lists[1]);
        own("lists").has(&server, &lists).await;

        let grant = mutation("grantCredits", "lot", "lotEdge");
        let lots = make(&server, admin, &grant, |turn| has_key(json!({ "accountId": shop.id, "credits": format!("{}", turn + 1), "note": "A gift" }))).await;
        own("lots").has(&server, &lots).await;
        let offer = package(&server, 1_000, 4_990, |_| {}).await;
        let purchase = mutation("purchaseCredits", "purchase", "purchaseEdge");
        let purchases = make(&server, &shop.owner, &purchase, |_| has_key(json!({ "packageId": offer }))).await;
        own("purchases").has(&server, &purchases).await;

        let create = mutation("createApiKey", "apiKey", "apiKeyEdge");
        let keys = make(&server, &shop.owner, &create, |turn| json!({ "role": "MEMBER", "name": format!("Key {turn}") })).await;
        own("apiKeys").has(&server, &keys).await;
        let rotate = mutation("rotateApiKey", "apiKey", "apiKeyEdge");
        let keys = make(&server, &shop.owner, &rotate, |turn| json!({ "id": keys[turn]["node"]["id"] })).await;
        own("apiKeys").has(&server, &keys).await;
        let keys = make(&server, admin, &create, |turn| json!({ "role": "ACCOUNT_MANAGER", "name": format!("Key {turn}") })).await;
        all("platformApiKeys").has(&server, &keys).await;

        let create = mutation("createAccount", "account", "accountEdge");
        let accounts = make(&server, admin, &create, |turn| json!({ "name": format!("Shop {turn}") })).await;
        all("accounts").has(&server, &accounts).await;
        let create = mutation("createCreditPackage", "package", "packageEdge");
        let packages = make(&server, admin, &create, |turn| new_package(&format!("offer-{turn}"), &format!("{}", 5_000 - turn))).await;
        all("creditPackages").has(&server, &packages).await;
        let publish = mutation("publishRateCard", "rateCard", "rateCardEdge");
        let cards = make(&server, admin, &publish, |_| json!({ "code": "edges", "creditValue": { "amount": "0.01", "currencyCode": "EUR" },
            "rates": [{ "countryCode": "IT", "sms": "1" }] })).await;
        all("rateCards").has(&server, &cards).await;
    }

    async fn new_contacts_and_imports_answer_with_their_edges(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "List", json!([])).await;
        let of = format!("of: node(id: \"{list}\") {{ ... on ContactList {{");
        let own = |field| Connection { key: &shop.owner, around: (of.clone(), "} }"), field };
        let import = "mutation($list: ID!, $file: Upload!) { importContacts(input: { listId: $list, file: $file }) {
            node: import { id } edge: importEdge { cursor node { id } } userErrors { code } } }";
        let mut imports = Vec::new();
        for turn in 0..MADE {
            let file = format!("phone\n+39340123456{turn}\n");
            let mut answer = server.upload(Some(&shop.owner), import, json!({ "list": list }), ("a.csv", file)).await;
            let payload = answer["data"]["importContacts"].take();
            assert_eq!(payload["edge"]["node"], payload["node"], "{answer}");
            imports.push(payload["edge"].clone());
        }
        own("imports").has(&server, &imports).await;

        let add = "mutation($input: AddContactsInput!) { addContacts(input: $input) {
            contacts { id } contactEdges { cursor node { id } } userErrors { field code } } }";
        let contacts: Vec<_> = (0..9).map(|last| json!({ "phoneNumber": format!("+39340123457{last}") })).collect();
        let mut payload = server.done(&shop.owner, add, json!({ "listId": list, "contacts": contacts })).await;
        let edges = payload["contactEdges"].as_array().unwrap().clone();
        let nodes: Vec<_> = edges.iter().map(|edge| edge["node"].clone()).collect();
        assert_eq!(payload["contacts"].take(), json!(nodes));
        assert_eq!(edges.len(), 9);
        own("contacts").has(&server, &edges).await;
    }

    /// A refused mutation has no edge, as it has no node.
    async fn a_refused_mutation_has_no_edge(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "List", json!([{ "countryCode": "IT", "recipientCount": 2 }])).await;
        let mut send = to_list(&list, "Ciao");
        send["idempotencyKey"] = json!(new_key());
        let refused = [
            (mutation("sendMessage", "message", "messageEdge"), send),
            (mutation("createContactList", "list", "listEdge"), json!({ "name": "" })),
            (mutation("restoreContactList", "list", "listEdge"), json!({ "listId": list })),
        ];
        for (mutation, input) in refused {
            let answer = server.graphql(Some(&shop.owner), &mutation, json!({ "input": input })).await;
            let payload = answer["data"].as_object().unwrap().values().next().unwrap();
            assert_eq!((&payload["node"], &payload["edge"]), (&Value::Null, &Value::Null), "{answer}");
            assert_eq!(payload["userErrors"].as_array().unwrap().len(), 1, "{answer}");
        }
        let add = "mutation($input: AddContactsInput!) { addContacts(input: $input) {
            contactEdges { cursor } userErrors { code } } }";
        let input = json!({ "listId": list, "contacts": [{ "phoneNumber": "+393401234567" }] });
        let answer = server.graphql(Some(&shop.owner), add, json!({ "input": input })).await;
        assert_eq!(answer["data"]["addContacts"], json!({ "contactEdges": [], "userErrors": [{ "code": "CONFLICT" }] }));
    }
}
