//! Imports of files that are known to cause trouble in this field: names and texts are imported as
//! written, or the row or the file is refused; nothing is garbled silently.

use std::io::{Cursor, Read, Write};

use rust_xlsxwriter::{FilterCondition, Formula, Workbook};
use serde_json::{Value, json};

use crate::support::{contact_list::import, on_both_databases, upload::PREVIEW};

/// The workbook of a script that computes nothing: its formulas have no values.
fn without_results(workbook: Vec<u8>) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(workbook)).unwrap();
    let mut changed = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).unwrap();
        let mut content = Vec::new();
        part.read_to_end(&mut content).unwrap();
        let content = match String::from_utf8(content) {
            Ok(text) => text
                .replace(" t=\"str\"", "")
                .replace("<v>computed</v>", "<v></v>")
                .into_bytes(),
            Err(other) => other.into_bytes(),
        };
        changed
            .start_file(
                part.name().unwrap(),
                zip::write::SimpleFileOptions::default(),
            )
            .unwrap();
        changed.write_all(&content).unwrap();
    }
    changed.finish().unwrap().into_inner()
}

fn reason(row: &Value) -> &str {
    row["reason"].as_str().unwrap()
}

on_both_databases! {
    /// The numbers' column is recognised in other alphabets, and by the names that address books
    /// use.
    async fn headers_in_other_alphabets_are_recognised(server: Server) {
        let shop = server.account("Shop").await;
        let (payload, stored) = import(&server, &shop, json!({}), "Имя,Телефон\nАнна,+393401234567\n").await;
        assert_eq!(payload["importedCount"], 1, "{payload:#}");
        // Its name has letters that a text can use.
        let (number, field) = stored[0].split_once(' ').unwrap();
        let (name, value) = field.split_once('=').unwrap();
        assert_eq!((number, value), ("+393401234567", "Анна"));
        assert!(name.is_ascii(), "{name}");
        let google = "First Name,Phone 1 - Label,Phone 1 - Value\nAda,Mobile,+39 340 123 4567 ::: +39 06 1234567\n\
            Bea,Mobile,+39 340 123 4568\n";
        let (payload, stored) = import(&server, &shop, json!({}), google).await;
        assert!(stored.iter().any(|one| one.starts_with("+393401234568")), "{payload:#}");
        // If a cell has two numbers, the mobile one is imported, or the row is refused.
        let first = stored.iter().any(|one| one.starts_with("+393401234567"));
        assert!(first || payload["rejected"][0]["line"] == 2, "{payload:#}");
        assert!(!stored.iter().any(|one| one.starts_with("+3906")), "{stored:?}");
    }

    /// A first row of data is not a header, however its number is written.
    async fn a_first_row_of_data_is_recognised(server: Server) {
        let shop = server.account("Shop").await;
        for first in ["'+393401234567", "tel:+393401234567", "393401234567.0", "3.934E+11", "+393401234567"] {
            let file = format!("{first},Ada\n+393401234568,Bea\n");
            let (payload, stored) = import(&server, &shop, json!({ "country": "IT" }), file).await;
            assert_eq!(payload["userErrors"][0]["field"], json!(["input", "file"]), "{first}: {payload:#}");
            assert!(payload["userErrors"][0]["message"].as_str().unwrap().contains("name the columns"), "{payload:#}");
            assert_eq!(stored, [""; 0]);
        }
    }

    /// A header that can't be a merge field doesn't cost contacts: the column is left out, with a
    /// warning that names it.
    async fn headers_that_name_no_field_cost_a_warning(server: Server) {
        let shop = server.account("Shop").await;
        let long = "Would you like to hear of our offers and news and events by text message or not at all";
        let many: Vec<String> = (1..=100).map(|at| format!("c{at}")).collect();
        let values: Vec<String> = (1..=100).map(|at| at.to_string()).collect();
        for (file, field) in [
            ("phone,Notes,Notes\n+393401234567,a,b\n".to_owned(), "Notes=a"),
            ("phone,first name,FIRST NAME\n+393401234567,a,b\n".to_owned(), "firstName=a"),
            (format!("phone,{long},city\n+393401234567,yes,Roma\n"), "city=Roma"),
            (format!("phone,{}\n+393401234567,{}\n", many.join(","), values.join(",")), "c99=99"),
        ] {
            let (payload, stored) = import(&server, &shop, json!({}), file).await;
            assert_eq!((&payload["importedCount"], &payload["rejected"]), (&json!(1), &json!([])), "{payload:#}");
            assert!(stored[0].contains(field), "{stored:?}");
            assert!(!payload["warnings"].as_array().unwrap().is_empty(), "{payload:#}");
        }
        // Two fields that differ only in case are two fields.
        let (_, stored) = import(&server, &shop, json!({}), "phone,note,Note\n+393401234567,a,b\n").await;
        assert!(stored[0].contains("note=a"), "{stored:?}");
    }

    /// One invalid byte costs its row, not the file.
    async fn one_invalid_byte_costs_its_row(server: Server) {
        let shop = server.account("Shop").await;
        let file = b"phone,name\n+393401234567,Nicol\xC3\xB2\n+393401234568,Jos\xE9\n";
        let (payload, stored) = import(&server, &shop, json!({}), file).await;
        assert!(stored.contains(&"+393401234567 name=Nicolò".to_owned()), "{payload:#}");
        assert!(!stored.iter().any(|one| one.contains('Ã')), "{stored:?}");
        let told = [&payload["rejected"], &payload["warnings"]];
        assert!(told.iter().any(|rows| rows[0]["line"] == 3), "{payload:#}");
    }

    /// Files that Excel saves for old systems are read as written, or refused.
    async fn legacy_encodings_are_read_or_refused(server: Server) {
        let shop = server.account("Shop").await;
        for file in [
            b"phone,name\r+393401234567,Nicol\x98\r".as_slice(),
            b"phone,name\r\n+393401234567,Nicol\x95\r\n",
        ] {
            let (payload, stored) = import(&server, &shop, json!({}), file).await;
            let refused = payload["userErrors"][0]["field"] == json!(["input", "file"])
                || payload["rejected"][0]["line"] == 2;
            let read = stored == ["+393401234567 name=Nicolò"];
            assert!(read || refused && stored.is_empty(), "{payload:#} {stored:?}");
        }
    }

    /// A script's formula without a result is reported as one; the sheet that opens is read;
    /// filtered rows cause a warning.
    async fn workbooks_report_skipped_content(server: Server) {
        let shop = server.account("Shop").await;
        let mut workbook = Workbook::new();
        workbook.add_worksheet().set_name("Istruzioni").unwrap().write(0, 0, "Leggere prima").unwrap();
        let sheet = workbook.add_worksheet().set_name("Contatti").unwrap().set_active(true);
        for (row, (number, name)) in [("phone", "name"), ("+393401234567", "Ada"), ("+393401234568", "Bea")].into_iter().enumerate() {
            let row = u32::try_from(row).unwrap();
            sheet.write(row, 0, number).unwrap().write(row, 1, name).unwrap();
        }
        sheet.write(3, 0, Formula::new("=\"+39\"&\"3401234569\"").set_result("computed")).unwrap().write(3, 1, "Cy").unwrap();
        sheet.autofilter(0, 0, 3, 1).unwrap();
        sheet.filter_column(1, &FilterCondition::new().add_list_filter("Ada")).unwrap();
        let file = without_results(workbook.save_to_buffer().unwrap());
        let (payload, stored) = import(&server, &shop, json!({ "country": "IT" }), file).await;
        assert_eq!(stored, ["+393401234567 name=Ada", "+393401234568 name=Bea"], "{payload:#}");
        assert_eq!(payload["rejected"][0]["line"], 4, "{payload:#}");
        assert!(reason(&payload["rejected"][0]).contains("formula"), "{payload:#}");
        let warnings = payload["warnings"].as_array().unwrap();
        assert!(warnings.iter().any(|one| reason(one).contains("filter") && reason(one).contains('2')), "{payload:#}");
    }

    /// A preview of each of these files shows the outcome of its import: why it is refused, or that
    /// it is read.
    async fn previews_agree_with_imports(server: Server) {
        let shop = server.account("Shop").await;
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        sheet.write(0, 0, "phone").unwrap().write(0, 1, "name").unwrap();
        sheet.write(1, 0, Formula::new("=\"+39\"&\"3401234569\"").set_result("computed")).unwrap();
        let long = "Would you like to hear of our offers and news and events by text message or not at all";
        for file in [
            b"customer_id,billing_phone\n20240115,+491701234567\n".to_vec(),
            b"customer_id,reach\n20240115,+491701234567\n".to_vec(),
            b"customer_id,reach\n20240115,01701234567\n".to_vec(),
            "Имя,Телефон\nАнна,+393401234567\n".into(),
            b"First Name,Phone 1 - Label,Phone 1 - Value\nAda,Mobile,+39 340 123 4567 ::: +39 06 1234567\n".to_vec(),
            b"'+393401234567,Ada\n+393401234568,Bea\n".to_vec(),
            b"3.934E+11,Ada\n+393401234568,Bea\n".to_vec(),
            b"phone,Notes,Notes\n+393401234567,a,b\n".to_vec(),
            format!("phone,{long}\n+393401234567,yes\n").into_bytes(),
            b"phone,name\n+393401234567,Nicol\xC3\xB2\n+393401234568,Jos\xE9\n".to_vec(),
            b"phone,name\r+393401234567,Nicol\x98\r".to_vec(),
            b"phone,name\r\n+393401234567,Nicol\x95\r\n".to_vec(),
            without_results(workbook.save_to_buffer().unwrap()),
        ] {
            let seen = server.upload(Some(&shop.owner), PREVIEW, json!({}), ("a.csv", &file)).await;
            let (payload, _) = import(&server, &shop, json!({ "country": "DE" }), &file).await;
            let told = match &seen["errors"][0]["message"] {
                Value::Null => &seen["data"]["contactImportPreview"]["problem"],
                message => message,
            };
            assert_eq!(told, &payload["userErrors"][0]["message"], "{seen:#} {payload:#}");
            if told.is_null() {
                assert_eq!(seen["data"]["contactImportPreview"]["warnings"], payload["warnings"]);
            }
        }
    }
}
