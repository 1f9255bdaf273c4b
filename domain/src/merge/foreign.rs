//! Tags of other systems in a text: `*|FNAME|*`, `{firstName}`, `%FIRSTNAME%`, `[[name]]`.
//!
//! Here: finding them, so that the author of the text can be warned. Not here: our own merge fields
//! ([`super::Template`]). These tags stay plain text: somebody may mean them.

use std::ops::Range;

use super::is_name;

/// A part of a text that another system would fill in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForeignTag<'a> {
    /// The number of code points before it.
    pub offset: usize,
    /// The tag as written.
    pub tag: &'a str,
    /// The name in it.
    pub name: &'a str,
}

/// The marks that begin and end a tag: of Mailchimp, of Python and Java formats, of Windows and
/// many text message gateways, and of newsletter tools. Longer marks come first, so that they are
/// found before shorter ones within them.
const MARKS: [(&str, &str); 4] = [("*|", "|*"), ("[[", "]]"), ("{", "}"), ("%", "%")];

/// The tags of other systems in a text, in order. Our own merge fields are skipped.
pub fn foreign_tags(text: &str) -> impl Iterator<Item = ForeignTag<'_>> {
    let (mut at, mut characters) = (0, 0);
    std::iter::from_fn(move || {
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            if rest.starts_with("{{") {
                let length = rest.find("}}").map_or(rest.len(), |end| end + 2);
                characters += rest.get(..length).unwrap_or_default().chars().count();
                at += length;
                continue;
            }
            let offset = characters;
            if let Some((tag, name)) = MARKS.iter().find_map(|marks| tag(rest, *marks)) {
                at += tag.len();
                characters += tag.chars().count();
                let name = rest.get(name).unwrap_or_default();
                return Some(ForeignTag { offset, tag, name });
            }
            at += rest.chars().next().map_or(1, char::len_utf8);
            characters += 1;
        }
        None
    })
}

/// The tag that a text begins with, and the position of its name.
fn tag<'a>(text: &'a str, (open, close): (&str, &str)) -> Option<(&'a str, Range<usize>)> {
    let inside = text.strip_prefix(open)?;
    // A name is short and ASCII, so a tag's closing mark is near.
    let window = inside.as_bytes().get(..super::MAX_NAME_BYTES + 4);
    let window = window.unwrap_or(inside.as_bytes());
    let end = window
        .windows(close.len())
        .position(|part| part == close.as_bytes())?;
    let written = inside.get(..end)?;
    let name = written.trim();
    // Percent signs around one letter, or around spaces, are percentages.
    let is_percentage = open == "%" && (name.len() < 2 || name.len() < written.len());
    if !is_name(name) || is_percentage {
        return None;
    }
    let start = open.len() + (written.len() - written.trim_start().len());
    let tag = text.get(..open.len() + end + close.len())?;
    Some((tag, start..start + name.len()))
}

#[cfg(test)]
mod tests {
    use super::foreign_tags;

    #[test]
    fn tags_of_other_systems_are_found() {
        let check = |text: &str, expected: &[(usize, &str, &str)]| {
            let found = foreign_tags(text).map(|found| (found.offset, found.tag, found.name));
            assert_eq!(found.collect::<Vec<_>>(), expected, "{text:?}");
        };
        check("Ciao *|FNAME|*!", &[(5, "*|FNAME|*", "FNAME")]);
        check("Ciao {firstName}!", &[(5, "{firstName}", "firstName")]);
        check("Però %FIRSTNAME%,", &[(5, "%FIRSTNAME%", "FIRSTNAME")]);
        check(
            "[[ name ]] e {a}",
            &[(0, "[[ name ]]", "name"), (13, "{a}", "a")],
        );
        check("${name}", &[(1, "{name}", "name")]);
        for plain in [
            "",
            "{",
            "%",
            "{}",
            "{1}",
            "50% o 20%",
            "20%x%",
            "[name]",
            "* | a | *",
            "{first name}",
            "Ciao {{firstName}} {{a|b}}",
            "{{ a",
            "[[a]",
            "100%",
        ] {
            check(plain, &[]);
        }
        check("{{a}} {b}", &[(6, "{b}", "b")]);
    }

    #[test]
    fn a_long_text_of_openings_is_read_once() {
        let text = "{".repeat(2) + "}}" + &"%[[*|{ ".repeat(5_000);
        assert_eq!(foreign_tags(&text).count(), 0);
    }
}
