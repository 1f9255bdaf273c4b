//! The orders of lists over HTTP: sort keys, reverse, and cursors of each order.

use message_credits::store::{
    account::{self, AccountFilter, AccountSort},
    sql::{
        bounded::Transaction,
        paging::{Place, Scope, Window},
    },
};
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement, prelude::Uuid};
use serde_json::{Value, json};

use crate::support::{
    Server, Tenant,
    credit_package::{CREATE, new_package},
    message, on_both_databases, plain_postgres_database,
};

/// Names of equal and of different case, in other scripts, and one within another.
const NAMES: [&str; 16] = [
    "beta",
    "Beta",
    "BETA",
    "alpha",
    "Alpha 2",
    "alpha 10",
    "Zeta",
    "_zeta",
    "[zeta",
    "éclair",
    "Éclair",
    "ÉCLAIR",
    "città",
    "Привет",
    "привет",
    "beta",
];

/// A list that is read page by page.
struct List<'a> {
    key: &'a str,
    /// Where the list is: the text before its field, and after it.
    around: (&'static str, &'static str),
    field: &'static str,
}

impl List<'_> {
    /// One page, with these arguments.
    async fn page(&self, server: &Server, arguments: &str) -> Value {
        let (before, after) = self.around;
        let query = format!(
            "{{ {before} page: {}({arguments}) {{ edges {{ cursor node {{ id name }} }} totalCount
                pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} {after} }}",
            self.field
        );
        let mut answer = server.graphql(Some(self.key), &query, Value::Null).await;
        assert!(answer.get("errors").is_none(), "{query}: {answer}");
        let data = answer["data"].take();
        match before {
            "" => data["page"].clone(),
            _ => data["account"]["page"].clone(),
        }
    }

    /// The nodes of all pages, which are read from the start or from the end.
    async fn walk(&self, server: &Server, order: &str, size: usize, from_end: bool) -> Vec<Value> {
        let (count, beyond, more, cursor) = match from_end {
            false => ("first", "after", "hasNextPage", "endCursor"),
            true => ("last", "before", "hasPreviousPage", "startCursor"),
        };
        let mut all: Vec<Value> = Vec::new();
        let mut place = String::new();
        loop {
            let page = self
                .page(server, &format!("{order}, {count}: {size}{place}"))
                .await;
            let mut nodes = nodes(&page);
            let info = &page["pageInfo"];
            let other = match from_end {
                false => "hasPreviousPage",
                true => "hasNextPage",
            };
            assert_eq!(info[other], !place.is_empty(), "{order}: {info}");
            match from_end {
                false => all.append(&mut nodes),
                true => all.splice(..0, nodes).for_each(drop),
            }
            if info[more] == false {
                assert_eq!(page["totalCount"], all.len(), "{order}");
                return all;
            }
            place = format!(", {beyond}: {}", info[cursor]);
        }
    }
}

fn nodes(page: &Value) -> Vec<Value> {
    let edges = page["edges"].as_array().unwrap().iter();
    edges.map(|edge| edge["node"].clone()).collect()
}

fn names(nodes: &[Value]) -> Vec<&str> {
    let nodes = nodes.iter();
    nodes.map(|node| node["name"].as_str().unwrap()).collect()
}

const ACCOUNT: (&str, &str) = ("account {", "}");

fn lists<'a>(server: &'a Server, shop: &'a Tenant) -> [List<'a>; 4] {
    let of = |key, around, field| List { key, around, field };
    [
        of(server.admin_key(), ("", ""), "accounts"),
        of(&shop.owner, ACCOUNT, "lists"),
        of(&shop.owner, ACCOUNT, "apiKeys"),
        of(server.admin_key(), ("", ""), "creditPackages"),
    ]
}

/// A shop among others, with lists, keys and packages of the same names.
async fn shop(server: &Server) -> Tenant {
    let shop = server.account("beta").await;
    let key = "mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) {
        secret userErrors { field message } } }";
    for (place, name) in NAMES.iter().enumerate() {
        server.account(name).await;
        server.list(&shop, name, json!([])).await;
        server
            .done(&shop.owner, key, json!({ "role": "VIEWER", "name": name }))
            .await;
        let mut package = new_package(&format!("p{place}"), &format!("{}", 1 + place * 7 % 5));
        package["name"] = json!(name);
        server.done(server.admin_key(), CREATE, package).await;
    }
    shop
}

on_both_databases! {
    /// Pages of names, of any size and from both ends, are the whole list once: in the order of
    /// bytes with ASCII letters in lower case, which is the same on both databases.
    async fn pages_of_names_are_exact(server: Server) {
        let shop = shop(&server).await;
        for list in lists(&server, &shop) {
            let whole = list.page(&server, "sortKey: NAME, first: 1000").await;
            let whole = nodes(&whole);
            assert!(whole.len() >= NAMES.len(), "{}", list.field);
            let mut expected = names(&whole);
            expected.sort_by_key(|name| name.to_ascii_lowercase());
            assert_eq!(names(&whole), expected, "{}", list.field);
            let reversed: Vec<Value> = whole.iter().rev().cloned().collect();
            for size in [1, 3, 7] {
                for from_end in [false, true] {
                    let found = list.walk(&server, "sortKey: NAME", size, from_end).await;
                    assert_eq!(found, whole, "{} by {size}", list.field);
                    let order = "sortKey: NAME, reverse: true";
                    let found = list.walk(&server, order, size, from_end).await;
                    assert_eq!(found, reversed, "{} by {size} in reverse", list.field);
                }
            }
        }
    }

    /// Packages are sorted by credits, price and age, ties by age, and pages of them are exact.
    async fn packages_are_sorted_by_each_key(server: Server) {
        let shop = shop(&server).await;
        let [.., packages] = lists(&server, &shop);
        let by_age = packages.walk(&server, "sortKey: CREATED_AT", 100, false).await;
        assert_eq!(names(&by_age), NAMES);
        for key in ["POSITION", "CREDITS", "PRICE", "CREATED_AT"] {
            let order = format!("sortKey: {key}");
            let whole = packages.walk(&server, &order, 100, false).await;
            assert_eq!(packages.walk(&server, &order, 2, true).await, whole, "{key}");
            let reversed = packages.walk(&server, &format!("{order}, reverse: true"), 3, false).await;
            assert!(reversed.iter().eq(whole.iter().rev()), "{key}");
        }
        let unsorted = packages.page(&server, "first: 1000").await;
        assert_eq!(nodes(&unsorted), packages.walk(&server, "sortKey: CREDITS", 5, false).await);
    }

    /// A cursor is of one order: any other order refuses it, and naming the default makes none.
    async fn a_cursor_of_another_order_is_refused(server: Server) {
        let shop = shop(&server).await;
        let [_, lists, ..] = lists(&server, &shop);
        let orders = [
            "reverse: false", "reverse: true", "sortKey: NAME", "sortKey: NAME, reverse: true",
        ];
        for of in orders {
            let cursor = lists.page(&server, &format!("{of}, first: 2")).await["edges"][0]["cursor"].clone();
            for order in orders {
                let query = format!("{{ account {{ lists({order}, first: 1, after: {cursor}) {{ nodes {{ id }} }} }} }}");
                let answer = server.graphql(Some(&shop.owner), &query, Value::Null).await;
                if of == order {
                    assert!(answer.get("errors").is_none(), "{order}: {answer}");
                } else {
                    let refused = &answer["errors"][0]["extensions"];
                    assert_eq!(refused["code"], "BAD_USER_INPUT", "{of}, {order}: {answer}");
                    assert_eq!(refused["field"], json!(["after"]), "{answer}");
                }
            }
        }
        let cursor = lists.page(&server, "first: 2").await["edges"][0]["cursor"].clone();
        let named = lists.page(&server, &format!("sortKey: CREATED_AT, first: 1, after: {cursor}")).await;
        assert_eq!(names(&nodes(&named)), [NAMES[1]]);
    }

    /// A page goes on where the cursor's node is now, also if it was renamed or archived.
    async fn a_cursor_of_names_follows_its_node(server: Server) {
        let shop = server.account("Shop").await;
        let mut ids = Vec::new();
        for name in ["a", "b", "c", "d"] {
            ids.push(server.list(&shop, name, json!([])).await);
        }
        let [_, lists, ..] = lists(&server, &shop);
        let cursor = lists.page(&server, "sortKey: NAME, first: 1").await["pageInfo"]["endCursor"].clone();
        let after = format!("sortKey: NAME, first: 1, after: {cursor}");
        assert_eq!(names(&nodes(&lists.page(&server, &after).await)), ["b"]);
        let rename = "mutation($input: UpdateContactListInput!) { updateContactList(input: $input) {
            userErrors { message } } }";
        server.done(&shop.owner, rename, json!({ "listId": ids[0], "name": "C again" })).await;
        assert_eq!(names(&nodes(&lists.page(&server, &after).await)), ["d"]);
        let archive = "mutation($input: ArchiveContactListInput!) { archiveContactList(input: $input) {
            userErrors { message } } }";
        server.done(&shop.owner, archive, json!({ "listId": ids[0] })).await;
        assert_eq!(names(&nodes(&lists.page(&server, &after).await)), ["d"]);
    }

    /// Contacts are sorted by age or by number; those with the beginning of a number only by it.
    async fn contacts_are_sorted_by_age_or_number(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "List", json!([])).await;
        let add = "mutation($input: AddContactsInput!) { addContacts(input: $input) {
            userErrors { message } } }";
        for (number, name) in [
            ("+393351234567", "Ada"), ("+33612345678", "Bob"), ("+447400123456", "Ada"),
            ("+393351234560", "Eve"),
        ] {
            let contact = json!({ "phoneNumber": number, "fields": [{ "name": "name", "value": name }] });
            server.done(&shop.owner, add, json!({ "listId": list, "contacts": [contact] })).await;
        }
        let read = async |arguments: &str| {
            let query = format!(r#"{{ node(id: "{list}") {{ ... on ContactList {{
                contacts({arguments}) {{ nodes {{ phoneNumber }} pageInfo {{ endCursor }} }} }} }} }}"#);
            server.graphql(Some(&shop.owner), &query, Value::Null).await
        };
        let numbers = |answer: &Value| -> Vec<String> {
            let nodes = answer["data"]["node"]["contacts"]["nodes"].as_array();
            let nodes = nodes.unwrap_or_else(|| panic!("{answer}")).iter();
            nodes.map(|node| node["phoneNumber"].as_str().unwrap().to_owned()).collect()
        };
        let forward = numbers(&read("sortKey: PHONE_NUMBER").await);
        assert_eq!(forward, ["+33612345678", "+393351234560", "+393351234567", "+447400123456"]);
        let mut backward = numbers(&read("sortKey: PHONE_NUMBER, reverse: true").await);
        backward.reverse();
        assert_eq!(backward, forward);
        let newest = numbers(&read("first: 10").await);
        assert_eq!(newest, numbers(&read("sortKey: CREATED_AT").await));
        assert_ne!(newest, forward);
        let second = read("sortKey: PHONE_NUMBER, first: 1").await;
        let cursor = &second["data"]["node"]["contacts"]["pageInfo"]["endCursor"];
        let rest = read(&format!("sortKey: PHONE_NUMBER, after: {cursor}")).await;
        assert_eq!(numbers(&rest), forward[1..]);
        let found = numbers(&read(r#"search: "ada", sortKey: PHONE_NUMBER"#).await);
        assert_eq!(found.len(), 2);
        let prefix = numbers(&read(r#"search: "+39335", sortKey: PHONE_NUMBER, reverse: true"#).await);
        let mut plain = numbers(&read(r#"search: "+39335""#).await);
        plain.reverse();
        assert_eq!((prefix.len(), &prefix), (2, &plain));
        let refused = read(r#"search: "+39335", sortKey: CREATED_AT"#).await;
        assert_eq!(refused["errors"][0]["extensions"]["field"], json!(["sortKey"]), "{refused}");
    }

    /// Every connection of an account can be read in reverse, and its pages are those of the list.
    async fn every_connection_has_a_reverse(server: Server) {
        let shop = server.account("Shop").await;
        for credits in ["100", "200", "300"] {
            server.grant(&shop, credits).await;
            message::send(&server, &shop, message::to_italians(1)).await;
            server.list(&shop, credits, json!([])).await;
            server.key(&shop, "VIEWER").await;
        }
        for field in ["messages", "lots", "transactions", "lists", "apiKeys"] {
            let read = async |arguments: &str| {
                let query = format!("{{ account {{ {field}({arguments}) {{ nodes {{ id }}
                    pageInfo {{ hasNextPage hasPreviousPage endCursor }} }} }} }}");
                let data = server.data(&shop.owner, &query, Value::Null).await;
                data["account"][field].clone()
            };
            let forward = read("first: 100").await;
            let count = forward["nodes"].as_array().unwrap().len();
            assert!(count >= 3, "{field}");
            let reversed = read("reverse: true").await;
            let turned = forward["nodes"].as_array().unwrap().iter().rev();
            assert!(reversed["nodes"].as_array().unwrap().iter().eq(turned), "{field}");
            let first = read("reverse: true, first: 1").await;
            assert_eq!(first["nodes"][0], forward["nodes"][count - 1], "{field}");
            assert_eq!(first["pageInfo"]["hasNextPage"], true);
            assert_eq!(first["pageInfo"]["hasPreviousPage"], false);
            let cursor = &first["pageInfo"]["endCursor"];
            let last = read(&format!("reverse: true, last: 1, after: {cursor}")).await;
            assert_eq!(last["nodes"][0], forward["nodes"][0], "{field}");
            assert_eq!(last["pageInfo"]["hasNextPage"], false);
            assert_eq!(last["pageInfo"]["hasPreviousPage"], true);
        }
    }
}

/// How many rows an index returned in this transaction.
async fn returned(transaction: &Transaction, index: &str) -> i64 {
    let query = format!("SELECT pg_stat_get_xact_tuples_returned('{index}'::regclass) AS rows");
    let query = Statement::from_string(DatabaseBackend::Postgres, query);
    let row = transaction.query_one_raw(query).await.unwrap().unwrap();
    row.try_get("", "rows").unwrap()
}

/// A late page in the order of names is one range of its index.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_names_is_a_range_of_its_index() {
    let Some(url) = plain_postgres_database().await else {
        return;
    };
    let server = Server::on_postgres_at(&url, |_| {}).await;
    let transaction = server.services().store.begin().await.unwrap();
    let run = async |text: &str| transaction.execute_unprepared(text).await.unwrap();
    run(
        "INSERT INTO accounts (id, name, time_zone, currency_code, consumption_order, settlement, \
         created_at, usage_rolled_from, return_origins) \
         SELECT lpad(to_hex(n), 32, '0')::uuid, 'Shop ' || lpad(n::text, 6, '0'), 'UTC', 'EUR', \
         'NON_EXPIRING_FIRST', 'AUTOMATIC', 0, 0, '' FROM generate_series(1, 5000) AS n",
    )
    .await;
    run("ANALYZE accounts").await;
    let filter = AccountFilter {
        sort: AccountSort::Name,
        ..AccountFilter::default()
    };
    let window = Window {
        limit: 10,
        from_end: false,
        after: Some(Place {
            key: 0,
            id: Uuid::from_u128(4_000),
        }),
        before: None,
        reverse: false,
        scope: Scope::default(),
    };
    let before = returned(&transaction, "accounts_name").await;
    let page = account::list(&transaction, &filter, window).await.unwrap();
    let read = returned(&transaction, "accounts_name").await - before;
    let found: Vec<Uuid> = page.rows.iter().map(|row| row.id).collect();
    let expected: Vec<Uuid> = (4_001..=4_010).map(Uuid::from_u128).collect();
    assert_eq!(found, expected);
    assert!((10..=20).contains(&read), "{read} entries were read");
    transaction.rollback().await.unwrap();
}
