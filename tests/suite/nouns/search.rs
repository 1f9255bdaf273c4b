//! Text search over HTTP: accounts, lists and messages are found in any case, in every script.

use serde_json::{Value, json};

use crate::support::{Server, Tenant, new_key, on_both_databases};

const SEARCH: &str = "query($search: String) {
    accounts(search: $search) { nodes { name } totalCount }
}";
const OWN: &str = "query($search: String) { account {
    lists(search: $search) { nodes { name } totalCount }
    messages(filter: { search: $search }) { nodes { text } totalCount }
} }";

/// Stored texts, and searches that find them.
const FOUND: [(&str, &[&str]); 8] = [
    ("CITTÀ alta", &["città", "Città", "À A", "citta\u{300}"]),
    ("È arrivato il saldo", &["è arrivato", "SALDO"]),
    ("Łódź", &["łódź", "ŁÓDŹ"]),
    ("Привет, МИР", &["мир", "привет"]),
    ("ΠΡΟΣΦΟΡΑ τώρα", &["προσφορα", "ΤΏΡΑ"]),
    ("Decomposta: perche\u{301}", &["PERCHÉ", "perché"]),
    ("50% [a-z]* ?^\\_", &["% [A-Z]* ?", "^\\_", "[a-z]*"]),
    ("İstanbul", &["stanbul", "İSTANBUL"]),
];
/// Texts that nothing stored contains, but that would match as careless patterns.
const MISSED: [&str; 7] = [
    "c.tt", "%saldo%x", "s?ldo", "s*ldo", "[s]aldo", "STRASSE", "\\d",
];

async fn shop(server: &Server) -> Tenant {
    let shop = server.account("Other").await;
    server.grant(&shop, "1000").await;
    let send = "mutation($input: SendMessageInput!) { sendMessage(input: $input) {
        message { id } userErrors { field message } } }";
    for (stored, _) in FOUND {
        server.account(stored).await;
        server.list(&shop, stored, json!([])).await;
        let input = json!({
            "audience": { "destinations": [{ "countryCode": "IT", "recipientCount": 1 }] },
            "text": stored,
            "idempotencyKey": new_key(),
        });
        server.done(&shop.owner, send, input).await;
    }
    shop
}

fn only(connection: &Value, field: &str, expected: &str) {
    assert_eq!(
        connection["nodes"],
        json!([{ field: expected }]),
        "{connection}"
    );
    assert_eq!(connection["totalCount"], 1);
}

on_both_databases! {
    /// Case is ignored in every script, accents may be composed or not, and wildcard characters are
    /// literal.
    async fn search_ignores_case_in_every_script(server: Server) {
        let shop = shop(&server).await;
        for (stored, searches) in FOUND {
            for search in searches {
                let search = json!({ "search": search });
                let accounts = server.data(server.admin_key(), SEARCH, search.clone()).await;
                only(&accounts["accounts"], "name", stored);
                let own = server.data(&shop.owner, OWN, search).await;
                only(&own["account"]["lists"], "name", stored);
                only(&own["account"]["messages"], "text", stored);
            }
        }
        for search in MISSED {
            let search = json!({ "search": search });
            let accounts = server.data(server.admin_key(), SEARCH, search.clone()).await;
            assert_eq!(accounts["accounts"]["totalCount"], 0, "{search}");
            let own = server.data(&shop.owner, OWN, search.clone()).await;
            assert_eq!(own["account"]["lists"]["totalCount"], 0, "{search}");
            assert_eq!(own["account"]["messages"]["totalCount"], 0, "{search}");
        }
    }
}
