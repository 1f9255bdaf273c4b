//! What the first row says: which column holds the number, and under which names the others are stored.
//!
//! **The number** is in the column whose name is a common one for a mobile number; else for a telephone; else
//! one that says no more than "number"; the leftmost of its kind. Where no name is known it is the first column.
//! Case, accents, spaces and punctuation don't matter.
//!
//! **Every other column** is a merge field. A name that is a field's name already (a letter or `_`, then
//! letters, digits, `_`, `.` or `-`, in ASCII) stays as it is. Any other becomes words of ASCII letters and
//! digits, accents dropped, written together: `First name` and `FIRST NAME` are `firstName`, `Città` is
//! `citta`, `1st order` is `_1stOrder`; where nothing is left it is `column` and its position, counted from 1.
//! A column without a name is left out. Two columns that come to the same name are refused.

use domain::{merge, private::Private};

use super::{MAX_COLUMNS, MAX_FIELDS_BYTES, MAX_VALUE_CHARS, Unreadable, cut, shown};

/// Names of the number's column, the most telling first.
const NUMBER_NAMES: [&[&str]; 3] = [
    &[
        "mobile",
        "mobilephone",
        "mobilenumber",
        "mobilephonenumber",
        "mobileno",
        "cell",
        "cellphone",
        "cellphonenumber",
        "cellnumber",
        "cellular",
        "cellulare",
        "numerocellulare",
        "numerodicellulare",
        "telefonocellulare",
        "telefonomobile",
        "cel",
        "cell1",
        "celular",
        "movil",
        "telefonomovil",
        "telefonocelular",
        "numeromovil",
        "portable",
        "telephoneportable",
        "telephonemobile",
        "mobiltelefon",
        "mobilnummer",
        "mobil",
        "handy",
        "handynummer",
        "telemovel",
        "gsm",
        "msisdn",
        "sms",
        "smsnumber",
        "whatsapp",
    ],
    &[
        "phone",
        "phonenumber",
        "phoneno",
        "phone1",
        "telephone",
        "telephonenumber",
        "tel",
        "telno",
        "telefono",
        "numerotelefono",
        "numeroditelefono",
        "numerodetelefono",
        "numerotelefonico",
        "recapitotelefonico",
        "numerodetelephone",
        "telefon",
        "telefonnummer",
        "telefone",
        "telefoon",
        "telefoonnummer",
        "contactnumber",
        "e164",
    ],
    &[
        "number",
        "no",
        "numero",
        "nummer",
        "recipient",
        "destinatario",
    ],
];

/// The cells of one row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cells<'a> {
    text: &'a str,
    /// Where each cell ends in `text`.
    ends: &'a [usize],
}

impl<'a> Cells<'a> {
    /// Cells that stand one after the other in `text`.
    #[must_use]
    pub fn new(text: &'a str, ends: &'a [usize]) -> Self {
        Self { text, ends }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether nothing stands in any of them.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// A cell without the spaces around it; empty where there is none.
    #[must_use]
    pub fn get(&self, index: usize) -> &'a str {
        let start = match index.checked_sub(1) {
            None => Some(0),
            Some(before) => self.ends.get(before).copied(),
        };
        let cell = start
            .zip(self.ends.get(index))
            .and_then(|(start, end)| self.text.get(start..*end));
        cell.unwrap_or_default().trim()
    }
}

/// A row as it is imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact<'a> {
    /// What stands in the number's column.
    pub number: &'a str,
    /// A JSON object of the other columns' texts by name; `None` where all of them are empty.
    pub fields: Option<String>,
}

/// The columns of a file.
#[derive(Debug)]
pub(super) struct Columns {
    number: usize,
    /// The name of each column that is stored, with its position.
    fields: Vec<(usize, String)>,
    /// How many cells the first row has, empty ones at its end not counted.
    width: usize,
}

impl Columns {
    /// Reads the first row.
    pub fn of(header: Cells<'_>) -> Result<Self, Unreadable> {
        let width = (0..header.len())
            .rev()
            .find(|&index| !header.get(index).is_empty())
            .map_or(0, |last| last + 1);
        if width == 0 {
            return Err(wrong("The first row must name the columns; it is empty."));
        }
        if width > MAX_COLUMNS {
            return Err(wrong(format!(
                "The first row names {width} columns; at most {MAX_COLUMNS} are read."
            )));
        }
        if let Some(value) = (0..width)
            .map(|index| header.get(index))
            .find(|cell| is_number(cell))
        {
            return Err(wrong(format!(
                "The first row must name the columns, such as phone,firstName; it holds the number {}.",
                cut(value)
            )));
        }
        let number = number_column(header, width);
        let mut fields: Vec<(usize, String)> = Vec::new();
        for index in (0..width).filter(|&index| index != number) {
            let Some(name) = field_name(header.get(index), index + 1) else {
                continue;
            };
            if name.len() > merge::MAX_NAME_BYTES {
                return Err(wrong(format!(
                    "The name of column {} is longer than {} characters.",
                    index + 1,
                    merge::MAX_NAME_BYTES
                )));
            }
            if let Some((other, _)) = fields.iter().find(|(_, taken)| *taken == name) {
                return Err(wrong(format!(
                    "Columns {} and {} would both be the field {name}; rename one of them.",
                    other + 1,
                    index + 1
                )));
            }
            fields.push((index, name));
        }
        Ok(Self {
            number,
            fields,
            width,
        })
    }

    /// Whether a column holds the numbers.
    pub fn is_number(&self, column: usize) -> bool {
        column == self.number
    }

    /// Reads one row; the reason where it can't be used.
    pub fn contact<'a>(&self, cells: Cells<'a>) -> Result<Contact<'a>, String> {
        if (self.width..cells.len()).any(|index| !cells.get(index).is_empty()) {
            return Err(format!(
                "The row has {} cells and the first row {}.",
                cells.len(),
                self.width
            ));
        }
        let number = cells.get(self.number);
        if number.is_empty() {
            return Err("There is no number.".to_owned());
        }
        let mut fields = Vec::new();
        for (index, name) in &self.fields {
            let value = cells.get(*index);
            if value.is_empty() {
                continue;
            }
            check(value).map_err(|reason| format!("{name} {reason}"))?;
            fields.extend_from_slice(if fields.is_empty() { b"{\"" } else { b",\"" });
            // A name has nothing that JSON escapes.
            fields.extend_from_slice(name.as_bytes());
            fields.extend_from_slice(b"\":");
            // Writing to memory does not fail.
            serde_json::to_writer(&mut fields, value).map_err(|cause| cause.to_string())?;
            if fields.len() >= MAX_FIELDS_BYTES {
                return Err(format!(
                    "The fields come to more than {MAX_FIELDS_BYTES} bytes."
                ));
            }
        }
        if fields.is_empty() {
            return Ok(Contact {
                number,
                fields: None,
            });
        }
        fields.push(b'}');
        let fields = String::from_utf8(fields).map_err(|cause| cause.to_string())?;
        Ok(Contact {
            number,
            fields: Some(fields),
        })
    }

    /// What is shown of a row that was refused: its number, or where that is missing its beginning.
    pub fn shown(&self, cells: Cells<'_>) -> Private<String> {
        let number = cells.get(self.number);
        if !number.is_empty() {
            return shown(number);
        }
        let first = (0..cells.len()).map(|index| cells.get(index));
        first
            .into_iter()
            .find(|cell| !cell.is_empty())
            .map_or_else(Private::default, shown)
    }
}

/// What is wrong with a value, after its field's name.
fn check(value: &str) -> Result<(), String> {
    // A text of as many bytes has no more characters.
    if value.len() > MAX_VALUE_CHARS && value.chars().count() > MAX_VALUE_CHARS {
        return Err(format!("has more than {MAX_VALUE_CHARS} characters."));
    }
    let control =
        |character: char| character.is_control() && !matches!(character, '\n' | '\r' | '\t');
    if value.contains(control) {
        return Err("has control characters.".to_owned());
    }
    if value.contains(char::REPLACEMENT_CHARACTER) {
        return Err("has characters that can't be read; save the file as UTF-8.".to_owned());
    }
    Ok(())
}

fn wrong(message: impl Into<String>) -> Unreadable {
    Unreadable::Header(message.into())
}

/// Whether a cell is a telephone number rather than a name.
fn is_number(cell: &str) -> bool {
    let digits = cell.bytes().filter(u8::is_ascii_digit).count();
    digits >= 6
        && cell
            .chars()
            .all(|character| character.is_ascii_digit() || "+ -.()/\u{A0}".contains(character))
}

/// Whether a cell of a first row is a name that the number's column goes by.
pub(super) fn names_a_number(cell: &str) -> bool {
    let key = key(cell);
    NUMBER_NAMES
        .iter()
        .any(|names| names.contains(&key.as_str()))
}

fn number_column(header: Cells<'_>, width: usize) -> usize {
    let keys: Vec<String> = (0..width).map(|index| key(header.get(index))).collect();
    let found = NUMBER_NAMES
        .iter()
        .find_map(|names| keys.iter().position(|key| names.contains(&key.as_str())));
    found.unwrap_or(0)
}

fn key(cell: &str) -> String {
    words(cell).concat().to_ascii_lowercase()
}

/// The name that a column is stored under; `None` where it has no name of its own.
fn field_name(cell: &str, position: usize) -> Option<String> {
    if cell.is_empty() {
        return None;
    }
    if merge::is_name(cell) {
        return Some(cell.to_owned());
    }
    let mut name = String::new();
    for word in words(cell) {
        let shouted = !word.bytes().any(|byte| byte.is_ascii_lowercase());
        let mut word = if shouted {
            word.to_ascii_lowercase()
        } else {
            word
        };
        if let Some(first) = word.get_mut(..1) {
            if name.is_empty() {
                first.make_ascii_lowercase();
            } else {
                first.make_ascii_uppercase();
            }
        }
        name.push_str(&word);
    }
    match name.bytes().next() {
        None => Some(format!("column{position}")),
        Some(first) if first.is_ascii_digit() => Some(format!("_{name}")),
        Some(_) => Some(name),
    }
}

/// The runs of ASCII letters and digits once accents are dropped.
fn words(cell: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for character in cell.chars() {
        match plain(character) {
            Some(letter) => {
                if let Some(word) = words.last_mut() {
                    word.push(letter);
                }
            }
            // A combining accent ends no word.
            None if ('\u{300}'..='\u{36F}').contains(&character) => {}
            None => words.push(String::new()),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// From U+00C0, the letter below each accent; a dot where there is none.
const LATIN: &[u8; 64] = b"AAAAAAACEEEEIIIIDNOOOOO.OUUUUY.saaaaaaaceeeeiiiidnooooo.ouuuuy.y";

fn plain(character: char) -> Option<char> {
    if character.is_ascii_alphanumeric() {
        return Some(character);
    }
    let letter = LATIN.get((character as usize).checked_sub(0xC0)?)?;
    (*letter != b'.').then(|| char::from(*letter))
}
