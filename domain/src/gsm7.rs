//! The GSM 7-bit default alphabet and its extension table (law S1), 3GPP TS 23.038 §6.2.1 and
//! §6.2.1.1.
//!
//! Here: their characters and codes, and a fast check whether a text is GSM-7. Not here: how many
//! septets a segment holds ([`crate::segmentation`]), and what to send for a character that GSM-7
//! lacks ([`crate::smart_encoding`]).
//!
//! The alphabet has `Ç` at 0x09 and not `ç`; it has no backtick, no tab and no no-break space. Form
//! feed is the extension table's page break, 0x0A.
//!
//! ```
//! use domain::gsm7::{self, Code};
//!
//! assert_eq!(gsm7::septets('è'), Some(1));
//! assert_eq!(gsm7::septets('€'), Some(2));
//! assert_eq!(gsm7::septets('ç'), None);
//! assert_eq!(gsm7::code('€'), Some(Code::Extension(0x65)));
//! ```

pub(crate) mod block;
pub mod national;

use block::BLOCK;

/// The default alphabet by code (§6.2.1). Code 0x1B is not a character: it announces one of the
/// extension table. It is U+001B here, which [`septets`] does not accept as a character.
pub const ALPHABET: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å', //
    'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', '\u{1B}', 'Æ', 'æ', 'ß', 'É', //
    ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/', //
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?', //
    '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', //
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§', //
    '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', //
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à', //
];

/// The extension table by code (§6.2.1.1); each is sent as 0x1B and its code: two septets.
pub const EXTENSION: [(u8, char); 10] = [
    (0x0A, '\u{C}'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2F, '\\'),
    (0x3C, '['),
    (0x3D, '~'),
    (0x3E, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

/// The code that announces a character of the extension table.
pub const ESCAPE: u8 = 0x1B;

/// The code of a character in GSM-7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// One septet, of the default alphabet.
    Alphabet(u8),
    /// Two septets: [`ESCAPE`] and this one, of the extension table.
    Extension(u8),
}

impl Code {
    /// The number of septets.
    #[must_use]
    pub const fn septets(self) -> usize {
        match self {
            Self::Alphabet(_) => 1,
            Self::Extension(_) => 2,
        }
    }

    /// The character that a phone shows for the code; `None` if the tables leave it undefined.
    #[must_use]
    pub fn character(self) -> Option<char> {
        match self {
            Self::Alphabet(ESCAPE) => None,
            Self::Alphabet(code) => ALPHABET.get(usize::from(code)).copied(),
            Self::Extension(code) => EXTENSION
                .iter()
                .find_map(|&(at, character)| (at == code).then_some(character)),
        }
    }
}

/// The code of a character in GSM-7; `None` if GSM-7 lacks it.
#[must_use]
pub fn code(character: char) -> Option<Code> {
    // The escape code is not a character, and neither table has U+001B.
    if character == '\u{1B}' {
        return None;
    }
    let alphabet = ALPHABET.iter().position(|&each| each == character);
    let extension = || EXTENSION.iter().find(|&&(_, each)| each == character);
    match alphabet {
        // 128 codes fit a byte.
        Some(code) => Some(Code::Alphabet(code as u8)),
        None => extension().map(|&(code, _)| Code::Extension(code)),
    }
}

/// The septets of a character in GSM-7, 1 or 2; `None` if GSM-7 lacks it.
#[must_use]
pub const fn septets(character: char) -> Option<usize> {
    match SEPTETS_BELOW_0X400.get_at(character as u32) {
        0 if character == '€' => Some(2),
        0 => None,
        septets => Some(septets as usize),
    }
}

/// Whether GSM-7 has the character.
#[must_use]
pub const fn contains(character: char) -> bool {
    septets(character).is_some()
}

/// Every character of both tables except `€` is below U+0400, at most two bytes of UTF-8.
struct SeptetsByScalar([u8; 0x400]);

impl SeptetsByScalar {
    const fn get_at(&self, scalar: u32) -> u8 {
        if scalar < 0x400 {
            self.0[scalar as usize]
        } else {
            0
        }
    }
}

static SEPTETS_BELOW_0X400: SeptetsByScalar = SeptetsByScalar(septets_below_0x400());

const fn septets_below_0x400() -> [u8; 0x400] {
    let mut table = [0; 0x400];
    let mut code = 0;
    while code < ALPHABET.len() {
        if code != ESCAPE as usize {
            table[ALPHABET[code] as usize] = 1;
        }
        code += 1;
    }
    let mut entry = 0;
    while entry < EXTENSION.len() {
        let scalar = EXTENSION[entry].1 as usize;
        if scalar < table.len() {
            table[scalar] = 2;
        }
        entry += 1;
    }
    table
}

/// The longest prefix of a text that is GSM-7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Prefix {
    /// Its bytes.
    pub bytes: usize,
    /// Its code points; all are in the Basic Multilingual Plane, so these are its UTF-16 units too.
    pub characters: usize,
    /// Its septets.
    pub septets: usize,
}

/// Finds the longest prefix of the text that is GSM-7; the next character, if any, is not.
pub(crate) fn prefix(text: &str) -> Prefix {
    let bytes = text.as_bytes();
    let mut prefix = Prefix::default();
    loop {
        let rest = bytes.get(prefix.bytes..).unwrap_or_default();
        let taken = rest.len().min(BLOCK);
        if taken == 0 {
            return prefix;
        }
        let mut filled = FILLER;
        let block = block::first(rest, &mut filled);
        if is_single(block) {
            prefix.bytes += taken;
            prefix.characters += taken;
            prefix.septets += taken;
        } else if let Some(mixed) = mixed(block, rest) {
            prefix.bytes += mixed.bytes;
            prefix.characters += mixed.characters;
            prefix.septets += mixed.septets;
        } else if !step_through(rest, taken, &mut prefix) {
            return prefix;
        }
    }
}

/// The byte that pads the last, short block: a letter, which changes nothing.
const FILLER: [u8; BLOCK] = [b'x'; BLOCK];

/// Whether every byte is ASCII of one septet, as most text is. It has no branches, so that the
/// compiler checks sixteen bytes or more at once.
fn is_single(block: &[u8; BLOCK]) -> bool {
    let other = |sum, &byte: &u8| sum | u8::from(is_other(byte));
    block.iter().fold(0, other) == 0
}

/// Whether a byte is anything but ASCII of one septet.
const fn is_other(byte: u8) -> bool {
    // As signed bytes, those that are not ASCII are below zero.
    let signed = byte as i8;
    let low = (signed < 0x20) & (byte != b'\n') & (byte != b'\r');
    let signs = (byte.wrapping_sub(b'[') < 6) & (byte != b'_');
    low | signs | (signed > b'z' as i8)
}

/// Takes a whole block, with the bytes of its last character that reach beyond it, if all of it is
/// GSM-7. ASCII is checked together as above, other characters one by one.
fn mixed(block: &[u8; BLOCK], rest: &[u8]) -> Option<Prefix> {
    let (mut following, mut euros) = (0, 0);
    let mut done = 0;
    for (word, at) in block.as_chunks::<8>().0.iter().zip((0..).step_by(8)) {
        let mut high = u64::from_le_bytes(*word) & 0x8080_8080_8080_8080;
        while high != 0 {
            let at = at + high.trailing_zeros() as usize / 8;
            high &= high - 1;
            // The other bytes of a character are done with its first.
            if at < done {
                continue;
            }
            let (length, septets) = beyond_ascii(rest.get(at..)?)?;
            following += length - 1;
            euros += septets - 1;
            done = at + length;
        }
    }
    let (mut foreign, mut extensions) = (0_u8, 0_u8);
    for &byte in block {
        let control = (byte < 0x20) & (byte != b'\n') & (byte != b'\r') & (byte != 0x0C);
        foreign |= u8::from(control | (byte == b'`') | (byte == 0x7F));
        extensions = extensions.wrapping_add(u8::from(is_ascii_extension(byte)));
    }
    if foreign != 0 {
        return None;
    }
    let end = rest.len().min(BLOCK).max(done);
    let characters = end - following;
    Some(Prefix {
        bytes: end,
        characters,
        septets: characters + usize::from(extensions) + euros,
    })
}

/// The bytes and septets of the first character of a text, which is not ASCII; `None` if it is not
/// GSM-7.
fn beyond_ascii(rest: &[u8]) -> Option<(usize, usize)> {
    match *rest {
        [lead @ 0xC2..=0xCF, next, ..] => {
            let scalar = (u32::from(lead & 0x1F) << 6) | u32::from(next & 0x3F);
            match SEPTETS_BELOW_0X400.get_at(scalar) {
                0 => None,
                septets => Some((2, usize::from(septets))),
            }
        }
        // The euro sign.
        [0xE2, 0x82, 0xAC, ..] => Some((3, 2)),
        _ => None,
    }
}

/// `[`, `\`, `]`, `^` and, with one bit more, `{`, `|`, `}`, `~`; and the form feed.
pub(crate) const fn is_ascii_extension(byte: u8) -> bool {
    ((byte | 0x20).wrapping_sub(b'{') < 4) | (byte == 0x0C)
}

/// Takes characters one by one until this many bytes are reached or passed; returns false at the
/// first character that is not GSM-7.
fn step_through(mut rest: &[u8], bytes: usize, prefix: &mut Prefix) -> bool {
    let end = prefix.bytes + bytes;
    while prefix.bytes < end {
        let (length, septets) = match *rest {
            [byte @ ..0x80, ..] => match SEPTETS_BELOW_0X400.get_at(u32::from(byte)) {
                0 => return false,
                septets => (1, usize::from(septets)),
            },
            _ => match beyond_ascii(rest) {
                Some(found) => found,
                None => return false,
            },
        };
        rest = rest.get(length..).unwrap_or_default();
        prefix.bytes += length;
        prefix.characters += 1;
        prefix.septets += septets;
    }
    true
}

/// Whether a byte may belong to a character that GSM-7 lacks: it is not ASCII, a control character,
/// or one of the two printable ASCII characters that GSM-7 lacks.
const fn may_be_foreign(byte: u8) -> bool {
    // As a signed byte, one that is not ASCII is below zero.
    ((byte as i8) < 0x20) | (byte == b'`') | (byte == 0x7F)
}

/// Whether any byte of a block may belong to a character that GSM-7 lacks.
fn has_foreign<const N: usize>(block: &[u8; N]) -> bool {
    let some = |some, &byte: &u8| some | may_be_foreign(byte);
    block.iter().fold(false, some)
}

/// The bytes that are checked together while no such character is expected.
const WIDE: usize = 4 * BLOCK;

/// A character that GSM-7 lacks, in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Foreign<'a> {
    pub character: char,
    /// The text before it.
    pub before: &'a str,
    /// The number of code points before it.
    pub offset: usize,
}

/// The number of bytes at the end of a text that are ASCII and GSM-7, counted in whole blocks.
///
/// Most texts that are not GSM-7 have the characters that it lacks in one place: between such a
/// prefix and such an end.
pub(crate) fn ascii_end(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some((before, wide)) = rest.split_last_chunk::<WIDE>()
        && !has_foreign(wide)
    {
        rest = before;
    }
    while let Some((before, block)) = rest.split_last_chunk::<BLOCK>()
        && !has_foreign(block)
    {
        rest = before;
    }
    bytes.len() - rest.len()
}

/// Reports every character of the text that GSM-7 lacks, if the text is known to begin with this
/// prefix and to end in this many bytes of ASCII that GSM-7 has.
pub(crate) fn each_foreign<'a>(
    text: &'a str,
    prefix: Prefix,
    ascii_end: usize,
    mut found: impl FnMut(Foreign<'a>),
) {
    let bytes = text.as_bytes();
    // The bytes so far that continue a character, and how far the text has been read.
    let (mut following, mut done) = (prefix.bytes - prefix.characters, prefix.bytes);
    let mut filled = FILLER;
    for at in (prefix.bytes..bytes.len() - ascii_end).step_by(BLOCK) {
        // The last block may begin among bytes that were read before.
        let begin = at.min(bytes.len().saturating_sub(BLOCK));
        done = done.max(at);
        let block = block::first(bytes.get(begin..).unwrap_or_default(), &mut filled);
        if !has_foreign(block) {
            continue;
        }
        let mut marks = [0; BLOCK];
        for (mark, &byte) in marks.iter_mut().zip(block) {
            *mark = u8::from(may_be_foreign(byte));
        }
        for (word, place) in marks.as_chunks::<8>().0.iter().zip((begin..).step_by(8)) {
            let mut marked = u64::from_le_bytes(*word);
            while marked != 0 {
                let at = place + marked.trailing_zeros() as usize / 8;
                marked &= marked - 1;
                if at < done {
                    continue;
                }
                let (before, rest) = text.split_at_checked(at).unwrap_or_default();
                let Some(character) = rest.chars().next() else {
                    continue;
                };
                if !contains(character) {
                    found(Foreign {
                        character,
                        before,
                        offset: at - following,
                    });
                }
                following += character.len_utf8() - 1;
                done = at + character.len_utf8();
            }
        }
    }
}

#[cfg(test)]
mod tests;
