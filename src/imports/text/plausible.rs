//! Chooses among encodings of a text with Latin letters: the one in which it reads like words.
//!
//! Here: how likely each non-ASCII character is beside its neighbours. Accented letters occur as in
//! words of western Europe (`ò` at the end of a word, `ß` after a vowel), quotation marks before or
//! after a word, currencies beside digits; a wrong encoding puts a `˜` at a word's end or a capital
//! in its middle. The weights were tuned on words of seven languages, which the tests try in every
//! encoding: four of them in a file are enough. Not here: choosing the candidates.

use encoding_rs::{MACINTOSH, WINDOWS_1252};

use super::encoding::Charset;

/// How much better another encoding must score than the one known from the web, and than its own
/// rival.
const MARGIN: i32 = 2;
/// The longest run of letters before an apostrophe that is examined.
const MAX_ELISION: usize = 8;
/// Words before an apostrophe in Italian and French, and after one in English.
const ELISIONS: &str = "all anch bell c coll d dall dell j jusqu l lorsqu m mezz n nell o presqu puisqu qu quelqu \
    quell quest s sant senz sull t tutt un";
const SUFFIXES: &str = "d ll m re s t ve";

/// A text's plausibility: the sum over its non-ASCII characters, and their number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Score {
    sum: i32,
    count: i32,
}

/// The encoding in which a text is most plausible; `None` if it is ambiguous. `guess` is the
/// detector's.
///
/// A guess of another script, or of another part of Europe, is often wrong for a few words, so
/// Windows-1252 is tried beside it.
pub(super) fn best(guess: Charset, decode: impl Fn(Charset) -> String) -> Option<Charset> {
    let read = |charset| (score(&decode(charset)), charset);
    let is_western = guess == Charset::Guessed(WINDOWS_1252);
    let own = if guess.is_single_byte() {
        score(&decode(guess))
    } else {
        ideographs(&decode(guess))
    };
    let mut others = vec![
        read(Charset::Guessed(MACINTOSH)),
        read(Charset::CodePage850),
    ];
    if !is_western {
        let (mut western, charset) = read(Charset::Guessed(WINDOWS_1252));
        // Far more common than the other two.
        western.sum += MARGIN - 1;
        others.push((western, charset));
    }
    others.sort_by_key(|(score, _)| -score.sum);
    let (first, rival) = others.first().copied()?;
    let is_better = own.sum > first.sum || is_western && own.sum == first.sum;
    if is_better && 2 * own.sum >= own.count {
        return Some(guess);
    }
    let second = others
        .get(1)
        .map_or(own.sum, |(second, _)| second.sum.max(own.sum));
    let is_sure = first.sum >= second + MARGIN && first.sum >= first.count;
    is_sure.then_some(rival)
}

/// The plausibility of a text in a multi-byte encoding: all its characters must be of scripts that
/// need it.
fn ideographs(text: &str) -> Score {
    let mut score = Score::default();
    let mut characters = text.chars().peekable();
    let mut follows_letter = false;
    while let Some(character) = characters.next() {
        if !character.is_ascii() {
            let precedes_letter = characters.peek().is_some_and(char::is_ascii_alphabetic);
            let is_of_script = character >= '\u{2E80}' && character.is_alphanumeric();
            score.count = score.count.saturating_add(1);
            score.sum += if is_of_script && !follows_letter && !precedes_letter {
                4
            } else {
                -2
            };
        }
        follows_letter = character.is_ascii_alphabetic();
    }
    score
}

fn score(text: &str) -> Score {
    let characters: Vec<char> = text.chars().collect();
    let mut score = Score::default();
    let mut is_quoted = false;
    for (at, character) in characters.iter().enumerate() {
        match character {
            '\n' | '\r' => is_quoted = false,
            character if character.is_ascii() => {}
            character => {
                let place = Place {
                    before: characters.get(..at).unwrap_or_default(),
                    after: characters.get(at + 1..).unwrap_or_default(),
                    is_quoted,
                };
                score.sum += place.weight(*character);
                score.count = score.count.saturating_add(1);
                is_quoted |= matches!(character, '“' | '„' | '«' | '‹');
            }
        }
    }
    score
}

/// A character's context.
struct Place<'a> {
    before: &'a [char],
    after: &'a [char],
    /// An opening quotation mark precedes it in its line.
    is_quoted: bool,
}

impl Place<'_> {
    fn previous(&self) -> Option<char> {
        self.before.last().copied()
    }

    fn next(&self) -> Option<char> {
        self.after.first().copied()
    }

    fn weight(&self, character: char) -> i32 {
        let follows_letter = self.previous().is_some_and(char::is_alphabetic);
        let precedes_letter = self.next().is_some_and(char::is_alphabetic);
        let touches = follows_letter || precedes_letter;
        match character {
            // No keyboard has them.
            'ƒ' | '\u{FB00}'..='\u{FB06}' => -2,
            '\u{80}'..='\u{9F}' | char::REPLACEMENT_CHARACTER => -4,
            'ª' | 'º' | '°' => self.ordinal(touches),
            _ if character.is_alphabetic() && !is_latin(character) => {
                let mixes = |neighbour: Option<char>| {
                    neighbour.is_some_and(|letter| letter.is_alphabetic() && is_latin(letter))
                };
                if mixes(self.previous()) || mixes(self.next()) {
                    -3
                } else {
                    3
                }
            }
            _ if character.is_lowercase() => self.small(character),
            _ if character.is_uppercase() => self.capital(character),
            '’' if follows_letter && precedes_letter => 3 * i32::from(self.elides()),
            '’' => i32::from(touches),
            '‘' if follows_letter => -1,
            '‘' => i32::from(precedes_letter),
            '“' if follows_letter && !precedes_letter => {
                if self.is_quoted {
                    2
                } else {
                    -1
                }
            }
            '“' | '„' | '«' | '‹' if follows_letter => -2,
            '“' | '„' | '«' | '‹' => {
                2 * i32::from(self.next().is_some_and(|next| !next.is_whitespace()))
            }
            '”' | '»' | '›' if precedes_letter => -2,
            '”' | '»' | '›' => {
                if self.is_quoted {
                    2
                } else {
                    -1
                }
            }
            '–' | '—' => {
                if touches {
                    0
                } else {
                    2
                }
            }
            '…' if follows_letter && precedes_letter => -3,
            '…' => 1,
            '€' | '£' | '¥' | '¢' if touches => -2,
            '€' | '£' | '¥' | '¢' => {
                let is_beside = |neighbour: Option<char>| {
                    neighbour.is_some_and(|next| next.is_ascii_digit() || next == ' ')
                };
                1 + i32::from(is_beside(self.previous()) || is_beside(self.next()))
            }
            '\u{A0}' => {
                if follows_letter && precedes_letter {
                    -3
                } else {
                    0
                }
            }
            '®' | '™' if follows_letter && !precedes_letter => {
                i32::from(self.letters_before().len() > 3)
            }
            '®' | '™' | '©' | '•' | '·' | '§' | '¶' if follows_letter && precedes_letter => {
                -3
            }
            '®' | '™' | '©' | '•' | '·' | '§' | '¶' => {
                if touches {
                    -2
                } else {
                    1
                }
            }
            _ => {
                if touches {
                    -3
                } else {
                    -1
                }
            }
        }
    }

    /// Ordinals, numbers and degrees such as `1º`, `n°`, `20°C`.
    fn ordinal(&self, touches: bool) -> i32 {
        let previous = self.previous();
        if previous.is_some_and(|before| before.is_ascii_digit()) {
            return 2;
        }
        let shortens = matches!(
            previous,
            Some('n' | 'N' | 'm' | 'M' | 's' | 'S' | 'd' | 'D' | 'r')
        );
        match (touches, shortens && self.letters_before().len() <= 2) {
            (_, true) => 1,
            (true, false) => -3,
            (false, false) => 0,
        }
    }

    fn small(&self, letter: char) -> i32 {
        let previous = self.previous().filter(|before| before.is_alphabetic());
        let next = self.next().filter(|after| after.is_alphabetic());
        let follows_vowel = previous.is_some_and(is_vowel);
        match (previous, next) {
            (Some(previous), Some(next)) if !previous.is_ascii() && !next.is_ascii() => -1,
            (_, Some(next)) if next.is_uppercase() => -3,
            (None, None) => {
                if "àèéìòóùú".contains(letter) {
                    1
                } else {
                    -1
                }
            }
            (Some(previous), None) if previous.is_uppercase() => -1,
            (Some(previous), None) => match letter {
                'à' | 'è' | 'é' | 'ì' | 'ò' | 'ù' if "aeo".contains(previous) => 1,
                'à' | 'è' | 'é' | 'ì' | 'ò' | 'ù' => 3,
                'á' if follows_vowel => 0,
                'ë' | 'ï' => i32::from(follows_vowel),
                _ if is_consonant(letter) => 2 * i32::from(follows_vowel),
                'ä' | 'ö' | 'ü' | 'å' | 'ø' if follows_vowel => 0,
                'á' | 'í' | 'ó' | 'ú' | 'ß' | 'ą' | 'ę' | 'ă' | 'ã' | 'ė' => 2,
                'â' | 'î' | 'û' | 'ç' | 'ñ' | 'æ' | 'ÿ' | 'œ' => 0,
                _ => 1,
            },
            (previous, Some(next)) => {
                let precedes_vowel = is_vowel(next);
                let weight = match letter {
                    // Consonants occur beside vowels, and vowels beside consonants. Polish writes
                    // "ni" before a vowel, and Spanish has no other place for its letter.
                    'ń' if precedes_vowel => 0,
                    'ñ' if !precedes_vowel => 0,
                    _ if is_consonant(letter) && follows_vowel => 2,
                    _ if is_consonant(letter) && !precedes_vowel && previous.is_some() => -1,
                    _ if is_consonant(letter) => 1,
                    'è' if precedes_vowel
                        || previous.is_some_and(|before| "aeo".contains(before)) =>
                    {
                        0
                    }
                    'á' if precedes_vowel => 1,
                    'ã' if "oe".contains(next) => 3,
                    'ã' => 1,
                    'ă' if "oe".contains(next) => 0,
                    'ä' | 'ö' | 'ü' | 'å' | 'ø' | 'ê' | 'ô' | 'â' if follows_vowel => 0,
                    'é' if previous.is_none() && precedes_vowel => 0,
                    'û' if previous == Some('o') => 3,
                    'œ' => 3 * i32::from("iu".contains(next)),
                    'ï' if !follows_vowel => 0,
                    'á' if previous.is_some_and(|before| "ao".contains(before)) => 0,
                    'ä' if "aeio".contains(next) => 0,
                    'ç' if !precedes_vowel && !"ãéêôó".contains(next) => -1,
                    _ => weight_inside(letter),
                };
                // Few words begin with one.
                if previous.is_none() && letter != 'é' {
                    weight.min(1)
                } else {
                    weight
                }
            }
        }
    }

    fn capital(&self, letter: char) -> i32 {
        let previous = self.previous().filter(|before| before.is_alphabetic());
        let next = self.next().filter(|after| after.is_alphabetic());
        match (previous, next) {
            (Some(previous), _) if previous.is_lowercase() => -3,
            (Some(_), Some(next)) if next.is_lowercase() => -2,
            (None, None) => {
                if "ÀÈÉ".contains(letter) {
                    1
                } else {
                    -1
                }
            }
            (_, Some('a' | 'e' | 'i' | 'o')) if letter == 'Ä' => 0,
            _ => {
                let small = letter.to_lowercase().next().map_or(0, weight_inside);
                small.max(weight_inside(letter)).min(2)
            }
        }
    }

    /// Whether an apostrophe between two letters joins words.
    fn elides(&self) -> bool {
        let word: String = self.letters_before().iter().collect();
        let rest = self.after.iter().take(MAX_ELISION);
        let rest: String = rest.take_while(|letter| letter.is_alphabetic()).collect();
        let is_in = |words: &str, word: &str| words.split(' ').any(|known| known == word);
        is_in(ELISIONS, &word.to_lowercase()) || is_in(SUFFIXES, &rest.to_lowercase())
    }

    /// The end of the preceding word.
    fn letters_before(&self) -> &[char] {
        let letters = self.before.iter().rev().take(MAX_ELISION);
        let count = letters.take_while(|letter| letter.is_alphabetic()).count();
        self.before
            .get(self.before.len() - count..)
            .unwrap_or_default()
    }
}

/// How common a letter is inside a word.
fn weight_inside(letter: char) -> i32 {
    match letter {
        'é' | 'è' | 'á' | 'ó' | 'ú' | 'ñ' | 'ç' | 'ä' | 'ö' | 'ü' | 'ß' | 'ã' | 'í' => {
            3
        }
        'õ' | 'ê' | 'â' | 'ô' | 'î' | 'ë' | 'ï' | 'å' | 'ø' | 'æ' => 2,
        'û' | 'œ' | 'š' | 'ž' | 'ý' | 'þ' | 'ð' => 1,
        other => 2 * i32::from(other > '\u{FF}'),
    }
}

/// Whether a letter is a consonant of central Europe.
fn is_consonant(letter: char) -> bool {
    "šžčćśźżňřťďľłķģņļŗțșşţğđń".contains(letter)
}

fn is_vowel(letter: char) -> bool {
    "aeiouyAEIOUY".contains(letter)
}

fn is_latin(letter: char) -> bool {
    matches!(letter, '\0'..'\u{250}' | '\u{1E00}'..'\u{1F00}')
}

#[cfg(test)]
mod tests;
