//! Previewing a file before its import, over HTTP: how it would be read, and why it would be
//! refused.

use serde_json::{Value, json};

use crate::support::{Server, on_both_databases, upload::PREVIEW};

async fn preview(server: &Server, key: &str, file: impl AsRef<[u8]>) -> Value {
    let mut response = server
        .upload(Some(key), PREVIEW, json!({}), ("a.csv", file))
        .await;
    assert!(response.get("errors").is_none(), "{response:#}");
    response["data"]["contactImportPreview"].take()
}

on_both_databases! {
    /// A file is shown as it would be read, and nothing of it is stored.
    async fn a_preview_shows_a_file_as_it_would_be_imported(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Newsletter", json!([])).await;
        let file = "Nome;Cellulare;Città\r\nAnna;+39 340 123 4567;Roma\r\nBea;340 123 4568;\r\n";
        assert_eq!(preview(&server, &shop.owner, file).await, json!({
            "delimiter": ";", "encoding": "UTF-8", "sheet": null,
            "columns": [
                { "header": "Nome", "mergeField": "Nome", "isPhoneColumn": false },
                { "header": "Cellulare", "mergeField": null, "isPhoneColumn": true },
                { "header": "Città", "mergeField": "citta", "isPhoneColumn": false },
            ],
            "phoneColumn": "Cellulare", "problem": null,
            "rows": [
                { "line": 2, "cells": ["Anna", "+39 340 123 4567", "Roma"] },
                { "line": 3, "cells": ["Bea", "340 123 4568", ""] },
            ],
            "warnings": [],
        }));
        let stored = "query($list: ID!) { node(id: $list) { ... on ContactList { recipientCount imports { totalCount } } } }";
        let node = server.data(&shop.owner, stored, json!({ "list": list })).await;
        assert_eq!(node["node"], json!({ "recipientCount": 0, "imports": { "totalCount": 0 } }));
    }

    /// The preview equals the import: the phone column and each field of the first row.
    async fn an_import_reads_what_its_preview_showed(server: Server) {
        let shop = server.account("Shop").await;
        let (latin, _, _) = encoding_rs::WINDOWS_1252.encode("Name;Handy;Straße\nJürgen;+49 170 1234567;Süd\n");
        let utf16: Vec<u8> = "\u{FEFF}name\tmobile\nAnna\t+393401234567\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (file, delimiter) in [
            (latin.into_owned(), ";"),
            (utf16, "\t"),
            (b"id,reach,note,note\n20240115,+491701234567,a,b\n".to_vec(), ","),
        ] {
            let seen = preview(&server, &shop.owner, &file).await;
            assert_eq!((&seen["delimiter"], &seen["problem"]), (&json!(delimiter), &Value::Null), "{seen:#}");
            assert!(seen["encoding"].is_string(), "{seen:#}");
            let list = server.list(&shop, "A file", json!([])).await;
            let payload = server.import(&shop.owner, &list, &file).await;
            assert_eq!((&payload["importedCount"], &payload["warnings"]), (&json!(1), &seen["warnings"]), "{payload:#} {seen:#}");
            let query = "query($list: ID!) { node(id: $list) { ... on ContactList {
                contacts { nodes { fields { name value } } } } } }";
            let data = server.data(&shop.owner, query, json!({ "list": list })).await;
            let mut expected: Vec<Value> = seen["columns"].as_array().unwrap().iter().enumerate()
                .filter(|(_, column)| column["mergeField"].is_string())
                .map(|(at, column)| json!({ "name": column["mergeField"], "value": seen["rows"][0]["cells"][at] }))
                .collect();
            expected.sort_by_key(|field| field["name"].as_str().unwrap().to_owned());
            assert_eq!(data["node"]["contacts"]["nodes"][0]["fields"], json!(expected));
        }
    }

    /// A file without a recognisable numbers' column is shown with the reason, so that the user can
    /// choose one.
    async fn a_file_without_a_numbers_column_is_previewed(server: Server) {
        let shop = server.account("Shop").await;
        let rows: Vec<String> = (10..40).map(|at| format!("202401{at},01701234{at}7")).collect();
        let seen = preview(&server, &shop.owner, format!("customer_id,reach\n{}\n", rows.join("\n"))).await;
        assert_eq!((&seen["phoneColumn"], seen["rows"].as_array().unwrap().len()), (&Value::Null, 10), "{seen:#}");
        assert!(seen["problem"].as_str().unwrap().contains("customer_id"), "{seen:#}");
        let columns = seen["columns"].as_array().unwrap();
        assert!(columns.iter().all(|column| column["isPhoneColumn"] == false && column["mergeField"].is_string()), "{seen:#}");
    }

    /// For a workbook the active sheet is named, and cells are shown as a reader sees them.
    async fn a_workbook_is_previewed(server: Server) {
        let shop = server.account("Shop").await;
        let mut workbook = rust_xlsxwriter::Workbook::new();
        workbook.add_worksheet().set_name("Istruzioni").unwrap().write(0, 0, "Leggere prima").unwrap();
        let sheet = workbook.add_worksheet().set_name("Contatti").unwrap().set_active(true);
        let format = rust_xlsxwriter::Format::new().set_num_format("00000");
        sheet.write(0, 0, "phone").unwrap().write(0, 1, "voucher").unwrap();
        sheet.write(1, 0, "+393401234567").unwrap().write_with_format(1, 1, 123, &format).unwrap();
        let seen = preview(&server, &shop.owner, workbook.save_to_buffer().unwrap()).await;
        assert_eq!((&seen["sheet"], &seen["delimiter"], &seen["encoding"]), (&json!("Contatti"), &Value::Null, &Value::Null));
        assert_eq!(seen["rows"], json!([{ "line": 2, "cells": ["+393401234567", "00123"] }]), "{seen:#}");
        assert_eq!(seen["phoneColumn"], "phone");
    }

    /// Unreadable files are refused with the reason; a request has one preview, of a file that came
    /// with it.
    async fn unreadable_files_have_no_preview(server: Server) {
        let shop = server.account("Shop").await;
        for (file, told) in [
            (b"".as_slice(), "is empty"),
            (b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR", "a PNG image"),
            (b"PK\x03\x04\0\0", "damaged"),
        ] {
            let response = server.upload(Some(&shop.owner), PREVIEW, json!({}), ("a.csv", file)).await;
            let error = &response["errors"][0];
            assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{response:#}");
            assert_eq!(error["extensions"]["field"], json!(["file"]), "{response:#}");
            assert!(error["message"].as_str().unwrap().contains(told), "{response:#}");
        }
        let twice = "query($file: Upload!) { a: contactImportPreview(file: $file) { encoding }
            b: contactImportPreview(file: $file) { encoding } }";
        let response = server.upload(Some(&shop.owner), twice, json!({}), ("a.csv", "phone\n")).await;
        assert!(response["errors"][0]["message"].as_str().unwrap().contains("one field that takes a file"), "{response:#}");
        let wrong = "query($file: Upload!) { contactImportPreview(file: $file) { nothing } }";
        let response = server.upload(Some(&shop.owner), wrong, json!({}), ("a.csv", "phone\n")).await;
        assert!(response["errors"][0]["message"].as_str().unwrap().contains("nothing"), "{response:#}");
        for file in [json!(null), json!("a.csv"), json!("#__graphql_file__:0")] {
            let response = server.graphql(Some(&shop.owner), PREVIEW, json!({ "file": file })).await;
            assert!(response["errors"][0]["message"].is_string() && response["data"].is_null(), "{response:#}");
        }
        server.services().stop.cancel();
        let response = server.upload(Some(&shop.owner), PREVIEW, json!({}), ("a.csv", "phone\n")).await;
        assert_eq!(response["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{response:#}");
    }
}
