//! Invisible characters, with which two names can look the same or one can read as another.
//!
//! They are what Unicode lets a renderer leave out (Default_Ignorable_Code_Point), including all
//! direction controls, and line separators and annotation anchors. Joiners and variation selectors
//! are legitimate if they change the appearance: between letters of joining scripts, and in emoji.
//! Not here: the refusal of such texts ([`super::input`]).

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{DefaultIgnorableCodePoint, Script},
};

const ZERO_WIDTH_NON_JOINER: char = '\u{200C}';
const ZERO_WIDTH_JOINER: char = '\u{200D}';
/// The base of flags of regions, which are spelled with tag characters.
const BLACK_FLAG: char = '\u{1F3F4}';

/// The first invisible character of a text and its position, counted in characters from 1.
pub(super) fn invisible(text: &str) -> Option<(usize, char)> {
    let mut before = None;
    let mut rest = text.chars().peekable();
    let mut position = 0;
    while let Some(character) = rest.next() {
        position += 1;
        if is_invisible(character) && !is_at_home(character, before, rest.peek().copied()) {
            return Some((position, character));
        }
        before = Some(character);
    }
    None
}

fn is_invisible(character: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{FFF9}'..='\u{FFFB}')
}

/// Whether an invisible character changes the look of its neighbours.
fn is_at_home(character: char, before: Option<char>, after: Option<char>) -> bool {
    let Some(before) = before else { return false };
    let follows_what_it_shapes = shapes(before) || is_selector(before);
    match character {
        ZERO_WIDTH_JOINER | ZERO_WIDTH_NON_JOINER => {
            follows_what_it_shapes && after.is_some_and(shapes)
        }
        // Digits, `#` and `*` become keycaps.
        _ if is_selector(character) => shapes(before) || matches!(before, '0'..='9' | '#' | '*'),
        '\u{E0020}'..='\u{E007F}' => {
            before == BLACK_FLAG || matches!(before, '\u{E0020}'..='\u{E007E}')
        }
        _ => false,
    }
}

fn is_selector(character: char) -> bool {
    matches!(
        character,
        '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}' | '\u{180B}'..='\u{180D}' | '\u{180F}'
    )
}

/// Whether joiners and selectors can change the look of a visible character. They can't for ASCII,
/// Latin, Greek and Cyrillic.
fn shapes(character: char) -> bool {
    let script = CodePointMapData::<Script>::new().get(character);
    !character.is_ascii()
        && !character.is_whitespace()
        && !is_invisible(character)
        && ![Script::Latin, Script::Greek, Script::Cyrillic].contains(&script)
}

#[cfg(test)]
mod tests {
    use super::invisible;

    #[test]
    fn names_of_all_scripts_and_emoji_are_visible() {
        for name in [
            "Bottega & Figli S.r.l.",
            "Caffè Größe 北京 ΑΒΓ Кофе",
            "می\u{200C}خواهم",
            "क्\u{200D}ष",
            "מסעדה 123",
            "مطعم ١٢٣",
            "\u{0600}١٢",
            "👩\u{200D}💻 dev",
            "❤\u{FE0F}\u{200D}🔥",
            "1\u{FE0F}\u{20E3} first",
            "葛\u{E0100}城市",
            "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F} England",
            "👍🏽",
        ] {
            assert_eq!(invisible(name), None, "{name}");
        }
    }

    #[test]
    fn hidden_and_direction_changing_characters_are_found() {
        for (name, position) in [
            ("Shop\u{202E}gpj.exe", 5),
            ("\u{202A}Shop\u{202C}", 1),
            ("a\u{2066}b\u{2069}", 2),
            ("Shop\u{200E}", 5),
            ("Shop\u{200F}", 5),
            ("Shop\u{061C}", 5),
            ("Sh\u{200B}op", 3),
            ("Sh\u{200C}op", 3),
            ("Sh\u{200D}op", 3),
            ("Шо\u{200D}п", 3),
            ("\u{200D}👩", 1),
            ("👩\u{200D}", 2),
            ("👩\u{200D}\u{200D}💻", 2),
            ("Sh\u{2060}op", 3),
            ("\u{FEFF}Shop", 1),
            ("Sh\u{00AD}op", 3),
            ("Sh\u{034F}op", 3),
            ("a\u{FE0F}b", 2),
            ("❤\u{FE0F}\u{FE0F}", 3),
            ("Shop\u{3164}", 5),
            ("Shop\u{115F}", 5),
            ("Shop\u{FFA0}", 5),
            ("Shop\u{E0041}", 5),
            ("\u{E0067}", 1),
            ("Shop\u{2028}", 5),
            ("Shop\u{2029}x", 5),
            ("\u{FFF9}a\u{FFFA}b\u{FFFB}", 1),
            ("Shop\u{2064}", 5),
            ("Shop\u{180E}", 5),
            ("Shop\u{1D173}", 5),
        ] {
            assert_eq!(
                invisible(name).map(|(at, _)| at),
                Some(position),
                "{name:?}"
            );
        }
    }
}
