//! File formats, detected by content, whatever the file's name.

use std::{
    fs::File,
    io::{self, Read, Seek},
};

use encoding_rs::Encoding;

use super::{ReadError, Unreadable};

/// The supported formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Delimited text.
    Text,
    /// A zip archive that should be an Excel workbook.
    Workbook,
}

/// Signatures of other formats, named in the error message.
const OTHERS: [(&[u8], &str); 8] = [
    (b"\x89PNG", written!("a PNG image")),
    (b"\xFF\xD8\xFF", written!("a JPEG image")),
    (b"GIF8", written!("a GIF image")),
    (b"%PDF", written!("a PDF document")),
    (b"\x1F\x8B", written!("compressed with gzip")),
    (b"7z\xBC\xAF\x27\x1C", written!("a 7z archive")),
    (b"Rar!", written!("a RAR archive")),
    (b"{\\rtf", written!("a rich text document")),
];

/// How much of the start is examined: every text is recognisable within it.
const START_BYTES: u64 = 16 * 1024;

/// Detects a file's format by its first bytes.
///
/// # Errors
/// The file has another format, or the disk failed.
pub fn format(file: &mut File) -> Result<Format, ReadError> {
    let mut start = Vec::new();
    file.rewind()?;
    file.by_ref().take(START_BYTES).read_to_end(&mut start)?;
    // The whole file, which may end with the MS-DOS mark.
    if (start.len() as u64) < START_BYTES {
        let ends = start.iter().rev().take_while(|byte| **byte == 0x1A).count();
        start.truncate(start.len() - ends);
    }
    if start.is_empty() {
        return Err(Unreadable::Empty.into());
    }
    if start.starts_with(b"PK\x03\x04") {
        return Ok(Format::Workbook);
    }
    if start.starts_with(b"PK\x05\x06") {
        return Err(Unreadable::Other(written!("an empty zip archive")).into());
    }
    if start.starts_with(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1") {
        return Err(compound(file)?.into());
    }
    if let Some((_, what)) = OTHERS.iter().find(|(magic, _)| start.starts_with(magic)) {
        return Err(Unreadable::Other(what).into());
    }
    // UTF-16 has a byte order mark; no other text contains NUL or similar bytes.
    let is_wide =
        Encoding::for_bom(&start).is_some_and(|(encoding, _)| encoding != encoding_rs::UTF_8);
    let binary = |byte: &u8| matches!(byte, 0x00..=0x08 | 0x0E..=0x1A | 0x1C..=0x1F);
    if !is_wide && start.iter().any(binary) {
        return Err(Unreadable::Other(written!("not a text file")).into());
    }
    Ok(Format::Text)
}

/// The container of Excel before 2007; encrypted workbooks of today use it, too.
fn compound(file: &mut File) -> io::Result<Unreadable> {
    let marker: Vec<u8> = "EncryptedPackage"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    file.rewind()?;
    if count(file, &marker, 1)? > 0 {
        return Ok(Unreadable::Encrypted);
    }
    Ok(Unreadable::OtherWorkbook(written!(
        "a workbook of Excel 2003 or older (.xls), or another old document"
    )))
}

/// Counts occurrences of `wanted` in a file, up to `most`.
pub(super) fn count(file: &mut impl Read, wanted: &[u8], most: usize) -> io::Result<usize> {
    const BLOCK_BYTES: usize = 64 * 1024;
    let mut window: Vec<u8> = Vec::with_capacity(BLOCK_BYTES + wanted.len());
    let mut found = 0;
    loop {
        // A possible beginning of a match is kept.
        let kept = window.len().min(wanted.len().saturating_sub(1));
        window.drain(..window.len() - kept);
        let read = file.take(BLOCK_BYTES as u64).read_to_end(&mut window)?;
        found += window
            .windows(wanted.len())
            .filter(|bytes| *bytes == wanted)
            .count();
        if read == 0 || found >= most {
            return Ok(found.min(most));
        }
    }
}
