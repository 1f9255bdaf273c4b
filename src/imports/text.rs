//! A file's text as UTF-8, block by block, whatever its encoding.
//!
//! Here: reading and decoding. Invalid bytes become U+FFFD, and rows with it are refused. Not here:
//! detecting the encoding, which is in `encoding`.

mod code_page_850;
mod encoding;
mod plausible;

use std::{
    fs::File,
    io::{self, Read, Seek, Take},
};

use encoding_rs::Decoder;

use self::encoding::Charset;
use super::ReadError;
use crate::tuning::Tuned;

/// How much is read at once.
/// Measured: docs/measured.md, "Imports and removals".
static BLOCK_BYTES: Tuned<usize> = Tuned::new("TEXT_BLOCK_BYTES", 64 * 1024);
/// MS-DOS's end-of-file mark; some programs still write it, and fill a sector with it.
const END_OF_FILE: u8 = 0x1A;
/// The most such marks at the end.
const MAX_ENDS: u64 = 128;

/// A file's text.
pub(super) struct Text {
    file: Take<File>,
    charset: Charset,
    decoder: Decoder,
    raw: Box<[u8]>,
    ended: bool,
    is_cut: bool,
}

impl Text {
    /// Opens a file's text at its beginning.
    pub fn of(mut file: File) -> Result<Self, ReadError> {
        let charset = encoding::detect(&mut file)?;
        let whole = file.seek(io::SeekFrom::End(0))?;
        // The last byte of a wide character may look like the mark.
        let ends = if charset.is_wide() {
            0
        } else {
            ends(&mut file, whole)?
        };
        file.rewind()?;
        Ok(Self {
            file: file.take(whole - ends),
            // This decoder removes a byte order mark.
            decoder: charset.decoder(),
            charset,
            raw: vec![0; BLOCK_BYTES.get()].into_boxed_slice(),
            ended: false,
            is_cut: ends > 0,
        })
    }

    /// The name of its encoding.
    pub fn encoding(&self) -> &'static str {
        self.charset.name()
    }

    /// Whether the encoding was guessed from the text, so that parts of it may be in another.
    pub fn is_guessed(&self) -> bool {
        self.charset.is_guessed()
    }

    /// Whether an MS-DOS end-of-file mark is left out.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Appends the next block to `text`; false at the end.
    pub fn add_to(&mut self, text: &mut Vec<u8>) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        let read = read_some(&mut self.file, &mut self.raw)?;
        self.ended = read == 0;
        let raw = self.raw.get(..read).unwrap_or_default();
        if self.charset == Charset::CodePage850 {
            code_page_850::decode(raw, text);
            return Ok(true);
        }
        // Enough for the text of this many bytes in any encoding, so that one call decodes all of
        // them.
        let most = self
            .decoder
            .max_utf8_buffer_length(read)
            .unwrap_or(4 * BLOCK_BYTES.get());
        let before = text.len();
        text.resize(before + most, 0);
        let room = text.get_mut(before..).unwrap_or_default();
        let (_, _, written, _) = self.decoder.decode_to_utf8(raw, room, self.ended);
        text.truncate(before + written);
        Ok(true)
    }
}

/// The number of marks at the end of a file of this length.
fn ends(file: &mut File, length: u64) -> io::Result<u64> {
    let tail = length.min(MAX_ENDS);
    file.seek(io::SeekFrom::Start(length - tail))?;
    let mut end = Vec::new();
    file.take(tail).read_to_end(&mut end)?;
    let marks = end.iter().rev().take_while(|byte| **byte == END_OF_FILE);
    Ok(marks.count() as u64)
}

fn read_some(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
