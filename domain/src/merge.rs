//! Merge fields in a text: `{{firstName}}`, or `{{firstName|friend}}` with what stands in where nothing
//! is known (rule Q6).
//!
//! Here: finding them, and the text with their fallbacks. Not here: contacts and what is known of them.
//!
//! A field's name is a letter or `_` and then letters, digits, `_`, `.` or `-`, in ASCII; a fallback is
//! any text without braces. Whatever looks otherwise, or does not end, is plain text.

use std::borrow::Cow;

/// The longest name of a field, in bytes: longer ones are plain text.
pub const MAX_NAME_BYTES: usize = 64;

/// The text as it is sent where nothing is known of a contact: each field is its fallback, or nothing.
#[must_use]
pub fn fallback_text(text: &str) -> Cow<'_, str> {
    let mut sent = String::new();
    let mut rest = text;
    let mut found = false;
    while let Some(start) = rest.find("{{") {
        let (before, candidate) = rest.split_at(start);
        sent.push_str(before);
        if let Some((fallback, after)) = field(candidate) {
            found = true;
            sent.push_str(fallback);
            rest = after;
        } else {
            // The second brace may begin a field.
            let (brace, after) = candidate.split_at(1);
            sent.push_str(brace);
            rest = after;
        }
    }
    if !found {
        return Cow::Borrowed(text);
    }
    sent.push_str(rest);
    Cow::Owned(sent)
}

/// The fallback of the field that `text` begins with, and what comes after the field.
fn field(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix("{{")?;
    // A brace ends the field, well or not, so that no text is read twice.
    let (inside, end) = inside.split_at(inside.find(['{', '}'])?);
    let after = end.strip_prefix("}}")?;
    let (name, fallback) = inside.split_once('|').unwrap_or((inside, ""));
    is_name(name).then_some((fallback, after))
}

/// Whether a text is a field's name.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let begins = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    text.len() <= MAX_NAME_BYTES
        && text.bytes().next().is_some_and(begins)
        && text
            .bytes()
            .all(|byte| begins(byte) || byte.is_ascii_digit() || matches!(byte, b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::fallback_text;
    use proptest::prelude::*;

    #[test]
    fn fields_are_their_fallbacks() {
        let check = |text: &str, sent: &str| assert_eq!(fallback_text(text), sent, "{text:?}");
        check("Ciao {{firstName}}!", "Ciao !");
        check("Ciao {{firstName|amico}}!", "Ciao amico!");
        check("{{a|}}{{b|due}}{{_c.d-9|x|y}}", "duex|y");
        check("{{a|uno\ndue}}", "uno\ndue");
        check("{{{a|uno}}}", "{uno}");
        check("{{ {{a|uno}} }}", "{{ uno }}");
    }

    #[test]
    fn everything_else_is_plain_text() {
        let check = |text: &str| {
            assert_eq!(fallback_text(text), text);
            assert!(matches!(fallback_text(text), std::borrow::Cow::Borrowed(_)));
        };
        let long = format!("{{{{{}}}}}", "a".repeat(65));
        for text in [
            "", "Ciao", "{", "{{", "{{}}", "{{a", "{{a}", "{{a|b", "{{a|b}", "}}{{", "{{9a}}",
            "{{ a }}", "{{à}}", "{{|b}}", "{{a|{b}}", "{a}", &long,
        ] {
            check(text);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "[{}|aà\n ]{0,60}") {
            let _ = fallback_text(&text);
        }

        #[test]
        fn what_stands_around_a_field_stays(before in "[^{}]{0,20}", fallback in "[^{}]{0,20}", after in "[^{}]{0,20}") {
            let text = format!("{before}{{{{name|{fallback}}}}}{after}");
            prop_assert_eq!(fallback_text(&text), format!("{before}{fallback}{after}"));
        }
    }
}
