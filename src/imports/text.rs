//! A file's text as UTF-8, block by block, whatever it was written in.
//!
//! Here: reading and decoding. A byte that no character begins with becomes U+FFFD, which no row with it is imported
//! with. Not here: what the text is written in, which is `encoding`.

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
/// What MS-DOS ended texts with; some programs still do, and fill a sector with it.
const END_OF_FILE: u8 = 0x1A;
/// How many of them may stand at the end.
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
    /// A file's text, from its beginning.
    pub fn of(mut file: File) -> Result<Self, ReadError> {
        let charset = encoding::detect(&mut file)?;
        let whole = file.seek(io::SeekFrom::End(0))?;
        // The last byte of a wide character may be the mark's.
        let ends = if charset.is_wide() {
            0
        } else {
            ends(&mut file, whole)?
        };
        file.rewind()?;
        Ok(Self {
            file: file.take(whole - ends),
            // It takes away a byte order mark.
            decoder: charset.decoder(),
            charset,
            raw: vec![0; BLOCK_BYTES.get()].into_boxed_slice(),
            ended: false,
            is_cut: ends > 0,
        })
    }

    /// What it is written in.
    pub fn encoding(&self) -> &'static str {
        self.charset.name()
    }

    /// Whether that was guessed by how it reads, so that some of it may be written in something else.
    pub fn is_guessed(&self) -> bool {
        self.charset.is_guessed()
    }

    /// Whether an end-of-file mark of MS-DOS is left out.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Adds what comes next to `text`; false if nothing is left.
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
        // Enough for any text of so many bytes, so that one call takes all of it.
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

/// How many marks end a file of so many bytes.
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
