//! Composed form: a text that looks the same and takes fewer units.
//!
//! Here: canonical composition (Unicode NFC), and CRLF as LF. Not here: lookalikes, which change
//! how a text looks ([`super`]), and whether either saves segments ([`crate::segmentation`]).
//!
//! Macs, PDFs and some editors write `è` as `e` with a combining accent (U+0300), which GSM-7 lacks
//! and UCS-2 counts as two; forms post a line break as CRLF, which is billed as two characters.

use unicode_normalization::{IsNormalized, UnicodeNormalization, char::compose, is_nfc_quick};

/// The text in composed form; `None` if it is composed already. In that case it allocates only for
/// a text with combining characters.
#[must_use]
pub fn composed(text: &str) -> Option<String> {
    let is_nfc = text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes;
    match (is_nfc, text.contains("\r\n")) {
        (true, false) => None,
        (true, true) => Some(text.replace("\r\n", "\n")),
        (false, _) => {
            let composed: String = text.nfc().collect::<String>().replace("\r\n", "\n");
            (composed != text).then_some(composed)
        }
    }
}

/// The GSM-7 letter that a character and the accent after it compose to: `è` for `e` and U+0300.
#[must_use]
pub fn gsm_letter(base: char, accent: char) -> Option<&'static str> {
    Some(match compose(base, accent)? {
        'à' => "à",
        'ä' => "ä",
        'å' => "å",
        'è' => "è",
        'é' => "é",
        'ì' => "ì",
        'ñ' => "ñ",
        'ò' => "ò",
        'ö' => "ö",
        'ù' => "ù",
        'ü' => "ü",
        'Ä' => "Ä",
        'Å' => "Å",
        'Ç' => "Ç",
        'É' => "É",
        'Ñ' => "Ñ",
        'Ö' => "Ö",
        'Ü' => "Ü",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{composed, gsm_letter};
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization;

    #[test]
    fn accents_and_line_ends_are_composed() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(composed(text).as_deref(), expected, "{text:?}");
        };
        check(
            "Citta\u{300}: te\u{301}\r\nfine\r",
            Some("Città: té\nfine\r"),
        );
        check("\u{212B} \u{2126}", Some("Å Ω"));
        check("a\r\nb", Some("a\nb"));
        for text in ["", "Città\n", "x\u{300}", "\r", "✓"] {
            check(text, None);
        }
    }

    /// Every pair that composes to a GSM-7 letter.
    #[test]
    fn every_letter_of_gsm_7_that_has_an_accent_is_known() {
        for letter in "@£$¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà".chars()
        {
            let parts: Vec<char> = letter.to_string().nfd().collect();
            if let [base, accent] = parts[..] {
                assert_eq!(gsm_letter(base, accent), Some(letter.to_string().as_str()));
            }
        }
        assert_eq!(gsm_letter('o', '\u{301}'), None, "GSM-7 lacks ó");
    }

    proptest! {
        #[test]
        fn composing_is_nfc_and_done_once(text in "[a-eé\u{300}\u{301}\u{327}\u{212B}\r\n]{0,12}") {
            let done = composed(&text).unwrap_or_else(|| text.clone());
            prop_assert_eq!(&done, &text.nfc().collect::<String>().replace("\r\n", "\n"));
            // Of several CRs before an LF only one is dropped: one more character never takes fewer
            // units.
            prop_assert!(composed(&done).is_none() || text.contains("\r\r\n"));
        }
    }
}
