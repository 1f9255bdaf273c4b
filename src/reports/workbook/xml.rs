//! Text in the form that Excel expects inside a cell's XML.
//!
//! Here: escapes and the length limit. Not here: the cell around it.

use std::borrow::Cow;

/// Excel's limit for a cell, in UTF-16 code units. If a text is longer, Excel offers to repair the
/// file.
pub const MAX_TEXT_UNITS: usize = 32_767;
/// The end of a text that was cut.
pub const CUT_MARK: &str = "… [cut]";

/// Returns the text, cut to Excel's limit. A text that was cut ends with [`CUT_MARK`].
pub fn within_limit(text: &str) -> Cow<'_, str> {
    // A text has at most as many UTF-16 units as bytes, and the number of bytes is known.
    if text.len() <= MAX_TEXT_UNITS || text.encode_utf16().count() <= MAX_TEXT_UNITS {
        return Cow::Borrowed(text);
    }
    let mut room = MAX_TEXT_UNITS - CUT_MARK.encode_utf16().count();
    let mut kept: String = text
        .chars()
        .take_while(|character| {
            let fits = character.len_utf16() <= room;
            room -= character.len_utf16().min(room);
            fits
        })
        .collect();
    kept.push_str(CUT_MARK);
    Cow::Owned(kept)
}

/// Whether the text begins or ends with white space, which a reader drops without `xml:space`.
pub fn needs_preserving(text: &str) -> bool {
    let blank = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_whitespace);
    blank(text.as_bytes().first()) || blank(text.as_bytes().last())
}

/// Appends the text with the escapes of XML, and with Excel's (`_x0007_`) for characters that XML
/// 1.0 forbids and for text that looks like such an escape.
pub fn push_text(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    while let Some(at) = rest
        .iter()
        .position(|byte| MAY_NEED_ESCAPE[usize::from(*byte)])
    {
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain);
        rest = push_special(out, special);
    }
    out.extend_from_slice(rest);
}

/// Whether a byte may begin a character that needs an escape. Every byte is an index of the table.
const MAY_NEED_ESCAPE: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = true;
        byte += 1;
    }
    table[b'\t' as usize] = false;
    table[b'\n' as usize] = false;
    table[b'&' as usize] = true;
    table[b'<' as usize] = true;
    table[b'>' as usize] = true;
    table[b'_' as usize] = true;
    // The first byte of U+FFFE and U+FFFF, and of 4,094 characters that need no escape.
    table[0xEF] = true;
    table
};

/// Appends the escape of the first character of `special`, or its first byte if it needs none, and
/// returns the rest.
fn push_special<'a>(out: &mut Vec<u8>, special: &'a [u8]) -> &'a [u8] {
    let (escape, rest): (&[u8], &[u8]) = match special {
        [b'&', rest @ ..] => (b"&amp;", rest),
        [b'<', rest @ ..] => (b"&lt;", rest),
        [b'>', rest @ ..] => (b"&gt;", rest),
        [0xEF, 0xBF, 0xBE, rest @ ..] => (b"_xFFFE_", rest),
        [0xEF, 0xBF, 0xBF, rest @ ..] => (b"_xFFFF_", rest),
        [b'_', rest @ ..] if reads_as_escape(rest) => (b"_x005F_", rest),
        [control @ ..0x20, rest @ ..] => {
            const HEX: &[u8; 16] = b"0123456789ABCDEF";
            out.extend_from_slice(b"_x00");
            // Both digits are below 16.
            out.push(HEX[usize::from(control >> 4)]);
            out.push(HEX[usize::from(control & 15)]);
            (b"_", rest)
        }
        [plain, rest @ ..] => {
            out.push(*plain);
            (b"", rest)
        }
        [] => (b"", b""),
    };
    out.extend_from_slice(escape);
    rest
}

/// Whether an underscore before `rest` would be read as an escape: if `x`, four hexadecimal digits
/// and an underscore follow. That underscore may be in the text or begin the next character's
/// escape.
fn reads_as_escape(rest: &[u8]) -> bool {
    let [b'x', digits @ ..] = rest else {
        return false;
    };
    let Some((digits, next)) = digits.split_at_checked(4) else {
        return false;
    };
    digits.iter().all(u8::is_ascii_hexdigit)
        && match next {
            [b'_', ..] | [0xEF, 0xBF, 0xBE | 0xBF, ..] => true,
            [byte, ..] => *byte < 0x20 && !matches!(byte, b'\t' | b'\n'),
            [] => false,
        }
}

#[cfg(test)]
mod tests {
    use super::{CUT_MARK, MAX_TEXT_UNITS, needs_preserving, push_text, within_limit};
    use proptest::prelude::*;

    fn escaped(text: &str) -> String {
        let mut out = Vec::new();
        push_text(&mut out, text);
        String::from_utf8(out).unwrap()
    }

    /// Resolves the escapes like Excel: from left to right, each once.
    fn unescaped(xml: &str) -> String {
        let xml = xml
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&");
        let mut text = String::new();
        let mut rest = xml.as_str();
        while let Some(first) = rest.chars().next() {
            let code = rest
                .strip_prefix("_x")
                .filter(|tail| tail.get(4..5) == Some("_"))
                .filter(|tail| tail.bytes().take(4).all(|byte| byte.is_ascii_hexdigit()))
                .and_then(|tail| u32::from_str_radix(tail.get(..4)?, 16).ok());
            let (character, length) = match code.and_then(char::from_u32) {
                Some(character) => (character, 7),
                None => (first, first.len_utf8()),
            };
            text.push(character);
            rest = &rest[length..];
        }
        text
    }

    #[test]
    fn characters_are_escaped_like_in_excel() {
        let check = |text, xml| assert_eq!(escaped(text), xml, "{text:?}");
        check("", "");
        check(
            "Ciao {{firstName}}, 50% di sconto €",
            "Ciao {{firstName}}, 50% di sconto €",
        );
        check("a<b>&\"c\"'", "a&lt;b&gt;&amp;\"c\"'");
        check("tab\tline\n", "tab\tline\n");
        check("bell\u{7}", "bell_x0007_");
        check("cr\r\n", "cr_x000D_\n");
        check("_x0007_", "_x005F_x0007_");
        check("_x0041_x0042_", "_x005F_x0041_x005F_x0042_");
        check("_x0041\u{7}", "_x005F_x0041_x0007_");
        check("_x004_ _xyz1_ _", "_x004_ _xyz1_ _");
        check("\u{FFFE}\u{FFFF}\u{FF1D}", "_xFFFE__xFFFF_\u{FF1D}");
    }

    #[test]
    fn only_texts_that_are_too_long_are_cut() {
        let full = "a".repeat(MAX_TEXT_UNITS);
        assert_eq!(within_limit(&full), full);
        // Each character has three bytes, but one unit.
        let wide = "€".repeat(MAX_TEXT_UNITS);
        assert_eq!(within_limit(&wide), wide);
        for text in [
            format!("{full}a"),
            "😀".repeat(20_000),
            format!("a{}", "😀".repeat(20_000)),
        ] {
            let cut = within_limit(&text);
            let units = cut.encode_utf16().count();
            assert!(
                (MAX_TEXT_UNITS - 1..=MAX_TEXT_UNITS).contains(&units),
                "{units}"
            );
            let kept = cut.strip_suffix(CUT_MARK).unwrap();
            assert!(text.starts_with(kept));
        }
    }

    #[test]
    fn white_space_at_either_end_is_kept() {
        let check = |text, expected| assert_eq!(needs_preserving(text), expected, "{text:?}");
        check(" a", true);
        check("a\n", true);
        check("a b", false);
        check("", false);
    }

    proptest! {
        #[test]
        fn escaped_text_reads_back(text in "(_|x|X|0|4|1|F|E|\u{7}|\r|<|&|\u{FFFE}|\u{FFFF}|.){0,40}") {
            prop_assert_eq!(unescaped(&escaped(&text)), text);
        }

        #[test]
        fn no_character_that_xml_forbids_remains(text: String) {
            let forbidden = |character: char| {
                matches!(character, '\0'..='\u{8}' | '\u{B}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}')
            };
            prop_assert!(!escaped(&text).contains(forbidden));
        }
    }
}
