//! Number formats: how a cell's number is shown (ECMA-376 part 1, 18.8.30 and 18.8.31).
//!
//! Here: what of a format decides about characters: digits, decimals, percent, what stands around them, and whether it
//! is a day or a time. What is read is what one sees, but in one form for all languages: no marks between thousands,
//! a point before decimals, days and times by ISO 8601. Formats with an exponent or a fraction show the whole number,
//! since they show less than there is. Not here: which cell has which format.

use super::{
    decimal::{self, Decimal},
    moment::{self, Parts},
};

/// How a number is shown.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum NumberFormat {
    /// As many digits as it has.
    General,
    /// By its sections: for what is positive, negative and zero, or by conditions of their own.
    Sections(Vec<Section>),
}

/// One of the parts that a format has between semicolons.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Section {
    condition: Option<(Comparison, f64)>,
    shape: Shape,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Less,
    AtMost,
    Equal,
    Other,
    AtLeast,
    More,
}

#[derive(Debug, Clone, PartialEq)]
enum Shape {
    General,
    Moment(Parts),
    /// Hours, minutes or seconds beyond a day.
    Elapsed,
    Digits(Pattern),
}

/// Digits and what stands around them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Pattern {
    whole: Vec<Token>,
    decimals: Vec<Token>,
    /// How far the point is moved to the right: two places for a percent sign, three to the left for a last comma.
    shift: i32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// A digit, at least a zero.
    Zero,
    /// A digit if there is one.
    Optional,
    /// Anything else.
    Literal(char),
}

/// What a day's serial number counts from, and whether the cell is in the column of telephone numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context {
    /// Days are counted from 1904.
    pub from_1904: bool,
    /// A whole number stays whole: `0.00` on a telephone number adds no digits to it.
    pub is_number: bool,
}

impl NumberFormat {
    /// A format by its number and, if the workbook defines it, its code.
    pub fn of(number: u32, code: Option<&str>) -> Self {
        match code.or_else(|| built_in(number)) {
            Some(code) => Self::parse(code),
            None => Self::General,
        }
    }

    fn parse(code: &str) -> Self {
        // A fourth section is for texts.
        let sections: Vec<Section> = split(code).into_iter().take(3).map(section).collect();
        match sections.as_slice() {
            [
                Section {
                    condition: None,
                    shape: Shape::General,
                },
            ] => Self::General,
            _ => Self::Sections(sections),
        }
    }

    /// Adds a number as it is shown.
    pub fn write(&self, text: &mut String, value: f64, context: Context) {
        let Self::Sections(sections) = self else {
            return decimal::write_general(text, value);
        };
        let (section, keeps_sign) = choose(sections, value);
        match section.map(|section| &section.shape) {
            None | Some(Shape::General) => decimal::write_general(text, value),
            Some(Shape::Moment(parts)) => moment::write(text, value, *parts, context.from_1904),
            Some(Shape::Elapsed) => moment::write_elapsed(text, value),
            Some(Shape::Digits(pattern)) => pattern.write(text, value, keeps_sign, context),
        }
    }
}

/// The section for a number, and whether a minus stands before it.
fn choose(sections: &[Section], value: f64) -> (Option<&Section>, bool) {
    if sections.iter().any(|section| section.condition.is_some()) {
        let holds = |section: &&Section| match section.condition {
            None => true,
            Some((comparison, than)) => match comparison {
                Comparison::Less => value < than,
                Comparison::AtMost => value <= than,
                Comparison::Equal => value == than,
                Comparison::Other => value != than,
                Comparison::AtLeast => value >= than,
                Comparison::More => value > than,
            },
        };
        return (sections.iter().find(holds), true);
    }
    match sections {
        [one] => (Some(one), true),
        [_, negative, ..] if value < 0.0 => (Some(negative), false),
        [_, _, zero, ..] if value == 0.0 => (Some(zero), false),
        _ => (sections.first(), false),
    }
}

impl Pattern {
    fn write(&self, text: &mut String, value: f64, keeps_sign: bool, context: Context) {
        let stays_whole = context.is_number && value.fract() == 0.0;
        if stays_whole && self.shift != 0 {
            return decimal::write_general(text, value);
        }
        let decimals: &[Token] = if stays_whole { &[] } else { &self.decimals };
        let places = decimals.iter().filter(|token| token.is_digit()).count();
        let mut number = Decimal::of(value.abs());
        number.shift(self.shift);
        number.round(places);
        let start = text.len();
        if keeps_sign && value < 0.0 && !number.is_zero() {
            text.push('-');
        }
        self.write_whole(text, &number.whole());
        if places > 0 {
            let fraction = number.fraction(places);
            let significant = fraction.trim_end_matches('0').len();
            let mut digits = fraction.chars().enumerate();
            let mut point = Some('.');
            for token in decimals {
                match token {
                    Token::Literal(character) => text.push(*character),
                    Token::Zero | Token::Optional => {
                        let (at, digit) = digits.next().unwrap_or((0, '0'));
                        if *token == Token::Zero || at < significant {
                            text.extend(point.take());
                            text.push(digit);
                        }
                    }
                }
            }
        } else {
            text.extend(self.decimals.iter().filter_map(Token::literal));
        }
        let shown = text.get(start..).unwrap_or_default().trim().to_owned();
        text.truncate(start);
        text.push_str(&shown);
    }

    /// From the last digit to the first, which takes all that are left.
    fn write_whole(&self, text: &mut String, digits: &str) {
        let mut left = digits.chars().rev();
        let mut reversed = String::new();
        let first = self.whole.iter().position(Token::is_digit);
        for (at, token) in self.whole.iter().enumerate().rev() {
            match token {
                Token::Literal(character) => reversed.push(*character),
                Token::Zero => reversed.push(left.next().unwrap_or('0')),
                Token::Optional => reversed.extend(left.next()),
            }
            if first == Some(at) {
                reversed.extend(left.by_ref());
            }
        }
        // A pattern that begins with its point shows them all the same; one without any digit shows none.
        if first.is_none() && self.decimals.iter().any(Token::is_digit) {
            text.push_str(digits);
        }
        text.extend(reversed.chars().rev());
    }
}

impl Token {
    fn is_digit(&self) -> bool {
        !matches!(self, Self::Literal(_))
    }

    fn literal(&self) -> Option<char> {
        match self {
            Self::Literal(character) => Some(*character),
            Self::Zero | Self::Optional => None,
        }
    }
}

/// The sections of a format: semicolons within quotation marks, brackets and after a backslash are none.
fn split(code: &str) -> Vec<&str> {
    let mut sections = Vec::new();
    let mut start = 0;
    let mut quote: Option<char> = None;
    let mut is_escaped = false;
    for (at, character) in code.char_indices() {
        if is_escaped {
            is_escaped = false;
            continue;
        }
        match (quote, character) {
            (Some(end), _) if character == end => quote = None,
            (Some(_), _) => {}
            (None, '"') => quote = Some('"'),
            (None, '[') => quote = Some(']'),
            (None, '\\' | '_' | '*') => is_escaped = true,
            (None, ';') => {
                sections.push(code.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            (None, _) => {}
        }
    }
    sections.push(code.get(start..).unwrap_or_default());
    sections
}

/// What was found in a section so far.
#[derive(Default)]
struct Found {
    pattern: Pattern,
    after_point: bool,
    /// Commas since the last digit: behind the last one they divide by a thousand each.
    commas: i32,
    condition: Option<(Comparison, f64)>,
    parts: Parts,
    has_m: bool,
    is_elapsed: bool,
    is_general: bool,
}

fn section(code: &str) -> Section {
    let mut found = Found::default();
    let mut rest = code;
    while let Some(character) = rest.chars().next() {
        let mut after = rest.get(character.len_utf8()..).unwrap_or_default();
        match character {
            '"' => {
                let (literal, behind) = after.split_once('"').unwrap_or((after, ""));
                literal.chars().for_each(|literal| found.literal(literal));
                after = behind;
            }
            '[' => {
                let (inside, behind) = after.split_once(']').unwrap_or((after, ""));
                found.bracket(inside);
                after = behind;
            }
            '\\' | '_' | '*' => {
                let next = after.chars().next();
                after = after
                    .get(next.map_or(0, char::len_utf8)..)
                    .unwrap_or_default();
                // What is as wide as a character, or fills the cell, is white.
                let shown = if character == '\\' { next } else { Some(' ') };
                shown.into_iter().for_each(|shown| found.literal(shown));
            }
            _ => after = found.plain(rest, character, after),
        }
        rest = after;
    }
    found.pattern.shift -= 3 * found.commas;
    let shape = if found.is_elapsed {
        Shape::Elapsed
    } else if found.is_general {
        Shape::General
    } else {
        let mut parts = found.parts;
        // Minutes where there are hours or seconds, else months.
        parts.has_day |= found.has_m && !parts.has_time;
        if parts == Parts::default() {
            Shape::Digits(found.pattern)
        } else {
            Shape::Moment(parts)
        }
    };
    Section {
        condition: found.condition,
        shape,
    }
}

impl Found {
    fn literal(&mut self, character: char) {
        self.tokens().push(Token::Literal(character));
    }

    fn tokens(&mut self) -> &mut Vec<Token> {
        if self.after_point {
            &mut self.pattern.decimals
        } else {
            &mut self.pattern.whole
        }
    }

    /// Takes a character that stands for itself or for a digit; what comes after it.
    fn plain<'a>(&mut self, rest: &'a str, character: char, after: &'a str) -> &'a str {
        let begins = |word: &str| {
            let start = rest.get(..word.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(word))
        };
        for word in ["general", "am/pm", "a/p"] {
            if begins(word) {
                if word == "general" {
                    self.is_general = true;
                } else {
                    self.parts.has_time = true;
                }
                return rest.get(word.len()..).unwrap_or_default();
            }
        }
        match character {
            '0' => {
                self.commas = 0;
                self.tokens().push(Token::Zero);
            }
            '#' | '?' => {
                self.commas = 0;
                self.tokens().push(Token::Optional);
            }
            '.' => self.after_point = true,
            ',' => self.commas += 1,
            '%' => {
                self.pattern.shift += 2;
                self.literal('%');
            }
            '@' | '/' => self.is_general |= self.parts == Parts::default() && !self.has_m,
            'E' | 'e' if after.starts_with(['+', '-']) => self.is_general = true,
            'y' | 'Y' | 'd' | 'D' | 'e' | 'E' | 'g' | 'G' | 'b' | 'B' => self.parts.has_day = true,
            'h' | 'H' | 's' | 'S' => self.parts.has_time = true,
            'm' | 'M' => self.has_m = true,
            other => self.literal(other),
        }
        after
    }

    /// Takes what stands in brackets: a currency, a condition, a time beyond a day, a colour.
    fn bracket(&mut self, inside: &str) {
        if let Some(currency) = inside.strip_prefix('$') {
            let symbol = currency.split('-').next().unwrap_or_default();
            symbol.chars().for_each(|character| self.literal(character));
            return;
        }
        let is_elapsed = |unit: char| {
            !inside.is_empty()
                && inside
                    .chars()
                    .all(|letter| letter.eq_ignore_ascii_case(&unit))
        };
        if ['h', 'm', 's'].into_iter().any(is_elapsed) {
            self.is_elapsed = true;
            return;
        }
        let operators = [
            ("<=", Comparison::AtMost),
            (">=", Comparison::AtLeast),
            ("<>", Comparison::Other),
            ("<", Comparison::Less),
            (">", Comparison::More),
            ("=", Comparison::Equal),
        ];
        for (operator, comparison) in operators {
            if let Some(than) = inside.strip_prefix(operator) {
                self.condition = than.trim().parse().ok().map(|than| (comparison, than));
                return;
            }
        }
    }
}

/// The formats that every workbook has without defining them. Those of currencies differ by the language of Excel and
/// are taken without any; those of days are in the order of ISO 8601 in any case.
fn built_in(number: u32) -> Option<&'static str> {
    Some(match number {
        1 => "0",
        2 => "0.00",
        3 | 5 | 6 | 37 | 38 | 41 | 42 => "#,##0",
        4 | 7 | 8 | 39 | 40 | 43 | 44 => "#,##0.00",
        9 => "0%",
        10 => "0.00%",
        14..=17 | 27..=31 | 36 | 50..=54 | 57 | 58 => "yyyy-mm-dd",
        18..=21 | 32..=35 | 45 | 47 | 55 | 56 => "hh:mm:ss",
        22 => "yyyy-mm-dd hh:mm",
        46 => "[h]:mm:ss",
        _ => return None,
    })
}
