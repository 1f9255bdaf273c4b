//! What a workbook unpacks to, counted before anything of it is kept: a few kilobytes of zip may hold
//! gigabytes, in one sheet, in one cell or in one table of texts.
//!
//! Every part is unpacked once, into nothing. The bounds are on what reading it afterwards would hold in memory:
//! the parts that are read whole, the texts that sheets share, and one cell with what stands around it. Sheets
//! are read cell by cell, so that only their sum is bounded, for the time that it takes.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek},
};

use zip::{ZipArchive, result::ZipError};

use super::{ReadError, Unreadable, format::count};

const MIB: u64 = 1024 * 1024;
/// All parts together. A full sheet of a million rows and ten columns comes to about half of it.
const MAX_BYTES: u64 = 1024 * MIB;
/// The texts that sheets share, which are held in memory: three columns of a million different texts each fit.
const MAX_TEXTS_BYTES: u64 = 128 * MIB;
/// How many of them: each takes memory however short it is.
const MAX_TEXTS: u64 = 4_000_000;
/// Any other part: styles and the like are read whole.
const MAX_PART_BYTES: u64 = 32 * MIB;
/// From one cell, row or text to the next: a cell has at most 32,767 characters.
const MAX_GAP_BYTES: u64 = MIB;
/// Parts: a workbook has some dozens, and each takes memory as soon as the zip is opened.
const MAX_PARTS: usize = 10_000;

/// Unpacks every part of a zip and refuses what would be too much to read.
pub(super) fn check(file: &mut File) -> Result<(), ReadError> {
    file.rewind()?;
    if count(file, b"PK\x01\x02", MAX_PARTS + 1)? > MAX_PARTS {
        return Err(too_large(format!("it has more than {MAX_PARTS} parts")));
    }
    file.rewind()?;
    let mut zip = ZipArchive::new(BufReader::new(file)).map_err(unreadable)?;
    refuse_other_kinds(&zip)?;
    let mut left = MAX_BYTES;
    for index in 0..zip.len() {
        let part = zip.by_index(index).map_err(unreadable)?;
        let name = part
            .name()
            .map_err(unreadable)?
            .replace('\\', "/")
            .to_ascii_lowercase();
        let kind = Kind::of(&name);
        let most = left.min(kind.most_bytes());
        let bytes = measure(part.take(most + 1), kind)?;
        if bytes > most {
            return Err(too_large(match kind {
                Kind::Texts => format!("its texts have more than {} MiB", MAX_TEXTS_BYTES / MIB),
                Kind::Other if most < left => {
                    format!("the part {name} has more than {} MiB", most / MIB)
                }
                _ => format!("it has more than {} MiB", MAX_BYTES / MIB),
            }));
        }
        left -= bytes;
    }
    Ok(())
}

fn too_large(what: String) -> ReadError {
    Unreadable::TooLarge(what).into()
}

fn unreadable(error: ZipError) -> ReadError {
    match error {
        ZipError::Io(cause) if cause.kind() != io::ErrorKind::InvalidData => match cause.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput => {
                Unreadable::Damaged.into()
            }
            _ => ReadError::Io(cause),
        },
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => Unreadable::Encrypted.into(),
        _ => Unreadable::Damaged.into(),
    }
}

/// A zip may be anything. What holds a workbook says so by the names of its parts.
fn refuse_other_kinds<R: Read + Seek>(zip: &ZipArchive<R>) -> Result<(), ReadError> {
    let names: Vec<String> = zip
        .file_names()
        .filter_map(Result::ok)
        .map(|name| name.replace('\\', "/").to_ascii_lowercase())
        .collect();
    let has = |wanted: &str| names.iter().any(|name| name == wanted);
    if has("xl/workbook.bin") {
        return Err(Unreadable::OtherWorkbook("a binary workbook (.xlsb)").into());
    }
    if has("content.xml") && has("meta-inf/manifest.xml") {
        return Err(Unreadable::OtherWorkbook("an OpenDocument file").into());
    }
    if !has("[content_types].xml") || !names.iter().any(|name| name.starts_with("xl/")) {
        return Err(Unreadable::Other("a zip file that is no workbook").into());
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sheet,
    Texts,
    Other,
}

impl Kind {
    fn of(name: &str) -> Self {
        if name.ends_with("sharedstrings.xml") {
            Self::Texts
        } else if name.contains("worksheets/") && name.ends_with(".xml") {
            Self::Sheet
        } else {
            Self::Other
        }
    }

    fn most_bytes(self) -> u64 {
        match self {
            Self::Sheet => MAX_BYTES,
            Self::Texts => MAX_TEXTS_BYTES,
            Self::Other => MAX_PART_BYTES,
        }
    }
}

/// Reads a part to its end; how many bytes it has.
fn measure(mut part: impl Read, kind: Kind) -> Result<u64, ReadError> {
    let mut block = vec![0; 64 * 1024];
    let mut bytes = 0;
    let mut measured = Measured::default();
    loop {
        let read = match part.read(&mut block) {
            Ok(0) => return Ok(bytes),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            // What can't be unpacked is broken; a disk that fails shows again at the next read.
            Err(_) => return Err(Unreadable::Damaged.into()),
        };
        bytes += read as u64;
        if kind != Kind::Other {
            measured.look(block.get(..read).unwrap_or_default());
            measured.judge(kind)?;
        }
    }
}

/// What a sheet or the shared texts are made of, by their tags alone.
#[derive(Debug, Default)]
struct Measured {
    /// The name of the tag that is being read; `None` between tags.
    tag: Option<Name>,
    /// Bytes since the last cell, row or text began.
    gap: u64,
    longest_gap: u64,
    texts: u64,
    /// The part is not in an encoding in which tags can be seen.
    hidden: bool,
    /// How many texts it says it has: room is made for as many at once.
    promised: u64,
    promise: Promise,
}

#[derive(Debug, Default)]
struct Name {
    bytes: [u8; 4],
    length: usize,
}

impl Measured {
    fn look(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.gap += 1;
            self.hidden |= byte == 0;
            if let Some(promised) = self.promise.next(byte) {
                self.promised = self.promised.max(promised);
            }
            match &mut self.tag {
                None if byte == b'<' => self.tag = Some(Name::default()),
                None => {}
                // A prefix is not part of the name.
                Some(name) if byte == b':' => *name = Name::default(),
                Some(name)
                    if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.') =>
                {
                    if let Some(at) = name.bytes.get_mut(name.length) {
                        *at = byte;
                    }
                    name.length += 1;
                }
                Some(name) => {
                    match name.bytes.get(..name.length) {
                        Some(b"si") => {
                            self.texts += 1;
                            self.mark();
                        }
                        Some(b"c" | b"row") => self.mark(),
                        _ => {}
                    }
                    self.tag = None;
                }
            }
        }
    }

    fn mark(&mut self) {
        self.longest_gap = self.longest_gap.max(self.gap);
        self.gap = 0;
    }

    fn judge(&self, kind: Kind) -> Result<(), ReadError> {
        // What stands after the last cell of a sheet is passed over.
        let most_after = if kind == Kind::Texts {
            MAX_GAP_BYTES
        } else {
            MAX_PART_BYTES
        };
        if self.hidden {
            return Err(Unreadable::Damaged.into());
        }
        if self.longest_gap > MAX_GAP_BYTES || self.gap > most_after {
            return Err(too_large("one cell has more than a mebibyte".to_owned()));
        }
        if self.texts > MAX_TEXTS || self.promised > MAX_TEXTS {
            return Err(too_large(format!("it has more than {MAX_TEXTS} texts")));
        }
        Ok(())
    }
}

/// Finds what `uniqueCount="…"` says, wherever it stands.
#[derive(Debug, Default)]
struct Promise {
    /// How many bytes of the attribute's name were seen.
    seen: usize,
    digits: u64,
}

const ATTRIBUTE: &[u8] = b"uniqueCount";

impl Promise {
    fn next(&mut self, byte: u8) -> Option<u64> {
        if self.seen == ATTRIBUTE.len() {
            if byte.is_ascii_digit() {
                self.digits = self
                    .digits
                    .saturating_mul(10)
                    .saturating_add(u64::from(byte - b'0'));
                return Some(self.digits);
            }
            if matches!(byte, b'=' | b'"' | b'\'') || byte.is_ascii_whitespace() && self.digits == 0
            {
                return None;
            }
        }
        if ATTRIBUTE.get(self.seen) == Some(&byte) {
            self.seen += 1;
        } else {
            // No letter of it but the first begins it anew.
            self.seen = usize::from(byte == b'u');
            self.digits = 0;
        }
        None
    }
}
