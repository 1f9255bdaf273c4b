//! Imports of contacts over HTTP: what is imported, what is refused, and their progress.

use domain::id::ImportId;
use entity::sql_enums::{ImportStatus, Role};
use futures_util::StreamExt;
use message_credits::{graphql::engine::ids::PublicId, operations::Viewer};
use serde_json::{Value, json};

use crate::support::{Server, on_both_databases, upload::IMPORT};

const IMPORTS: &str = "query($list: ID!) { node(id: $list) { ... on ContactList {
    recipientCount imports { totalCount nodes { id status reason rowCount importedCount duplicateCount rejectedCount endedAt } } } } }";

const UPDATE: &str = "mutation($input: UpdateContactListInput!) {
    updateContactList(input: $input) { list { recipientCount } userErrors { field message code } } }";

const CONTACTS: &str = "query($list: ID!) { node(id: $list) { ... on ContactList {
    recipientCount destinations { countryCode recipientCount }
    contacts(first: 1000) { totalCount nodes { phoneNumber countryCode fields { name value } } } } } }";

/// Italian mobile numbers, each on a line of its own below a header.
fn numbers(range: std::ops::Range<u32>) -> String {
    let lines: Vec<String> = range.map(|number| format!("+39340{number:07}")).collect();
    format!("phone\n{}\n", lines.join("\n"))
}

#[track_caller]
fn refused(payload: &Value, field: &[&str], code: &str, told: &str) {
    let error = &payload["userErrors"][0];
    assert_eq!(
        (&error["field"], &error["code"]),
        (&json!(field), &json!(code)),
        "{payload:#}"
    );
    assert!(
        error["message"].as_str().unwrap().contains(told),
        "{payload:#}"
    );
}

async fn contacts(server: &Server, key: &str, list: &str) -> Value {
    server.data(key, CONTACTS, json!({ "list": list })).await["node"].take()
}

on_both_databases! {
    /// Good rows are imported, each number once; the others are reported with line and reason.
    async fn a_csv_file_is_imported(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Newsletter", json!([])).await;
        let csv = "Nome;Cellulare;Città\r\n\
            Anna;+39 340 123 4567;Roma\r\n\
            Bea;340 123 4568;\r\n\
            Carla;+393401234567;Milano\r\n\
            Dino;12345;Napoli\r\n\
            \"Enzo\r\nEmilio\";+33612345678;Paris\r\n\
            Fabio;;Torino\r\n";
        let variables = json!({ "list": list, "country": "IT" });
        let mut payload = server.import_with(&shop.owner, variables, ("iscritti.csv", csv)).await;
        let import = payload["import"].take();
        assert_eq!(payload, json!({
            "list": { "id": list, "recipientCount": 3, "destinations": [
                { "countryCode": "IT", "recipientCount": 2 }, { "countryCode": "FR", "recipientCount": 1 },
            ] },
            "importedCount": 3, "duplicateCount": 1,
            "rejected": [
                { "line": 5, "value": "12345", "reason": "Is not a mobile number of Italy. If it is a number of another country, begin with + and the calling code." },
                { "line": 8, "value": "Fabio", "reason": "The number is missing." },
            ],
            "warnings": [], "import": null, "userErrors": [],
        }));
        let expected = json!({
            "id": import["id"], "status": "DONE", "reason": null, "rowCount": 6, "importedCount": 3, "duplicateCount": 1,
            "rejectedCount": 2, "warningCount": 0, "fileName": "iscritti.csv",
            "createdAt": "2026-11-22T08:00:00Z", "endedAt": "2026-11-22T08:00:00Z",
        });
        assert_eq!(import, expected);
        let stored = contacts(&server, &shop.owner, &list).await;
        assert_eq!(stored["contacts"], json!({ "totalCount": 3, "nodes": [
            { "phoneNumber": "+33612345678", "countryCode": "FR", "fields": [
                { "name": "Nome", "value": "Enzo\r\nEmilio" }, { "name": "citta", "value": "Paris" } ] },
            { "phoneNumber": "+393401234568", "countryCode": "IT", "fields": [{ "name": "Nome", "value": "Bea" }] },
            { "phoneNumber": "+393401234567", "countryCode": "IT", "fields": [
                { "name": "Nome", "value": "Anna" }, { "name": "citta", "value": "Roma" } ] },
        ] }));
        let rejected = "query($id: ID!) { node(id: $id) { ... on ContactImport { list { id }
            rejected(first: 1) { totalCount nodes { line } pageInfo { hasNextPage endCursor } } } } }";
        let page = server.data(&shop.owner, rejected, json!({ "id": import["id"] })).await;
        assert_eq!(page["node"]["list"]["id"], json!(list));
        let page = &page["node"]["rejected"];
        assert_eq!((&page["totalCount"], &page["nodes"]), (&json!(2), &json!([{ "line": 5 }])));
        assert_eq!(page["pageInfo"]["hasNextPage"], true);
    }

    /// A second import of a file changes only what is asked for: fields, with updateExisting.
    async fn existing_contacts_are_updated_only_if_asked(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Newsletter", json!([])).await;
        let first = server.import(&shop.owner, &list, "phone,name\n+393401234567,Anna\n+393401234568,Bea\n").await;
        assert_eq!(first["importedCount"], 2);
        let file = "phone,city\n+393401234567,Roma\n+393401234569,Bari\n+393401234569,Lecce\n+393401234567,Pisa\n";
        let names = |stored: &Value| -> Vec<Value> {
            stored["contacts"]["nodes"].as_array().unwrap().iter().map(|node| node["fields"][0]["value"].clone()).collect()
        };
        for (update, imported, expected) in [
            (false, 1, json!(["Bari", "Bea", "Anna"])),
            (true, 0, json!(["Lecce", "Bea", "Pisa"])),
        ] {
            let variables = json!({ "list": list, "update": update });
            let payload = server.import_with(&shop.owner, variables, ("a.csv", file)).await;
            assert_eq!((&payload["importedCount"], &payload["duplicateCount"]), (&json!(imported), &json!(4 - imported)));
            let stored = contacts(&server, &shop.owner, &list).await;
            assert_eq!(json!(names(&stored)), expected);
            assert_eq!(stored["recipientCount"], 3);
        }
    }

    /// A workbook is imported like any other file, whatever its name.
    async fn a_workbook_is_imported(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Newsletter", json!([])).await;
        let mut workbook = rust_xlsxwriter::Workbook::new();
        let sheet = workbook.add_worksheet();
        for (row, (number, name)) in [("Telefono", "Nome"), ("+393401234567", "Anna"), ("no number", "Bea")].into_iter().enumerate() {
            let row = u32::try_from(row).unwrap();
            sheet.write(row, 0, number).unwrap().write(row, 1, name).unwrap();
        }
        sheet.write(3, 0, 3_401_234_568_u64).unwrap();
        let payload = server.import_with(
            &shop.owner,
            json!({ "list": list, "country": "IT" }),
            ("contacts.csv", workbook.save_to_buffer().unwrap()),
        ).await;
        assert_eq!((&payload["importedCount"], &payload["userErrors"]), (&json!(2), &json!([])), "{payload:#}");
        assert_eq!(payload["rejected"], json!([
            { "line": 3, "value": "no number", "reason": "Is not a telephone number such as \"+393401234567\"." },
        ]));
    }

    /// Unreadable files are refused with the reason, and nothing is imported.
    async fn unreadable_files_are_refused(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Newsletter", json!([])).await;
        let bomb = {
            let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
            let options = zip::write::SimpleFileOptions::default()
                .compression_method(zip::CompressionMethod::Deflated);
            let relation = |kind: &str, target: &str| {
                format!("<Relationships><Relationship Id=\"r\" Type=\"/{kind}\" Target=\"{target}\"/></Relationships>")
            };
            for (name, content) in [
                ("[Content_Types].xml", "<Types/>"),
                ("_rels/.rels", &relation("officeDocument", "xl/workbook.xml")),
                ("xl/workbook.xml", "<workbook><sheets><sheet r:id=\"r\"/></sheets></workbook>"),
                ("xl/_rels/workbook.xml.rels", &relation("worksheet", "worksheets/sheet1.xml")),
                ("xl/worksheets/sheet1.xml", "<worksheet><sheetData><row><c t=\"inlineStr\"><is><t>"),
            ] {
                zip.start_file(name, options).unwrap();
                std::io::Write::write_all(&mut zip, content.as_bytes()).unwrap();
            }
            std::io::copy(&mut std::io::Read::take(std::io::repeat(b'a'), 64 * 1024 * 1024), &mut zip).unwrap();
            zip.finish().unwrap().into_inner()
        };
        assert!(bomb.len() < 200_000, "{}", bomb.len());
        for (content, told) in [
            (b"".to_vec(), "is empty"),
            (b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR".to_vec(), "a PNG image"),
            (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\0\0".to_vec(), ".xls"),
            (b"PK\x03\x04\0\0".to_vec(), "damaged"),
            (b"+393401234567,Anna\n".to_vec(), "must name the columns"),
            (b"id,who\n1,Anna\n".to_vec(), "The file's columns are: id, who."),
            (b"phone,name\n+391,Zo\x89\n".to_vec(), "encoding can't be recognised"),
            (bomb, "too large"),
        ] {
            let payload = server.import(&shop.owner, &list, content).await;
            refused(&payload, &["input", "file"], "INVALID", told);
            assert_eq!((&payload["list"], &payload["import"]), (&Value::Null, &Value::Null));
        }
        let payload = server.import_with(&shop.owner, json!({ "list": list, "country": "ZZ" }), ("a.csv", "phone\n")).await;
        refused(&payload, &["input", "defaultCountry"], "INVALID", "ISO 3166-1");
        let node = server.data(&shop.owner, IMPORTS, json!({ "list": list })).await;
        assert_eq!(node["node"], json!({ "recipientCount": 0, "imports": { "totalCount": 0, "nodes": [] } }));
    }

    /// A row of ten megabytes is refused with its line, and the rest is imported.
    async fn only_the_overlong_row_is_refused(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Newsletter", json!([])).await;
        let file = format!("phone,name\n+393401234567,{}\n+393401234568,Bea\n", "x".repeat(10_000_000));
        let payload = server.import(&shop.owner, &list, file).await;
        assert_eq!((&payload["importedCount"], &payload["rejected"][0]["line"]), (&json!(1), &json!(2)));
        assert!(payload["rejected"][0]["reason"].as_str().unwrap().contains("more than 65536 bytes"), "{payload:#}");
    }

    /// Lists of another account, archived lists and unknown ones answer alike; a list is either
    /// stored or counted by hand.
    async fn imports_into_unsuitable_lists_are_refused(server: Server) {
        let (shop, other) = (server.account("Shop").await, server.account("Other").await);
        let list = server.list(&shop, "Mine", json!([])).await;
        let archived = server.list(&shop, "Old", json!([])).await;
        let archive = "mutation($input: ArchiveContactListInput!) {
            archiveContactList(input: $input) { userErrors { message } } }";
        server.done(&shop.owner, archive, json!({ "listId": archived })).await;
        for (key, list) in [
            (&other.owner, list.as_str()),
            (&shop.owner, archived.as_str()),
            (&shop.owner, shop.id.as_str()),
            (&shop.owner, "nonsense"),
        ] {
            let payload = server.import(key, list, "phone\n+393401234567\n").await;
            refused(&payload, &["input", "listId"], "NOT_FOUND", "There is no such list.");
        }
        let by_hand = server.list(&shop, "By hand", json!([{ "countryCode": "IT", "recipientCount": 5 }])).await;
        let payload = server.import(&shop.owner, &by_hand, "phone\n+393401234567\n").await;
        refused(&payload, &["input", "listId"], "CONFLICT", "Set its destinations to []");
        server.done(&shop.owner, UPDATE, json!({ "listId": by_hand, "destinations": [] })).await;
        assert_eq!(server.import(&shop.owner, &by_hand, "phone\n+393401234567\n").await["importedCount"], 1);
        for destinations in [json!([]), json!([{ "countryCode": "IT", "recipientCount": 5 }])] {
            let input = json!({ "input": { "listId": by_hand, "destinations": destinations } });
            let response = server.graphql(Some(&shop.owner), UPDATE, input).await;
            refused(&response["data"]["updateContactList"], &["input", "destinations"], "CONFLICT", "stored contacts");
        }
        assert_eq!(contacts(&server, &shop.owner, &by_hand).await["recipientCount"], 1);
    }

    /// Four concurrent imports with overlapping numbers: every number is stored once, and counted
    /// once.
    async fn concurrent_imports_count_every_number_once(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Newsletter", json!([])).await;
        let french: Vec<String> = (0..500).map(|number| format!("+3361234{number:04}")).collect();
        let files: Vec<String> = (0..4).map(|at| numbers(at * 1_000..at * 1_000 + 6_000) + &french.join("\n")).collect();
        let (a, b, c, d) = tokio::join!(
            server.import(&shop.owner, &list, &files[0]),
            server.import(&shop.owner, &list, &files[1]),
            server.import(&shop.owner, &list, &files[2]),
            server.import(&shop.owner, &list, &files[3]),
        );
        let all = [a, b, c, d];
        let sum = |field: &str| -> i64 { all.iter().map(|payload| payload[field].as_i64().unwrap()).sum() };
        assert_eq!((sum("importedCount"), sum("duplicateCount")), (9_500, 4 * 6_500 - 9_500), "{all:#?}");
        let stored = contacts(&server, &shop.owner, &list).await;
        assert_eq!(stored["destinations"], json!([
            { "countryCode": "IT", "recipientCount": 9_000 }, { "countryCode": "FR", "recipientCount": 500 },
        ]));
        assert_eq!(stored["contacts"]["totalCount"], 9_500);
    }

    /// During an import a second request reads its progress; an import whose server is gone has
    /// failed.
    async fn progress_is_visible_during_an_import(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Newsletter", json!([])).await;
        let file = numbers(0..12_000);
        let mut turn = Some(server.services().imports().hold().await);
        let import = server.import(&shop.owner, &list, &file);
        let watch = async {
            // Between two polls of the test, a waiting import writes one part.
            let mut seen = Value::Null;
            for _ in 0..2_000 {
                drop(turn.take());
                turn = Some(server.services().imports().hold().await);
                let node = server.data(&shop.owner, IMPORTS, json!({ "list": list })).await;
                seen = node["node"].clone();
                if seen["imports"]["nodes"][0]["rowCount"].as_i64() > Some(0) {
                    break;
                }
            }
            let import = &seen["imports"]["nodes"][0];
            let expected = json!({
                "id": import["id"], "status": "RUNNING", "reason": null, "rowCount": 5_000, "importedCount": 5_000,
                "duplicateCount": 0, "rejectedCount": 0, "endedAt": null,
            });
            assert_eq!((import, &seen["recipientCount"]), (&expected, &json!(5_000)));
            // Silent for longer than any part takes.
            server.set_time("2026-11-22T08:02:01Z");
            let node = server.data(&shop.owner, IMPORTS, json!({ "list": list })).await;
            let import = &node["node"]["imports"]["nodes"][0];
            assert_eq!((&import["status"], &import["endedAt"]), (&json!("FAILED"), &json!("2026-11-22T08:00:00Z")));
            assert!(import["reason"].as_str().unwrap().contains("server"), "{import}");
            drop(turn.take());
        };
        let (payload, ()) = tokio::join!(import, watch);
        assert_eq!((&payload["importedCount"], &payload["import"]["status"]), (&json!(12_000), &json!("DONE")));
    }

    /// A subscriber to a list's imports gets the latest, and each one again with its progress until
    /// its end.
    async fn progress_can_be_subscribed_to(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Newsletter", json!([])).await;
        let first = server.import(&shop.owner, &list, numbers(0..1)).await;
        let admin = Viewer { key: None, role: Role::PlatformAdmin, account: None , on_behalf_of: None, token: None, trusted_documents_only: false };
        let id = PublicId::decode(&list).unwrap();
        let progress = server.services().import_progress(&admin, id).await.unwrap();
        let mut progress = std::pin::pin!(progress);
        let latest = progress.next().await.unwrap().unwrap();
        assert_eq!((latest.status, latest.rows), (ImportStatus::Done, 1));
        assert_eq!(first["import"]["id"], ImportId::new(latest.id).encode().as_str());
        let file = numbers(0..7_000);
        let follow = async {
            let mut rows = 0;
            loop {
                let now = progress.next().await.unwrap().unwrap();
                assert_ne!(now.id, latest.id);
                assert!(now.rows >= rows, "{now:?}");
                rows = now.rows;
                if now.status == ImportStatus::Done {
                    return now;
                }
            }
        };
        let (payload, last) = tokio::join!(server.import(&shop.owner, &list, &file), follow);
        assert_eq!((payload["importedCount"].as_i64(), last.rows, last.imported), (Some(6_999), 7_000, 6_999));
    }

    /// An import stops if the list is archived or the server drains: imported rows stay, and the
    /// reason is reported.
    async fn a_failed_import_reports_why(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Newsletter", json!([])).await;
        assert_eq!(server.import(&shop.owner, &list, numbers(0..1)).await["importedCount"], 1);
        let file = numbers(0..2);
        // Blocked before its first part, which the listed import shows.
        let begun = async |total: i64| {
            for _ in 0..2_000 {
                let node = server.data(&shop.owner, IMPORTS, json!({ "list": list })).await;
                if node["node"]["imports"]["totalCount"] == total {
                    return;
                }
            }
            panic!("no import begins");
        };
        let by_hand = server.list(&shop, "By hand", json!([])).await;
        let turn = server.services().imports().hold().await;
        let counted = async {
            for _ in 0..2_000 {
                let node = server.data(&shop.owner, IMPORTS, json!({ "list": by_hand })).await;
                if node["node"]["imports"]["totalCount"] == 1 {
                    break;
                }
            }
            let rows = json!([{ "countryCode": "IT", "recipientCount": 7 }]);
            server.done(&shop.owner, UPDATE, json!({ "listId": by_hand, "destinations": rows })).await;
            drop(turn);
        };
        let (payload, ()) = tokio::join!(server.import(&shop.owner, &by_hand, &file), counted);
        refused(&payload, &["input", "file"], "CONFLICT", "given by hand");
        assert_eq!((&payload["list"]["recipientCount"], &payload["import"]["status"]), (&json!(7), &json!("FAILED")));

        let turn = server.services().imports().hold().await;
        let drained = async {
            begun(2).await;
            server.services().stop.cancel();
            drop(turn);
        };
        let (payload, ()) = tokio::join!(server.import(&shop.owner, &list, &file), drained);
        refused(&payload, &["input", "file"], "CONFLICT", "being stopped");
        assert_eq!((&payload["importedCount"], &payload["import"]["status"]), (&json!(0), &json!("FAILED")));
        assert_eq!(contacts(&server, &shop.owner, &list).await["recipientCount"], 1);
        server.services().imports().ended().await;
        // Another one doesn't begin.
        let response = server.upload(Some(&shop.owner), IMPORT, json!({ "list": list }), ("a.csv", "phone\n")).await;
        assert_eq!(response["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{response:#}");
    }
}

/// Two gigabytes are refused before a byte of them is read.
#[tokio::test]
async fn a_form_of_two_gigabytes_is_refused_at_once() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = Server::on_sqlite().await;
    let address = server.url("").replace("http://", "");
    let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\ngraphql-require-preflight: 1\r\n\
         content-type: multipart/form-data; boundary=cut\r\ncontent-length: 2147483648\r\nexpect: 100-continue\r\n\r\n",
        server.admin_key()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 1_024];
    let read = stream.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}
