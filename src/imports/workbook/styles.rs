//! Cell styles, as far as they affect the text: the number format of each style.
//!
//! Here: `styles.xml`, within Excel's own limits. Fonts, colours and borders are skipped. Not here:
//! the meaning of a number format.

use std::{collections::HashMap, io::Read};

use quick_xml::events::Event;

use super::{
    number_format::NumberFormat,
    xml::{Xml, attribute},
};
use crate::imports::{ReadError, Unreadable};

/// Excel's limit: 65,490 cell formats.
const MAX_STYLES: usize = 65_490;
/// Excel's limit: number formats of at most 255 characters. A longer one is ignored.
const MAX_FORMAT_CHARS: usize = 255;
/// Excel allows 200 to 250 custom ones, by its language; some programs write more than they use.
const MAX_FORMATS: usize = 4_096;

/// The number formats of a workbook's styles.
#[derive(Debug, Default)]
pub(super) struct Styles {
    /// For each style the position of its format: two bytes each, however long the format is.
    styles: Vec<u16>,
    formats: Vec<NumberFormat>,
}

impl Styles {
    /// Reads the styles.
    pub fn read<R: Read>(mut xml: Xml<R>) -> Result<Self, ReadError> {
        let mut codes: HashMap<u32, String> = HashMap::new();
        let mut found = Self::default();
        // The position of each format by its number.
        let mut known: HashMap<u32, u16> = HashMap::new();
        let mut in_styles = false;
        loop {
            let event = xml.next()?;
            match &event {
                Event::Eof => return Ok(found),
                Event::Start(tag) | Event::Empty(tag) => match tag.local_name().as_ref() {
                    "numFmt" => {
                        let number = attribute(tag, "numFmtId")?.and_then(|id| id.parse().ok());
                        let code = attribute(tag, "formatCode")?;
                        if let Some((number, code)) = number.zip(code)
                            && code.chars().nth(MAX_FORMAT_CHARS).is_none()
                        {
                            codes.insert(number, code.into_owned());
                        }
                        if codes.len() > MAX_FORMATS {
                            return Err(too_many(MAX_FORMATS, "number formats"));
                        }
                    }
                    "cellXfs" => in_styles = matches!(event, Event::Start(_)),
                    "xf" if in_styles => {
                        if found.styles.len() == MAX_STYLES {
                            return Err(too_many(MAX_STYLES, "cell formats"));
                        }
                        let number = attribute(tag, "numFmtId")?.and_then(|id| id.parse().ok());
                        let number: u32 = number.unwrap_or(0);
                        let position = match known.get(&number) {
                            Some(position) => *position,
                            None => {
                                let code = codes.get(&number).map(String::as_str);
                                let position = found.add(NumberFormat::of(number, code));
                                known.insert(number, position);
                                position
                            }
                        };
                        found.styles.push(position);
                    }
                    _ => {}
                },
                Event::End(tag) if tag.local_name().as_ref() == "cellXfs" => in_styles = false,
                _ => {}
            }
        }
    }

    /// The number format of a style; the general one if there is no such style.
    pub fn format(&self, style: usize) -> &NumberFormat {
        let position = self.styles.get(style);
        position
            .and_then(|position| self.formats.get(usize::from(*position)))
            .unwrap_or(&NumberFormat::General)
    }

    /// There are fewer formats than styles, which fit.
    fn add(&mut self, format: NumberFormat) -> u16 {
        let position = self.formats.iter().position(|known| *known == format);
        let position = position.unwrap_or_else(|| {
            self.formats.push(format);
            self.formats.len() - 1
        });
        u16::try_from(position).unwrap_or(0)
    }
}

fn too_many(most: usize, what: &str) -> ReadError {
    Unreadable::TooLarge(format!("it has more than {most} {what}")).into()
}
