//! Number formats: how a cell's number is displayed (ECMA-376 part 1, 18.8.30 and 18.8.31).
//!
//! Here: the parts of a format that affect characters: digits, decimals, percent, literals around
//! them, and whether it is a date or a time. The result is the displayed text, but in one form for
//! all languages: no thousands separators, a decimal point, dates and times in ISO 8601. Formats
//! with an exponent or a fraction give the whole number, since they display less than is stored.
//! Not here: parsing format codes, which is in `code`; which cell has which format.

mod code;

use self::code::{built_in, sections};
use super::{
    decimal::{self, Decimal},
    moment::{self, Parts},
};

/// How a number is displayed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum NumberFormat {
    /// With all its digits.
    General,
    /// By sections: for positive, negative and zero numbers, or with conditions of their own.
    Sections(Vec<Section>),
}

/// One of the sections that a format has between semicolons.
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

/// Digits and the literals around them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Pattern {
    whole: Vec<Token>,
    decimals: Vec<Token>,
    /// How far the point moves to the right: two places for a percent sign, three to the left for a
    /// trailing comma.
    shift: i32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// A digit, padded with zero.
    Zero,
    /// A digit if there is one.
    Optional,
    /// Anything else.
    Literal(char),
}

/// The epoch of dates, and whether the cell is in the column of phone numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context {
    /// Dates are counted from 1904.
    pub from_1904: bool,
    /// A whole number stays whole: `0.00` adds no digits to a phone number.
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
        let sections: Vec<Section> = sections(code).take(3).collect();
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

    /// Appends a number as it is displayed.
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

/// The section for a number, and whether a minus precedes it.
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

    /// From the last digit to the first; the first placeholder takes all remaining digits.
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
        // A pattern that begins with its point displays them all the same; one without any digit
        // displays none.
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
