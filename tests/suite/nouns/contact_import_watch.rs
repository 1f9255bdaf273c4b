//! What a page shows of an import, over HTTP: its file, its columns, the kinds of faults, the file
//! of rejected rows, and cancelling it.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use serde_json::{Value, json};

use crate::support::{
    Server, Tenant, answer::user_errors, contact_list::contacts, on_both_databases,
};

const IMPORT: &str =
    "query($list: ID!, $format: ReportFormat! = CSV, $delimiter: CsvDelimiter! = COMMA) {
    node(id: $list) { ... on ContactList { contactCount imports(first: 1) { nodes {
        id status reason rowCount importedCount byteCount bytesRead endedAt
        columns { header mergeField isPhoneColumn }
        rejected { nodes { line code value } }
        rejectedDownload(format: $format, csvDelimiter: $delimiter) { url fileName } } } } } }";

const CANCEL: &str = "mutation($input: CancelContactImportInput!) { cancelContactImport(input: $input) {
    import { id status reason importedCount endedAt list { contactCount } } userErrors { field message code } } }";

const FILE: &str = "Name,Mobile,,Città\n\
    Ada,+393401234567,x,Roma\n\
    \"Bea, B.\",,y,Bari\n\
    Cleo,+390612345678,,\n\
    Dora,nobody,z\n\
    Eva,3401234567,,,,too many\n\
    Fay,+39899123456\n";

/// The latest import of a list, and the number of contacts.
async fn latest(server: &Server, shop: &Tenant, variables: Value) -> (Value, Value) {
    let mut data = server.data(&shop.owner, IMPORT, variables).await;
    let list = &mut data["node"];
    let import = list["imports"]["nodes"].get_mut(0).map(Value::take);
    (import.unwrap_or_default(), list["contactCount"].take())
}

async fn fetched(server: &Server, import: &Value) -> Vec<u8> {
    let url = import["rejectedDownload"]["url"].as_str().unwrap();
    let response = server.http().get(url).send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.bytes().await.unwrap().to_vec()
}

async fn status_of(server: &Server, import: &Value) -> u16 {
    let url = import["rejectedDownload"]["url"].as_str().unwrap();
    server
        .http()
        .get(url)
        .send()
        .await
        .unwrap()
        .status()
        .as_u16()
}

on_both_databases! {
    /// An import shows the size of its file, what became of its columns, and why rows were
    /// rejected.
    async fn an_import_shows_its_file_and_columns(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Newsletter", json!([])).await;
        let variables = json!({ "list": list });
        server.import_with(&shop.owner, variables.clone(), ("Clients 2026.csv", FILE)).await;
        let (import, count) = latest(&server, &shop, variables).await;
        let bytes = FILE.len();
        assert_eq!((&import["byteCount"], &import["bytesRead"], &count), (&json!(bytes), &json!(bytes), &json!(1)));
        let column = |header: &str, field: Option<&str>, phone: bool| json!({
            "header": header, "mergeField": field, "isPhoneColumn": phone });
        assert_eq!(import["columns"], json!([
            column("Name", Some("Name"), false), column("Mobile", None, true), column("", None, false), column("Città", Some("citta"), false),
        ]));
        let rejected = |line: i32, code: &str, value: &str| json!({ "line": line, "code": code, "value": value });
        assert_eq!(import["rejected"]["nodes"], json!([
            rejected(3, "NUMBER_MISSING", "Bea, B."),
            rejected(4, "LANDLINE", "+390612345678"),
            rejected(5, "INVALID_NUMBER", "nobody"),
            rejected(6, "MALFORMED_ROW", "3401234567"),
            rejected(7, "UNREACHABLE_NUMBER", "+39899123456"),
        ]));
        // A workbook, and a file with none rejected.
        server.import_with(&shop.owner, json!({ "list": list }), ("a.csv", "phone\n+393401234568\n")).await;
        let (import, _) = latest(&server, &shop, json!({ "list": list })).await;
        assert_eq!((&import["rejectedDownload"], &import["columns"]), (&Value::Null, &json!([column("phone", None, true)])));
    }

    /// Imports are found by their last change, which is their end once they have ended.
    async fn imports_are_found_by_their_last_change(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Newsletter", json!([])).await;
        server.import_with(&shop.owner, json!({ "list": list }), ("a.csv", "phone\n+393401234568\n")).await;
        let read = async |filter: Value| {
            let query = "query($list: ID!, $filter: ContactImportFilter) { node(id: $list) { ... on ContactList {
                imports(filter: $filter) { totalCount nodes { endedAt updatedAt } } } } }";
            let variables = json!({ "list": list, "filter": filter });
            server.data(&shop.owner, query, variables).await["node"]["imports"].take()
        };
        let all = read(Value::Null).await;
        let ended = &all["nodes"][0]["endedAt"];
        assert!(ended.is_string());
        assert_eq!((&all["totalCount"], &all["nodes"][0]["updatedAt"]), (&json!(1), ended));
        assert_eq!(read(json!({ "updatedFrom": ended })).await, all);
        let none = json!({ "totalCount": 0, "nodes": [] });
        assert_eq!(read(json!({ "updatedTo": ended })).await, none);
        let answer = server.graphql(Some(&shop.owner), "query($list: ID!) { node(id: $list) { ... on ContactList {
            imports(filter: { updatedFrom: \"soon\" }) { totalCount } } } }", json!({ "list": list })).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{answer}");
    }

    /// The rejected rows are a file with the original columns and the reasons, which can be
    /// imported again.
    async fn rejected_rows_are_downloaded(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Newsletter", json!([])).await;
        server.import_with(&shop.owner, json!({ "list": list }), ("Clients 2026.csv", FILE)).await;
        let (import, _) = latest(&server, &shop, json!({ "list": list })).await;
        assert_eq!(import["rejectedDownload"]["fileName"], "rejected-clients-2026.csv");
        let text = String::from_utf8(fetched(&server, &import).await).unwrap();
        let lines: Vec<&str> = text.trim_start_matches('\u{FEFF}').lines().collect();
        assert_eq!(lines[..3], [
            "Name,Mobile,,Città,,,Reason",
            "\"Bea, B.\",,y,Bari,,,The number is missing.",
            "Cleo,'+390612345678,,,,,\"Is a landline of Italy, which receives no messages; set acceptLandlines to accept landlines.\"",
        ]);
        assert_eq!(lines[3].split(',').next(), Some("Dora"));
        assert_eq!((lines.len(), lines[4]), (6, "Eva,3401234567,,,,too many,\"The row has 6 cells, but the first row has 4.\""));
        let variables = json!({ "list": list, "delimiter": "SEMICOLON" });
        let (import, _) = latest(&server, &shop, variables).await;
        let text = String::from_utf8(fetched(&server, &import).await).unwrap();
        assert!(text.starts_with("\u{FEFF}Name;Mobile;;Città;"), "{text}");
        let (import, _) = latest(&server, &shop, json!({ "list": list, "format": "XLSX" })).await;
        assert_eq!(import["rejectedDownload"]["fileName"], "rejected-clients-2026.xlsx");
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(fetched(&server, &import).await)).unwrap();
        let sheet = book.worksheet_range_at(0).unwrap().unwrap();
        assert_eq!(sheet.get_value((2, 1)), Some(&Data::String("+390612345678".to_owned())));
        assert_eq!(sheet.get_value((0, 6)), Some(&Data::String("Reason".to_owned())));
        assert_eq!(sheet.height(), 6);
        // Corrected, it comes in: a text marker before the number is no part of it.
        let corrected = "Name,Mobile\nCleo,'+393401234599\n";
        assert_eq!(server.import(&shop.owner, &list, corrected).await["importedCount"], 1);
    }

    /// What was erased is not in the file either: a person's row, and all rows of an archived list.
    async fn erased_rows_are_not_downloaded(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Newsletter", json!([])).await;
        let file = "name,phone,note\nAda,,call 340 123 9876\nBea,nobody,\n";
        server.import_with(&shop.owner, json!({ "list": list }), ("a.csv", file)).await;
        let (import, _) = latest(&server, &shop, json!({ "list": list })).await;
        let before = String::from_utf8(fetched(&server, &import).await).unwrap();
        assert!(before.contains("340 123 9876"), "{before}");
        let erase = "mutation($input: ErasePersonInput!) { erasePerson(input: $input) { importRowCount userErrors { message } } }";
        let erased = server.done(&shop.owner, erase, json!({ "phoneNumber": "+393401239876" })).await;
        assert_eq!(erased["importRowCount"], 1, "{erased}");
        let after = String::from_utf8(fetched(&server, &import).await).unwrap();
        assert!(!after.contains("Ada") && after.contains("Bea"), "{after}");
        let archive = "mutation($input: ArchiveContactListInput!) { archiveContactList(input: $input) { userErrors { message } } }";
        server.done(&shop.owner, archive, json!({ "listId": list })).await;
        assert_eq!(status_of(&server, &import).await, 404);
        // Another account's import is not there, and a changed link neither.
        let other = server.account("Other").await;
        let node = "query($id: ID!) { node(id: $id) { ... on ContactImport { rejectedDownload { url } } } }";
        assert_eq!(server.data(&other.owner, node, json!({ "id": import["id"] })).await["node"], Value::Null);
        let sender = server.key(&shop, "SENDER").await;
        assert_eq!(server.data(&sender, node, json!({ "id": import["id"] })).await["node"], Value::Null);
    }

    /// A cancelled import adds nothing more, says what it added, and gives its place back soon.
    async fn an_import_is_cancelled(server: Server) {
        let (shop, other) = (server.account("Shop").await, server.account("Other").await);
        let list = server.list(&shop, "Newsletter", json!([])).await;
        let lines: Vec<String> = (0..12_000).map(|at| format!("+39340{at:07}")).collect();
        let file = format!("phone\n{}\n", lines.join("\n"));
        // A server of another process cancels it.
        let beside = server.beside(|_| {}).await;
        let refused = async |key: &str, id: &Value| {
            let response = server.graphql(Some(key), CANCEL, json!({ "input": { "importId": id } })).await;
            user_errors(&response)[0]["code"].take()
        };
        let mut turn = Some(server.services().imports().hold().await);
        let import = server.import(&shop.owner, &list, &file);
        let cancel = async {
            // Between two polls of the test, a waiting import writes one part.
            let mut seen = Value::Null;
            for _ in 0..2_000 {
                drop(turn.take());
                turn = Some(server.services().imports().hold().await);
                seen = latest(&server, &shop, json!({ "list": list })).await.0;
                if seen["rowCount"].as_i64() > Some(0) {
                    break;
                }
            }
            let (read, all) = (seen["bytesRead"].as_i64().unwrap(), seen["byteCount"].as_i64().unwrap());
            assert!(read > 0 && read <= all && all == i64::try_from(file.len()).unwrap(), "{seen}");
            assert_eq!((&seen["status"], &seen["importedCount"]), (&json!("RUNNING"), &json!(5_000)));
            assert_eq!(refused(&other.owner, &seen["id"]).await, "NOT_FOUND");
            let canceled = beside.done(&shop.owner, CANCEL, json!({ "importId": seen["id"] })).await;
            let import = &canceled["import"];
            assert_eq!((&import["status"], &import["importedCount"], &import["list"]["contactCount"]),
                (&json!("CANCELED"), &json!(5_000), &json!(5_000)), "{canceled}");
            assert!(import["endedAt"].is_string());
            assert_eq!(refused(&shop.owner, &seen["id"]).await, "CONFLICT");
            // The import ends although it waits for its turn.
            let since = std::time::Instant::now();
            server.services().imports().ended().await;
            assert!(since.elapsed() < std::time::Duration::from_secs(3), "{:?}", since.elapsed());
            drop(turn.take());
        };
        let (payload, ()) = tokio::join!(import, cancel);
        assert_eq!((&payload["importedCount"], &payload["import"]["status"]), (&json!(5_000), &json!("CANCELED")));
        assert_eq!(payload["userErrors"][0]["code"], "CONFLICT", "{payload}");
        let (import, count) = latest(&server, &shop, json!({ "list": list })).await;
        assert_eq!((&import["importedCount"], &count), (&json!(5_000), &json!(5_000)));
        assert!(import["reason"].as_str().unwrap().contains("cancelled"), "{import}");
        assert_eq!(contacts(&server, &shop, &list).await.len(), 100);
        let viewer = server.key(&shop, "VIEWER").await;
        let response = server.graphql(Some(&viewer), CANCEL, json!({ "input": { "importId": import["id"] } })).await;
        assert_eq!(response["errors"][0]["extensions"]["code"], "FORBIDDEN");
    }
}
