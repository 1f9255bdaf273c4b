//! The workbook's table of texts that many rows share.
//!
//! Here: names of lists, channels, encodings and countries. Rows refer to them by number, which is
//! shorter to write and to compress. The table is bounded: once it is full, a new text is written
//! into its cell. Not here: the messages' texts, which are always written into their cells.

use std::collections::HashMap;

use super::xml::{needs_preserving, push_text, within_limit};

/// The most texts in the table: more than most accounts have lists.
const MAX_TEXTS: usize = 4_096;
/// Longer texts are not shared. With [`MAX_TEXTS`] this bounds the table's memory.
const MAX_TEXT_BYTES: usize = 256;

/// The texts that rows share. Their numbers follow those of the layout's texts.
#[derive(Debug)]
pub struct SharedStrings {
    /// The number of texts that the layout has.
    first: usize,
    numbers: HashMap<Box<str>, usize>,
    /// The texts in order, as XML.
    items: Vec<u8>,
    uses: u64,
}

impl SharedStrings {
    /// An empty table that continues the numbers of a layout's part.
    pub fn after(part: &str) -> Option<Self> {
        Some(Self {
            first: attribute(part, "uniqueCount")?.1.parse().ok()?,
            numbers: HashMap::new(),
            items: Vec::new(),
            uses: 0,
        })
    }

    /// The number of a text; `None` if it has to be written into its cell.
    pub fn number(&mut self, text: &str) -> Option<usize> {
        let number = match self.numbers.get(text) {
            Some(number) => *number,
            None => self.add(text)?,
        };
        self.uses += 1;
        Some(number)
    }

    fn add(&mut self, text: &str) -> Option<usize> {
        if self.numbers.len() >= MAX_TEXTS || text.len() > MAX_TEXT_BYTES {
            return None;
        }
        let number = self.first + self.numbers.len();
        self.items.extend_from_slice(if needs_preserving(text) {
            b"<si><t xml:space=\"preserve\">"
        } else {
            b"<si><t>"
        });
        push_text(&mut self.items, &within_limit(text));
        self.items.extend_from_slice(b"</t></si>");
        self.numbers.insert(text.into(), number);
        Some(number)
    }

    /// The layout's part with these texts appended; `None` if `part` has another number of texts
    /// than the part that this table continues.
    pub fn appended(&self, part: &str) -> Option<String> {
        let (_, unique) = attribute(part, "uniqueCount")?;
        if unique.parse() != Ok(self.first) {
            return None;
        }
        let (count_at, count) = attribute(part, "count")?;
        let uses = count.parse::<u64>().ok()? + self.uses;
        let total = self.first + self.numbers.len();
        let head = part.get(..count_at)?;
        let own = part.get(part.find("<si>").or_else(|| part.find("</sst>"))?..)?;
        let own = own
            .strip_suffix("</sst>")
            .unwrap_or(own.trim_end().strip_suffix("</sst>")?);
        let items = std::str::from_utf8(&self.items).ok()?;
        Some(format!(
            "{head}count=\"{uses}\" uniqueCount=\"{total}\">{own}{items}</sst>"
        ))
    }
}

/// The position and the value of an attribute, in the first element that has it.
fn attribute<'a>(part: &'a str, name: &str) -> Option<(usize, &'a str)> {
    let start = part.find(&format!(" {name}=\""))? + 1;
    let value = part.get(start + name.len() + 2..)?;
    Some((start, value.split_once('"')?.0))
}

#[cfg(test)]
mod tests {
    use super::{MAX_TEXT_BYTES, MAX_TEXTS, SharedStrings};

    const PART: &str = "<?xml version=\"1.0\"?>\n<sst xmlns=\"x\" count=\"5\" uniqueCount=\"2\">\
                        <si><t>a</t></si><si><t>b</t></si></sst>";

    #[test]
    fn numbers_continue_those_of_the_layout() {
        let mut strings = SharedStrings::after(PART).unwrap();
        let numbers: Vec<_> = ["SMS", "<IT>", "SMS", " x"]
            .map(|text| strings.number(text).unwrap())
            .to_vec();
        assert_eq!(numbers, [2, 3, 2, 4]);
        insta::assert_snapshot!(strings.appended(PART).unwrap(), @r#"
        <?xml version="1.0"?>
        <sst xmlns="x" count="9" uniqueCount="5"><si><t>a</t></si><si><t>b</t></si><si><t>SMS</t></si><si><t>&lt;IT&gt;</t></si><si><t xml:space="preserve"> x</t></si></sst>
        "#);
        let other = PART.replace("uniqueCount=\"2\"", "uniqueCount=\"3\"");
        assert_eq!(strings.appended(&other), None);
    }

    #[test]
    fn the_table_is_bounded() {
        let mut strings = SharedStrings::after(PART).unwrap();
        assert_eq!(strings.number(&"x".repeat(MAX_TEXT_BYTES + 1)), None);
        for text in 0..MAX_TEXTS {
            assert_eq!(strings.number(&text.to_string()), Some(2 + text));
        }
        assert_eq!(strings.number("one more"), None);
        assert_eq!(strings.number("7"), Some(9));
    }
}
