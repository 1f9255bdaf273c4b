//! Names: text that other people read can't hide or reorder characters, wherever it is written.

use serde_json::{Value, json};

use crate::support::on_both_databases;

on_both_databases! {
    /// Any name with invisible characters is refused with the offending character.
    async fn names_are_visible_wherever_they_are_given(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "List", json!([])).await;
        let admin = server.admin_key();
        let price = json!({ "amount": "20.00", "currencyCode": "EUR" });
        let named: [(&str, &str, &str, Value); 8] = [
            (admin, "createAccount", "name", json!({})),
            (&shop.owner, "updateAccount", "name", json!({})),
            (&shop.owner, "createContactList", "name", json!({})),
            (&shop.owner, "updateContactList", "name", json!({ "listId": list })),
            (&shop.owner, "createApiKey", "name", json!({ "role": "VIEWER" })),
            (admin, "createCreditPackage", "name", json!({ "code": "S", "credits": "500", "price": price })),
            (admin, "grantCredits", "note", json!({ "accountId": shop.id, "credits": "1", "idempotencyKey": "a" })),
            (admin, "revokeCredits", "note", json!({ "accountId": shop.id, "credits": "1", "idempotencyKey": "b" })),
        ];
        for (key, mutation, field, mut input) in named {
            let (first, rest) = mutation.split_at(1);
            let query = format!(
                "mutation($input: {}{rest}Input!) {{ {mutation}(input: $input) {{ userErrors {{ field message }} }} }}",
                first.to_uppercase()
            );
            for (name, code, position) in [
                ("Trusted \u{202E}pohS", "202E", 9),
                ("Sh\u{200B}op", "200B", 3),
                ("\u{2066}Shop\u{2069}", "2066", 1),
                ("Shop\u{3164}", "3164", 5),
            ] {
                input[field] = json!(name);
                let response = server.graphql(Some(key), &query, json!({ "input": input })).await;
                assert_eq!(response["data"][mutation]["userErrors"], json!([{
                    "field": ["input", field],
                    "message": format!(
                        "Must not have invisible characters or ones that change the direction of text; \
                         remove U+{code} at position {position}."
                    ),
                }]), "{mutation}: {response}");
            }
        }
        for name in ["می\u{200C}خواهم", "👩\u{200D}💻 shop", "מסעדה", "Caffè"] {
            server.list(&shop, name, json!([])).await;
        }
    }
}
