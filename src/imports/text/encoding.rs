//! Detects a text's encoding.
//!
//! A byte order mark decides. Without one the first non-ASCII bytes do, wherever in the file they
//! are: if at least half of the non-ASCII characters in them are valid UTF-8, the text is UTF-8,
//! because hardly any are by chance, and the rest are wrong bytes. Any other text goes to Firefox's
//! detector, which knows the encodings of the web and is often wrong about a few words. Among its
//! guess, Windows-1252, and Mac Roman and code page 850, which it does not know, the encoding is
//! chosen in which the text reads like words (`plausible`); if there is none, the file is refused.

use std::{
    fs::File,
    io::{self, Seek},
};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::{BLOCK_BYTES, code_page_850, plausible, read_some};
use crate::imports::{ReadError, Unreadable};

/// How much is examined from the first block with a non-ASCII byte.
const SHOWN_BYTES: usize = 256 * 1024;

/// The encoding of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charset {
    /// UTF-8, or the encoding of a byte order mark.
    Declared(&'static Encoding),
    /// Guessed from the text.
    Guessed(&'static Encoding),
    /// MS-DOS's code page of western Europe, guessed from the text.
    CodePage850,
}

impl Charset {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Declared(encoding) | Self::Guessed(encoding) => encoding.name(),
            Self::CodePage850 => "IBM850",
        }
    }

    /// Whether it is UTF-16.
    pub fn is_wide(self) -> bool {
        matches!(self, Self::Declared(encoding) if encoding == UTF_16LE || encoding == UTF_16BE)
    }

    /// Whether it was guessed from the text.
    pub fn is_guessed(self) -> bool {
        !matches!(self, Self::Declared(_))
    }

    /// Whether every character is a single byte.
    pub fn is_single_byte(self) -> bool {
        match self {
            Self::Declared(encoding) | Self::Guessed(encoding) => encoding.is_single_byte(),
            Self::CodePage850 => true,
        }
    }

    /// Its decoder; for code page 850 one that is never used.
    pub fn decoder(self) -> Decoder {
        match self {
            Self::Declared(encoding) => encoding.new_decoder(),
            // Bytes that look like a byte order mark are text.
            Self::Guessed(encoding) => encoding.new_decoder_without_bom_handling(),
            Self::CodePage850 => UTF_8.new_decoder(),
        }
    }

    /// Decodes the beginning of a text.
    pub fn decode(self, bytes: &[u8]) -> String {
        match self {
            Self::Declared(encoding) | Self::Guessed(encoding) => {
                encoding.decode_without_bom_handling(bytes).0.into_owned()
            }
            Self::CodePage850 => {
                let mut text = Vec::with_capacity(bytes.len());
                code_page_850::decode(bytes, &mut text);
                String::from_utf8(text).unwrap_or_default()
            }
        }
    }
}

/// Detects the encoding of a file's text.
///
/// # Errors
/// The encoding can't be recognised, or the disk failed.
pub(super) fn detect(file: &mut File) -> Result<Charset, ReadError> {
    let sample = match sample(file)? {
        Sample::Marked(encoding) => return Ok(Charset::Declared(encoding)),
        Sample::Text(sample) => sample,
    };
    let (written, wrong) = utf8(&sample);
    if written >= wrong {
        return Ok(Charset::Declared(UTF_8));
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(&sample, true);
    let guess = detector.guess(None, Utf8Detection::Deny);
    let best = plausible::best(Charset::Guessed(guess), |charset| charset.decode(&sample));
    Ok(best.ok_or(Unreadable::Encoding)?)
}

enum Sample {
    /// A byte order mark states the encoding.
    Marked(&'static Encoding),
    /// The first blocks from the first non-ASCII byte; empty if there is none.
    Text(Vec<u8>),
}

fn sample(file: &mut File) -> io::Result<Sample> {
    file.rewind()?;
    let mut block = vec![0; BLOCK_BYTES.get()];
    let mut sample = Vec::new();
    let mut at_start = true;
    while sample.len() < SHOWN_BYTES {
        let read = read_some(file, &mut block)?;
        let bytes = block.get(..read).unwrap_or_default();
        if at_start && let Some((encoding, _)) = Encoding::for_bom(bytes) {
            return Ok(Sample::Marked(encoding));
        }
        at_start = false;
        if read == 0 {
            break;
        }
        if !sample.is_empty() || !bytes.is_ascii() {
            sample.extend_from_slice(bytes);
        }
    }
    Ok(Sample::Text(sample))
}

/// The numbers of valid non-ASCII UTF-8 characters and of invalid bytes. A character cut at the
/// sample's end counts as neither.
fn utf8(sample: &[u8]) -> (usize, usize) {
    let (mut written, mut wrong) = (0, 0);
    let mut chunks = sample.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        written += chunk
            .valid()
            .chars()
            .filter(|character| !character.is_ascii())
            .count();
        let is_cut = chunks.peek().is_none() && chunk.invalid().len() > 1;
        if !chunk.invalid().is_empty() && !is_cut {
            wrong += 1;
        }
    }
    (written, wrong)
}
