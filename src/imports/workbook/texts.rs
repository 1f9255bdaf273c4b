//! The shared texts of a workbook, on disk: there may be hundreds of megabytes of them, and cells
//! refer to them in any order.
//!
//! Here: the position of each text, and a memory cache of recently used blocks. Cells mostly refer
//! to texts in the order of the texts, because programs append each text when they first need it.
//! Not here: parsing cells.

use std::{
    fs::File,
    io::{BufWriter, Read, Seek, SeekFrom, Write},
    num::NonZeroUsize,
};

use lru::LruCache;
use quick_xml::events::Event;

use super::xml::{Xml, attribute};
use crate::imports::{MAX_ROW_BYTES, ReadError, Unreadable};
use crate::tuning::Tuned;

const MIB: u64 = 1024 * 1024;
/// The size of their part: three columns of a million different texts each fit.
pub(super) const MAX_BYTES: u64 = 128 * MIB;
/// The number of texts: the position of each takes four bytes of memory.
const MAX_TEXTS: usize = 4_000_000;
/// How much is read back at once.
/// Measured: docs/measured.md, "Imports and removals".
static BLOCK_BYTES: Tuned<usize> = Tuned::new("SHARED_TEXT_BLOCK_BYTES", 64 * 1024);
/// Blocks in memory: 4 MiB, more than the texts of most workbooks.
const BLOCKS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(63);

/// The shared texts of a workbook.
pub(super) struct Texts {
    file: File,
    /// The end of each text; no part has more bytes than fit.
    ends: Vec<u32>,
    blocks: LruCache<usize, Box<[u8]>>,
    /// A text assembled from blocks.
    found: Vec<u8>,
}

impl Texts {
    /// Reads all texts, once.
    pub fn read<R: Read>(mut xml: Xml<R>) -> Result<Self, ReadError> {
        let mut file = BufWriter::with_capacity(
            BLOCK_BYTES.get(),
            tempfile::NamedTempFile::new()?.into_file(),
        );
        let mut ends = Vec::new();
        let mut end: u32 = 0;
        let mut text = String::new();
        loop {
            let is_open = match xml.next()? {
                Event::Eof => break,
                Event::Start(tag) if tag.local_name().as_ref() == "si" => true,
                Event::Empty(tag) if tag.local_name().as_ref() == "si" => false,
                _ => continue,
            };
            if ends.len() == MAX_TEXTS {
                let message = format!("it has more than {MAX_TEXTS} texts");
                return Err(Unreadable::TooLarge(message).into());
            }
            text.clear();
            if is_open {
                read_text(&mut xml, &mut text)?;
            }
            file.write_all(text.as_bytes())?;
            let length = u32::try_from(text.len()).map_err(|_| Unreadable::Damaged)?;
            end = end.checked_add(length).ok_or(Unreadable::Damaged)?;
            ends.push(end);
        }
        let file = file.into_inner().map_err(|error| error.into_error())?;
        Ok(Self {
            file,
            ends,
            blocks: LruCache::new(BLOCKS),
            found: Vec::new(),
        })
    }

    /// Without any text.
    pub fn none() -> Result<Self, ReadError> {
        Ok(Self {
            file: tempfile::NamedTempFile::new()?.into_file(),
            ends: Vec::new(),
            blocks: LruCache::new(BLOCKS),
            found: Vec::new(),
        })
    }

    /// The text at a position; `None` if there is none.
    pub fn get(&mut self, index: usize) -> Result<Option<&str>, ReadError> {
        let Some(&end) = self.ends.get(index) else {
            return Ok(None);
        };
        let before = index
            .checked_sub(1)
            .and_then(|before| self.ends.get(before));
        let start = before.copied().unwrap_or(0) as usize;
        let end = end as usize;
        self.found.clear();
        let mut at = start;
        while at < end {
            let (number, offset) = (at / BLOCK_BYTES.get(), at % BLOCK_BYTES.get());
            let file = &mut self.file;
            let block = self
                .blocks
                .try_get_or_insert(number, || read_block(file, number))?;
            let wanted = (end - at).min(BLOCK_BYTES.get() - offset);
            let bytes = block.get(offset..offset + wanted);
            // Shorter than it was written: the disk failed.
            let bytes = bytes.ok_or_else(|| std::io::Error::other("texts are missing"))?;
            self.found.extend_from_slice(bytes);
            at += wanted;
        }
        let text = std::str::from_utf8(&self.found).map_err(|_| Unreadable::Damaged)?;
        Ok(Some(text))
    }
}

fn read_block(file: &mut File, number: usize) -> std::io::Result<Box<[u8]>> {
    let at = number as u64 * BLOCK_BYTES.get() as u64;
    let mut block = Vec::with_capacity(BLOCK_BYTES.get());
    file.seek(SeekFrom::Start(at))?;
    file.take(BLOCK_BYTES.get() as u64)
        .read_to_end(&mut block)?;
    Ok(block.into_boxed_slice())
}

/// Appends the displayed text of the current `si` or `is`: its runs joined, without phonetic hints.
/// Text beyond the length of a row is dropped.
pub(super) fn read_text<R: Read>(xml: &mut Xml<R>, text: &mut String) -> Result<(), ReadError> {
    let start = text.len();
    let mut inside = 1;
    let began = xml.position();
    while inside > 0 {
        enum Found {
            Text { is_kept: bool },
            Spoken,
            Opened,
            Closed,
            Other,
        }
        let met = match xml.next()? {
            Event::Start(tag) => match tag.local_name().as_ref() {
                "t" => Found::Text {
                    is_kept: attribute(&tag, "space")?.is_some_and(|value| value == "preserve"),
                },
                "rPh" => Found::Spoken,
                _ => Found::Opened,
            },
            Event::End(_) => Found::Closed,
            Event::Eof => return Err(Unreadable::Damaged.into()),
            _ => Found::Other,
        };
        match met {
            Found::Text { is_kept } => {
                let run = text.len();
                xml.text(text, MAX_ROW_BYTES)?;
                if !is_kept {
                    trim(text, run);
                }
            }
            Found::Spoken => xml.skip()?,
            Found::Opened => inside += 1,
            Found::Closed => inside -= 1,
            Found::Other => {}
        }
        if xml.position() - began > MIB {
            let message = "one cell has more than a mebibyte".to_owned();
            return Err(Unreadable::TooLarge(message).into());
        }
    }
    unescape(text, start);
    Ok(())
}

/// Trims the text added since `start`.
fn trim(text: &mut String, start: usize) {
    let space = [' ', '\t', '\r', '\n'];
    let kept = text.trim_end_matches(space).len().max(start);
    text.truncate(kept);
    let added = text.get(start..).unwrap_or_default();
    let leading = added.len() - added.trim_start_matches(space).len();
    if leading > 0 {
        text.drain(start..start + leading);
    }
}

/// Resolves `_x000D_`, Excel's escape for characters that XML does not allow, from `start` on.
pub(super) fn unescape(text: &mut String, start: usize) {
    const LENGTH: usize = "_x000D_".len();
    let added = text.get(start..).unwrap_or_default();
    if !added.contains("_x") {
        return;
    }
    let mut plain = String::with_capacity(added.len());
    let mut rest = added;
    while let Some(at) = rest.find("_x") {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        let code = from
            .get(2..LENGTH - 1)
            .filter(|_| from.get(LENGTH - 1..LENGTH) == Some("_"));
        let hexadecimal = |code: &&str| code.bytes().all(|byte| byte.is_ascii_hexdigit());
        let character = code
            .filter(hexadecimal)
            .and_then(|code| u32::from_str_radix(code, 16).ok())
            .and_then(char::from_u32);
        let (shown, taken) = match character {
            Some(character) => (character.to_string(), LENGTH),
            None => ("_x".to_owned(), 2),
        };
        plain.push_str(&shown);
        rest = from.get(taken..).unwrap_or_default();
    }
    plain.push_str(rest);
    text.truncate(start);
    text.push_str(&plain);
}
