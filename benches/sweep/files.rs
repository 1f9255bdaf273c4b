//! Files of contacts to import.
//!
//! Here: their content. Not here: uploading them (`http`).

use rust_xlsxwriter::Workbook;

use crate::Failure;

const HEADERS: [&str; 4] = ["phone", "firstName", "city", "code"];
const CITIES: [&str; 4] = ["Bologna", "Reggio nell'Emilia", "Köln", "Łódź"];

/// A CSV file with this many contacts.
pub fn csv(contacts: usize) -> Vec<u8> {
    let mut text = HEADERS.join(",") + "\n";
    for number in 0..contacts {
        text += &row(number).join(",");
        text.push('\n');
    }
    text.into_bytes()
}

/// The same as a workbook.
pub fn workbook(contacts: usize) -> Result<Vec<u8>, Failure> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, header) in (0..).zip(HEADERS) {
        sheet.write_string(0, column, header)?;
    }
    for number in 0..contacts {
        let line = u32::try_from(number + 1)?;
        for (column, cell) in (0..).zip(row(number)) {
            sheet.write_string(line, column, cell)?;
        }
    }
    Ok(workbook.save_to_buffer()?)
}

fn row(number: usize) -> [String; 4] {
    [
        format!("+39340{:07}", 1_000_000 + number),
        format!("Nome{number}"),
        CITIES[number % CITIES.len()].to_owned(),
        format!("C{number:07}"),
    ]
}
