//! The XML of one part, event by event, in memory that a hostile part can't exhaust.
//!
//! Here: the limits: bytes of the part, bytes of one event, nesting of elements; and the errors.
//! Not here: the meaning of elements.

use std::{
    borrow::Cow,
    io::{self, BufRead, BufReader, Read},
};

use quick_xml::{
    Reader,
    escape::resolve_xml_entity,
    events::{BytesRef, BytesStart, Event},
};

use crate::imports::{ReadError, Unreadable};
use crate::tuning::Tuned;

const MIB: u64 = 1024 * 1024;
/// The size of a tag, and of the text between two tags: a cell has at most 32,767 characters, and a
/// tag some attributes.
const MAX_EVENT_BYTES: u64 = MIB;
/// Nested elements: a rich text in a cell is seven deep, extensions somewhat deeper.
const MAX_DEPTH: usize = 64;
/// How much is unpacked at once.
/// Measured: docs/measured.md, "Imports and removals".
static BLOCK_BYTES: Tuned<usize> = Tuned::new("XML_BLOCK_BYTES", 64 * 1024);

/// The XML of a part.
pub(super) struct Xml<R> {
    reader: Reader<Bounded<R>>,
    buffer: Vec<u8>,
    depth: usize,
}

impl<R: Read> Xml<R> {
    /// The XML of a part called `name`, limited to this many bytes.
    pub fn new(part: R, name: &str, most_bytes: u64) -> Self {
        Self {
            reader: Reader::from_reader(Bounded {
                part: BufReader::with_capacity(BLOCK_BYTES.get(), part),
                left: most_bytes,
                left_of_event: MAX_EVENT_BYTES,
                stopped: None,
                name: name.to_owned(),
                most_bytes,
            }),
            buffer: Vec::new(),
            depth: 0,
        }
    }

    /// The next tag, text or reference.
    pub fn next(&mut self) -> Result<Event<'_>, ReadError> {
        self.buffer.clear();
        self.reader.get_mut().left_of_event = MAX_EVENT_BYTES;
        let event = match self.reader.read_event_into(&mut self.buffer) {
            Ok(event) => event,
            Err(error) => {
                let stopped = self.reader.get_mut().stopped.take();
                return Err(stopped.unwrap_or_else(|| unreadable(error)));
            }
        };
        match event {
            Event::Start(_) => self.depth += 1,
            Event::End(_) => self.depth = self.depth.saturating_sub(1),
            // Declared entities are how a few bytes become gigabytes; no workbook needs them.
            Event::DocType(_) => return Err(Unreadable::Damaged.into()),
            _ => {}
        }
        if self.depth > MAX_DEPTH {
            return Err(Unreadable::Damaged.into());
        }
        Ok(event)
    }

    /// Bytes read so far.
    pub fn position(&self) -> u64 {
        self.reader.buffer_position()
    }

    /// Skips the rest of the current element.
    pub fn skip(&mut self) -> Result<(), ReadError> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            if let Event::Eof = self.next()? {
                return Err(Unreadable::Damaged.into());
            }
        }
        Ok(())
    }

    /// Appends the text of the current element to `text`; what exceeds `most_bytes` is dropped.
    pub fn text(&mut self, text: &mut String, most_bytes: usize) -> Result<(), ReadError> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            let event = self.next()?;
            match &event {
                Event::Text(part) if text.len() <= most_bytes => push_lines(text, part),
                Event::CData(part) if text.len() <= most_bytes => push_lines(text, part),
                Event::GeneralRef(reference) if text.len() <= most_bytes => {
                    text.push_str(&resolved(reference)?);
                }
                Event::Eof => return Err(Unreadable::Damaged.into()),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Appends a text with line endings normalized as XML requires.
fn push_lines(text: &mut String, part: &str) {
    if part.contains('\r') {
        text.push_str(&part.replace("\r\n", "\n").replace('\r', "\n"));
    } else {
        text.push_str(part);
    }
}

fn resolved(reference: &BytesRef<'_>) -> Result<Cow<'static, str>, ReadError> {
    let damaged = || ReadError::from(Unreadable::Damaged);
    if let Some(character) = reference.resolve_char_ref().map_err(|_| damaged())? {
        return Ok(character.to_string().into());
    }
    let found = resolve_xml_entity(reference).ok_or_else(damaged)?;
    Ok(found.into())
}

/// The value of an attribute by its local name, with entities resolved.
pub(super) fn attribute<'a>(
    tag: &'a BytesStart<'_>,
    name: &str,
) -> Result<Option<Cow<'a, str>>, ReadError> {
    for attribute in tag.attributes().with_checks(false) {
        let attribute = attribute.map_err(|_| Unreadable::Damaged)?;
        if attribute.key.local_name().as_ref() == name {
            let value = attribute.value;
            if value.contains('&') {
                let value = quick_xml::escape::unescape(&value).map_err(|_| Unreadable::Damaged)?;
                return Ok(Some(value.into_owned().into()));
            }
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// Whether a text is an XML boolean that is true.
pub(super) fn is_true(value: &str) -> bool {
    matches!(value, "1" | "true" | "on")
}

fn unreadable(error: quick_xml::Error) -> ReadError {
    match error {
        quick_xml::Error::Io(cause) => of_part(io::Error::new(cause.kind(), cause)),
        _ => Unreadable::Damaged.into(),
    }
}

/// Why a part can't be unpacked: it is damaged, or the server's disk failed.
pub(super) fn of_part(error: io::Error) -> ReadError {
    match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
            Unreadable::Damaged.into()
        }
        _ => ReadError::Io(error),
    }
}

/// A reader that fails when one of its limits is reached.
struct Bounded<R> {
    part: BufReader<R>,
    /// Bytes that may still be read.
    left: u64,
    left_of_event: u64,
    /// The limit that was reached.
    stopped: Option<ReadError>,
    name: String,
    most_bytes: u64,
}

impl<R: Read> Bounded<R> {
    fn stop(&mut self, message: String) -> io::Error {
        self.stopped = Some(Unreadable::TooLarge(message).into());
        io::Error::other("a limit is reached")
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let block = self.fill_buf()?;
        let count = block.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), block.get(..count)) {
            to.copy_from_slice(from);
        }
        self.consume(count);
        Ok(count)
    }
}

impl<R: Read> BufRead for Bounded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            let (name, most) = (&self.name, self.most_bytes / MIB);
            let message = format!("the part {name} has more than {most} MiB");
            return Err(self.stop(message));
        }
        if self.left_of_event == 0 {
            return Err(self.stop("one cell has more than a mebibyte".to_owned()));
        }
        let most = self.left.min(self.left_of_event);
        let block = self.part.fill_buf()?;
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(block.len());
        Ok(block.get(..most).unwrap_or_default())
    }

    fn consume(&mut self, bytes: usize) {
        self.part.consume(bytes);
        self.left = self.left.saturating_sub(bytes as u64);
        self.left_of_event = self.left_of_event.saturating_sub(bytes as u64);
    }
}
