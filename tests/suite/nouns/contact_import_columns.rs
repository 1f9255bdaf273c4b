//! Imports with recognised or mapped columns, and their warnings, over HTTP.

use serde_json::{Value, json};

use crate::support::{
    contact_list::{contacts, import},
    on_both_databases,
};

#[track_caller]
fn refused(payload: &Value, field: &[&str], told: &[&str]) {
    let errors = payload["userErrors"].as_array().unwrap();
    let error = errors
        .iter()
        .find(|error| error["field"] == json!(field))
        .unwrap_or_else(|| panic!("no error of {field:?} in {payload:#}"));
    assert_eq!(error["code"], "INVALID", "{payload:#}");
    for told in told {
        assert!(
            error["message"].as_str().unwrap().contains(told),
            "{told:?} is not in {payload:#}"
        );
    }
    assert_eq!(
        (&payload["list"], &payload["import"]),
        (&Value::Null, &Value::Null)
    );
}

on_both_databases! {
    /// Ids that are valid numbers are never taken for telephone numbers: the column is recognised
    /// by its name, or as the only one with a plus.
    async fn the_numbers_column_is_never_guessed_wrong(server: Server) {
        let shop = server.account("Shop").await;
        for (country, file, expected) in [
            ("DE", "customer_id,billing_phone\n20240115,+491701234567\n20240116,+491701234568\n",
                vec!["+491701234567 customer_id=20240115", "+491701234568 customer_id=20240116"]),
            ("AT", "customer_id,billing_phone\n12345678,+436641234567\n", vec!["+436641234567 customer_id=12345678"]),
            ("DE", "customer_id,reach\n20240115,+491701234567\n20240116,+491701234568\n",
                vec!["+491701234567 customer_id=20240115", "+491701234568 customer_id=20240116"]),
        ] {
            let (payload, stored) = import(&server, &shop, json!({ "country": country }), file).await;
            assert_eq!(stored, expected, "{payload:#}");
            assert_eq!(payload["rejected"], json!([]), "{payload:#}");
        }
        let unknown = "customer_id,reach\n20240115,01701234567\n";
        let (payload, _) = import(&server, &shop, json!({ "country": "DE" }), unknown).await;
        refused(&payload, &["input", "file"], &["customer_id", "reach"]);
        let (payload, stored) = import(&server, &shop, json!({ "country": "DE", "phone": "reach" }), unknown).await;
        assert_eq!(stored, ["+491701234567 customer_id=20240115"], "{payload:#}");
    }

    /// Mapped columns are imported whatever their names, and no others.
    async fn mapped_columns_are_imported(server: Server) {
        let shop = server.account("Shop").await;
        let file = "Who is it?;Dial me;Phone;Città\nAnna;340 123 4567;+390612345678;Roma\nBea;340 123 4568;;Bari\n";
        let named = json!([{ "header": "Who is it?", "mergeField": "firstName" }]);
        for (columns, expected) in [
            (Value::Null, vec!["+393401234567 Phone=+390612345678 citta=Roma whoIsIt=Anna", "+393401234568 citta=Bari whoIsIt=Bea"]),
            (named, vec!["+393401234567 firstName=Anna", "+393401234568 firstName=Bea"]),
            (json!([]), vec!["+393401234567", "+393401234568"]),
        ] {
            // Compared without surrounding spaces, and in any case if no header matches exactly.
            let variables = json!({ "country": "IT", "phone": " dial ME ", "columns": columns });
            let (payload, stored) = import(&server, &shop, variables, file).await;
            let sorted = |line: &str| {
                let mut words: Vec<_> = line.split(' ').map(str::to_owned).collect();
                words.sort();
                words
            };
            let stored: Vec<_> = stored.iter().map(|line| sorted(line)).collect();
            let expected: Vec<_> = expected.into_iter().map(sorted).collect();
            assert_eq!(stored, expected, "{payload:#}");
        }
    }

    /// A mapping that fits no file, or not this one, is refused with the path of each wrong part,
    /// and nothing is imported.
    async fn each_part_of_a_wrong_mapping_is_reported(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "A file", json!([])).await;
        let file = "phone,name,note,note\n+393401234567,Anna,a,b\n";
        let column = |header: &str, field: &str| json!({ "header": header, "mergeField": field });
        let many: Vec<Value> = (0..101).map(|at| column(&format!("c{at}"), &format!("c{at}"))).collect();
        let long = "x".repeat(1_001);
        for (phone, columns, field, told) in [
            (json!("mobile"), Value::Null, vec!["input", "phoneColumn"], "mobile"),
            (json!(" "), Value::Null, vec!["input", "phoneColumn"], "empty"),
            (json!(long), Value::Null, vec!["input", "phoneColumn"], "1000"),
            (json!("note"), Value::Null, vec!["input", "phoneColumn"], "both have this header"),
            (Value::Null, json!(many), vec!["input", "columns"], "101"),
            (Value::Null, json!([column("name", "a"), column("city", "b")]), vec!["input", "columns", "1", "header"], "city"),
            (Value::Null, json!([column("note", "a")]), vec!["input", "columns", "0", "header"], "both have this header"),
            (Value::Null, json!([column("", "a")]), vec!["input", "columns", "0", "header"], "empty"),
            (Value::Null, json!([column("name", "a"), column("name", "b")]), vec!["input", "columns", "1", "header"], "once"),
            (Value::Null, json!([column("name", "first name")]), vec!["input", "columns", "0", "mergeField"], "firstName"),
            (Value::Null, json!([column("name", &"x".repeat(65))]), vec!["input", "columns", "0", "mergeField"], "64"),
            (Value::Null, json!([column("name", "a"), column("note", "a")]), vec!["input", "columns", "1", "mergeField"], "once"),
        ] {
            let variables = json!({ "list": list, "phone": phone, "columns": columns });
            let payload = server.import_with(&shop.owner, variables, ("a.csv", file)).await;
            refused(&payload, &field, &[told]);
        }
        // All at once, so that a form can mark them all.
        let variables = json!({ "list": list, "phone": "", "columns": [column("", ""), column("name", "1")] });
        let payload = server.import_with(&shop.owner, variables, ("a.csv", file)).await;
        assert_eq!(payload["userErrors"].as_array().unwrap().len(), 4, "{payload:#}");
        assert_eq!(contacts(&server, &shop, &list).await, [""; 0]);
    }

    /// Excess values of a row are left out with a warning, and the contact is imported; the
    /// warnings are stored with the import.
    async fn excess_values_cause_warnings(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "A file", json!([])).await;
        let file = format!("phone,Notes,Notes\n+393401234567,a,b\n+393401234568,{},c\n", "x".repeat(1_001));
        let payload = server.import(&shop.owner, &list, file).await;
        assert_eq!((&payload["importedCount"], &payload["rejected"]), (&json!(2), &json!([])), "{payload:#}");
        assert_eq!(contacts(&server, &shop, &list).await, ["+393401234567 Notes=a", "+393401234568"]);
        let warnings = payload["warnings"].as_array().unwrap();
        let about: Vec<_> = warnings.iter().map(|one| (&one["line"], &one["column"])).collect();
        assert!(about.contains(&(&json!(3), &json!("Notes"))), "{payload:#}");
        assert!(warnings.iter().any(|one| one["column"] == "Notes" && one["line"] != 3), "{payload:#}");
        assert_eq!(payload["import"]["warningCount"], json!(warnings.len()));
        // As long as the list is in use.
        let query = "query($id: ID!) { node(id: $id) { ... on ContactImport {
            warningCount warnings(first: 1) { totalCount nodes { line column reason } pageInfo { hasNextPage } } } } }";
        let mut data = server.data(&shop.owner, query, json!({ "id": payload["import"]["id"] })).await;
        assert_eq!(data["node"]["warnings"]["nodes"], json!([warnings[0]]));
        assert_eq!(data["node"].take(), json!({ "warningCount": warnings.len(), "warnings": {
            "totalCount": warnings.len(), "nodes": [warnings[0]], "pageInfo": { "hasNextPage": warnings.len() > 1 },
        } }));
    }

    /// An import stores a thousand warnings and one that counts the rest, in the order of the file.
    async fn warnings_are_bounded_and_paged(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "A file", json!([])).await;
        let long = "x".repeat(1_001);
        let rows: Vec<String> = (0..1_500).map(|at| format!("+39340{at:07},{long}")).collect();
        let payload = server.import(&shop.owner, &list, format!("phone,name\n{}\n", rows.join("\n"))).await;
        assert_eq!((&payload["importedCount"], &payload["rejected"]), (&json!(1_500), &json!([])));
        let warnings = payload["warnings"].as_array().unwrap();
        assert_eq!(warnings.len(), 1_001);
        assert_eq!((&warnings[0]["line"], &warnings[999]["line"]), (&json!(2), &json!(1_001)));
        assert!(warnings[1_000]["reason"].as_str().unwrap().contains("500"), "{}", warnings[1_000]);
        assert_eq!(payload["import"]["warningCount"], 1_001);
        let query = "query($id: ID!, $after: String) { node(id: $id) { ... on ContactImport {
            warnings(first: 600, after: $after) { nodes { line } pageInfo { endCursor hasNextPage } } } } }";
        let mut lines = Vec::new();
        let mut after = Value::Null;
        loop {
            let variables = json!({ "id": payload["import"]["id"], "after": after });
            let mut data = server.data(&shop.owner, query, variables).await;
            let page = data["node"]["warnings"].take();
            lines.extend(page["nodes"].as_array().unwrap().iter().map(|node| node["line"].clone()));
            if page["pageInfo"]["hasNextPage"] != true {
                break;
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
        let all: Vec<Value> = warnings.iter().map(|one| one["line"].clone()).collect();
        assert_eq!(lines, all);
    }
}
