//! What a text is written in.
//!
//! A byte order mark decides. Without one the first bytes that are not ASCII do, wherever in the file they stand: if
//! at least half of what is not ASCII among them is UTF-8, the text is UTF-8, since by chance hardly any is, and the
//! rest is wrong bytes. Any other text is shown to the detector that Firefox uses, which knows the encodings of the
//! web and is often wrong of a few words. Of its guess, of Windows-1252, and of Mac Roman and code page 850, which it
//! does not know, the one is taken in which the text reads like words (`plausible`); if none is, the file is refused.

use std::{
    fs::File,
    io::{self, Seek},
};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::{BLOCK_BYTES, code_page_850, plausible, read_some};
use crate::imports::{ReadError, Unreadable};

/// How much is looked at from the first block with a byte that is not ASCII.
const SHOWN_BYTES: usize = 256 * 1024;

/// What a text is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charset {
    /// UTF-8, or what a byte order mark says.
    Said(&'static Encoding),
    /// What it reads like.
    Guessed(&'static Encoding),
    /// The code page of western Europe in MS-DOS, which it reads like.
    CodePage850,
}

impl Charset {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Said(encoding) | Self::Guessed(encoding) => encoding.name(),
            Self::CodePage850 => "IBM850",
        }
    }

    /// Whether each character takes two bytes or four.
    pub fn is_wide(self) -> bool {
        matches!(self, Self::Said(encoding) if encoding == UTF_16LE || encoding == UTF_16BE)
    }

    /// Whether nothing but how it reads says so.
    pub fn is_guessed(self) -> bool {
        !matches!(self, Self::Said(_))
    }

    /// Whether no character takes more than a byte.
    pub fn is_single_byte(self) -> bool {
        match self {
            Self::Said(encoding) | Self::Guessed(encoding) => encoding.is_single_byte(),
            Self::CodePage850 => true,
        }
    }

    /// Its decoder; one that is not used if it has none.
    pub fn decoder(self) -> Decoder {
        match self {
            Self::Said(encoding) => encoding.new_decoder(),
            // What looks like a mark is text.
            Self::Guessed(encoding) => encoding.new_decoder_without_bom_handling(),
            Self::CodePage850 => UTF_8.new_decoder(),
        }
    }

    /// A beginning of a text.
    pub fn decode(self, bytes: &[u8]) -> String {
        match self {
            Self::Said(encoding) | Self::Guessed(encoding) => {
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

/// What a file's text is written in.
///
/// # Errors
/// That it can't be said, and a disk that fails.
pub(super) fn detect(file: &mut File) -> Result<Charset, ReadError> {
    let sample = match sample(file)? {
        Sample::Marked(encoding) => return Ok(Charset::Said(encoding)),
        Sample::Text(sample) => sample,
    };
    let (written, wrong) = utf8(&sample);
    if written >= wrong {
        return Ok(Charset::Said(UTF_8));
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(&sample, true);
    let guess = detector.guess(None, Utf8Detection::Deny);
    let best = plausible::best(Charset::Guessed(guess), |charset| charset.decode(&sample));
    Ok(best.ok_or(Unreadable::Encoding)?)
}

enum Sample {
    /// A byte order mark says what it is.
    Marked(&'static Encoding),
    /// The first blocks from the first byte that is not ASCII; empty if there is none.
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

/// How many characters that are not ASCII are written in UTF-8, and how many bytes are not. What the sample's end cuts
/// counts as neither.
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
