//! The zip archive of a workbook: its directory and its parts, unpacked while they are read.
//!
//! Here: the subset of the zip format that workbooks need, with limits on everything that is kept:
//! the directory's bytes and its entries. Not here: the contents of parts. No library is used:
//! existing ones allocate what a directory claims, or an entry for each signature in the file,
//! before anybody can refuse it.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read, Seek, SeekFrom, Take},
};

use flate2::{Crc, read::DeflateDecoder};

use crate::imports::{ReadError, Unreadable};
use crate::tuning::Tuned;

/// A workbook has some dozens of parts; with a picture in each row it has thousands.
const MAX_PARTS: u64 = 10_000;
/// The directory's size: about a hundred bytes per part are usual.
const MAX_DIRECTORY_BYTES: u64 = 4 * 1024 * 1024;
/// The record at the end of a zip, without its comment.
const END_BYTES: usize = 22;
/// The longest comment after it.
const MAX_COMMENT_BYTES: u64 = 65_535;
const LOCATOR_BYTES: usize = 20;
const END64_BYTES: usize = 56;
const ENTRY_BYTES: usize = 46;
const LOCAL_BYTES: usize = 30;

const ENCRYPTED: u16 = 1;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// A zip and its directory.
pub(super) struct Archive {
    file: File,
    length: u64,
    /// Parts by name, with slashes and in lower case: some programs write backslashes, and Excel
    /// ignores case.
    parts: HashMap<String, Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    method: u16,
    flags: u16,
    crc: u32,
    packed_bytes: u64,
    bytes: u64,
    header_at: u64,
}

impl Archive {
    /// Reads the directory.
    pub fn open(mut file: File) -> Result<Self, ReadError> {
        let length = file.seek(SeekFrom::End(0))?;
        let directory = Directory::find(&mut file, length)?;
        if directory.parts > MAX_PARTS {
            let message = format!("it has more than {MAX_PARTS} parts");
            return Err(Unreadable::TooLarge(message).into());
        }
        if directory.bytes > MAX_DIRECTORY_BYTES {
            let message =
                format!("the list of its parts has more than {MAX_DIRECTORY_BYTES} bytes");
            return Err(Unreadable::TooLarge(message).into());
        }
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(directory.at))?;
        file.by_ref()
            .take(directory.bytes)
            .read_to_end(&mut bytes)?;
        let parts = entries(&bytes, directory.parts).ok_or(Unreadable::Damaged)?;
        Ok(Self {
            file,
            length,
            parts,
        })
    }

    /// Whether there is a part with this name.
    pub fn has(&self, name: &str) -> bool {
        self.parts.contains_key(name)
    }

    /// The names of all parts.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.keys().map(String::as_str)
    }

    /// A part's unpacked size according to the directory, so that honest oversized ones are refused
    /// at once.
    pub fn promised_bytes(&self, name: &str) -> u64 {
        self.parts.get(name).map_or(0, |entry| entry.bytes)
    }

    /// Opens a part; `None` if there is none with this name. One at a time: they share the file.
    pub fn part(&mut self, name: &str) -> Result<Option<Part<'_>>, ReadError> {
        let Some(entry) = self.parts.get(name).copied() else {
            return Ok(None);
        };
        if entry.flags & ENCRYPTED != 0 {
            return Err(Unreadable::Encrypted.into());
        }
        let header: [u8; LOCAL_BYTES] = read_at(&mut self.file, self.length, entry.header_at)?;
        if !header.starts_with(b"PK\x03\x04") {
            return Err(Unreadable::Damaged.into());
        }
        // The name and the extra fields may differ from those in the directory.
        let skipped = u64::from(u16_at(&header, 26)) + u64::from(u16_at(&header, 28));
        let data_at = entry.header_at + LOCAL_BYTES as u64 + skipped;
        self.file.seek(SeekFrom::Start(data_at))?;
        let packed = (&self.file).take(entry.packed_bytes);
        let unpacked = match entry.method {
            STORED => Unpacked::Stored(packed),
            DEFLATED => Unpacked::Deflated(DeflateDecoder::new_with_buf(
                packed,
                vec![0; PACKED_BLOCK_BYTES.get()],
            )),
            _ => return Err(Unreadable::Damaged.into()),
        };
        Ok(Some(Part {
            unpacked,
            crc: Crc::new(),
            expected_crc: entry.crc,
        }))
    }
}

/// How much of the file is read at once.
/// Measured: docs/measured.md, "Imports and removals".
static PACKED_BLOCK_BYTES: Tuned<usize> = Tuned::new("PACKED_BLOCK_BYTES", 64 * 1024);

/// A part that is being unpacked.
pub(super) struct Part<'a> {
    unpacked: Unpacked<'a>,
    crc: Crc,
    expected_crc: u32,
}

enum Unpacked<'a> {
    Stored(Take<&'a File>),
    Deflated(DeflateDecoder<Take<&'a File>>),
}

impl Read for Part<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.unpacked {
            Unpacked::Stored(part) => part.read(buffer)?,
            Unpacked::Deflated(part) => part.read(buffer)?,
        };
        self.crc.update(buffer.get(..read).unwrap_or_default());
        if read == 0 && !buffer.is_empty() && self.crc.sum() != self.expected_crc {
            // A digit may have changed: nothing else would detect it.
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the checksum differs",
            ));
        }
        Ok(read)
    }
}

/// The directory's position.
struct Directory {
    at: u64,
    bytes: u64,
    parts: u64,
}

impl Directory {
    fn find(file: &mut File, length: u64) -> Result<Self, ReadError> {
        let tail_bytes = length.min(END_BYTES as u64 + MAX_COMMENT_BYTES);
        let tail_at = length - tail_bytes;
        let mut tail = Vec::new();
        file.seek(SeekFrom::Start(tail_at))?;
        file.by_ref().take(tail_bytes).read_to_end(&mut tail)?;
        // The last one: a comment could contain another, but no program that writes workbooks adds
        // a comment.
        let end = tail
            .windows(END_BYTES)
            .rposition(|window| window.starts_with(b"PK\x05\x06"))
            .ok_or(Unreadable::Damaged)?;
        let end_at = tail_at + end as u64;
        let end = tail.get(end..).unwrap_or_default();
        let mut found = Self {
            at: u64::from(u32_at(end, 16)),
            bytes: u64::from(u32_at(end, 12)),
            parts: u64::from(u16_at(end, 10)),
        };
        let beyond = found.at == u64::from(u32::MAX)
            || found.bytes == u64::from(u32::MAX)
            || found.parts == u64::from(u16::MAX);
        if let Some(locator_at) = end_at.checked_sub(LOCATOR_BYTES as u64).filter(|_| beyond) {
            let locator: [u8; LOCATOR_BYTES] = read_at(file, length, locator_at)?;
            if locator.starts_with(b"PK\x06\x07") {
                let end64_at = u64_at(&locator, 8);
                let end64: [u8; END64_BYTES] = read_at(file, length, end64_at)?;
                if !end64.starts_with(b"PK\x06\x06") {
                    return Err(Unreadable::Damaged.into());
                }
                found = Self {
                    at: u64_at(&end64, 48),
                    bytes: u64_at(&end64, 40),
                    parts: u64_at(&end64, 32),
                };
            }
        }
        let inside = found.at.checked_add(found.bytes);
        if inside.is_none_or(|directory_end| directory_end > end_at) {
            return Err(Unreadable::Damaged.into());
        }
        Ok(found)
    }
}

/// The entries of a directory; `None` if it is truncated. Of two with the same name the later
/// counts.
fn entries(mut bytes: &[u8], count: u64) -> Option<HashMap<String, Entry>> {
    let mut parts = HashMap::new();
    for _ in 0..count {
        let fixed = bytes.get(..ENTRY_BYTES)?;
        if !fixed.starts_with(b"PK\x01\x02") {
            return None;
        }
        let [name, extra, comment] = [28, 30, 32].map(|at| usize::from(u16_at(fixed, at)));
        let extra_at = ENTRY_BYTES + name;
        let next = extra_at + extra + comment;
        let mut entry = Entry {
            flags: u16_at(fixed, 8),
            method: u16_at(fixed, 10),
            crc: u32_at(fixed, 16),
            packed_bytes: u64::from(u32_at(fixed, 20)),
            bytes: u64::from(u32_at(fixed, 24)),
            header_at: u64::from(u32_at(fixed, 42)),
        };
        let name = bytes.get(ENTRY_BYTES..extra_at)?;
        entry.widen(bytes.get(extra_at..extra_at + extra)?);
        let name = String::from_utf8_lossy(name).replace('\\', "/");
        parts.insert(name.to_ascii_lowercase(), entry);
        bytes = bytes.get(next..)?;
    }
    Some(parts)
}

impl Entry {
    /// Takes values that don't fit into 32 bits from ZIP64's extra field: those with all bits set,
    /// in this order.
    fn widen(&mut self, mut extra: &[u8]) {
        while extra.len() >= 4 {
            let length = usize::from(u16_at(extra, 2));
            let field = extra.get(4..4 + length).unwrap_or_default();
            if u16_at(extra, 0) == 1 {
                let mut wide = field.chunks_exact(8).map(|bytes| u64_at(bytes, 0));
                for value in [&mut self.bytes, &mut self.packed_bytes, &mut self.header_at] {
                    if *value == u64::from(u32::MAX) {
                        *value = wide.next().unwrap_or(*value);
                    }
                }
                return;
            }
            extra = extra.get(4 + length..).unwrap_or_default();
        }
    }
}

/// Reads this many bytes of the file; a shorter file is damaged.
fn read_at<const N: usize>(file: &mut File, length: u64, at: u64) -> Result<[u8; N], ReadError> {
    // The system would refuse to seek to some positions that a file may name.
    if at > length {
        return Err(Unreadable::Damaged.into());
    }
    let mut bytes = [0; N];
    file.seek(SeekFrom::Start(at))?;
    match file.read_exact(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(Unreadable::Damaged.into())
        }
        Err(error) => Err(error.into()),
    }
}

fn bytes_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let found = bytes
        .get(at..at + N)
        .and_then(|found| found.try_into().ok());
    // Every caller has checked the length.
    found.unwrap_or([0; N])
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes_at(bytes, at))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes_at(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes_at(bytes, at))
}
