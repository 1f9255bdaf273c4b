//! Accented letters and the letters below their accents.
//!
//! Here: Latin letters with marks or strokes that GSM-7 lacks. Not here: letters of other scripts,
//! and letters that only look like an accented one (`þ`, `ŋ`, `ə`): those have no plain form.

/// The GSM-7 letter below the accents of a letter that GSM-7 lacks; empty for a combining accent. A
/// letter with two marks keeps one if GSM-7 has that letter: `ǻ` is `å` and not `a`.
pub(super) fn stripped(character: char) -> Option<&'static str> {
    Some(match character {
        '\u{300}'..='\u{34E}' | '\u{350}'..='\u{36F}' => "",
        'Ǖ' | 'Ǘ' | 'Ǚ' | 'Ǜ' => "Ü",
        'ǖ' | 'ǘ' | 'ǚ' | 'ǜ' => "ü",
        'Ǟ' => "Ä",
        'ǟ' => "ä",
        'Ȫ' => "Ö",
        'ȫ' => "ö",
        'Ǣ' | 'Ǽ' => "Æ",
        'ǣ' | 'ǽ' => "æ",
        'Ǻ' => "Å",
        'ǻ' => "å",
        'Ǿ' => "Ø",
        'ǿ' => "ø",
        'Ḉ' => "Ç",
        '\u{C0}'..='\u{24F}' => letter(LATIN, character as usize - 0xC0)?,
        '\u{1E00}'..='\u{1EFF}' => letter(LATIN_ADDITIONAL, character as usize - 0x1E00)?,
        _ => return None,
    })
}

fn letter(letters: &'static str, at: usize) -> Option<&'static str> {
    letters.get(at..=at).filter(|&letter| letter != ".")
}

/// From U+00C0, a letter for each code point; a dot if the letter is kept.
const LATIN: &str = "\
    AAAA....E.EEIIII..OOOO...UUU.Y...aaa...c..ee.iii...ooo....uu.y.y\
    AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIi..JjKk.LlLlLlL\
    lLlNnNnNn...OoOoOo..RrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZz.\
    bB.....................I.......OOo.............Uu....Zz.........\
    .............AaIiOoUu...........Aa..GgGgKkOoOo..j...Gg..Nn......\
    AaAaEeEeIiIiOoOoRrRrUuUuSsTt..Hh......AaEe..OoOoOoYy......ACc...\
    ...B..EeJj..RrYy";

/// From U+1E00, in the same form.
const LATIN_ADDITIONAL: &str = "\
    AaBbBbBb.cDdDdDdDdDdEeEeEeEeEeFfGgHhHhHhHhHhIiIiKkKkKkLlLlLlLlMm\
    MmMmNnNnNnNnOoOoOoOoPpPpRrRrRrRrSsSsSsSsSsTtTtTtTtUuUuUuUuUuVvVv\
    WwWwWwWwWwXxXxYyZzZzZzhtwy......AaAaAaAaAaAaAaAaAaAaAaAaEeEeEeEe\
    EeEeEeEeIiIiOoOoOoOoOoOoOoOoOoOoOoOoUuUuUuUuUuUuUuYyYyYyYy......";
