//! Numbers as Excel displays them: fifteen significant digits.
//!
//! Here: digits and the position of the decimal point. Not here: which of them a number format
//! displays.

/// The precision that Excel displays and compares with.
const SIGNIFICANT: usize = 15;
/// Whole numbers below this have no more digits.
const MAX_WHOLE: f64 = 1e15;
/// Places before the point, and zeros after it, beyond which a number is written with an exponent.
const MAX_PLACES: i32 = 21;
const MAX_ZEROS: i32 = 9;

/// A non-negative number by its digits: 0.d₁d₂d₃… × 10^point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decimal {
    digits: Vec<u8>,
    point: i32,
}

impl Decimal {
    /// A number's first fifteen digits.
    pub fn of(value: f64) -> Self {
        let text = format!("{:.*e}", SIGNIFICANT - 1, value.abs());
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let digits = mantissa.bytes().filter(u8::is_ascii_digit).collect();
        let mut number = Self {
            digits,
            point: exponent.parse().unwrap_or(0) + 1,
        };
        number.trim();
        number
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    /// Moves the point to the right.
    pub fn shift(&mut self, places: i32) {
        self.point = self.point.saturating_add(places);
    }

    /// Rounds to this many decimal places, half away from zero.
    pub fn round(&mut self, places: usize) {
        let places = i32::try_from(places).unwrap_or(i32::MAX);
        let kept = usize::try_from(self.point.saturating_add(places));
        let Ok(kept) = kept else {
            self.digits.clear();
            return;
        };
        let Some(next) = self.digits.get(kept).copied() else {
            return;
        };
        self.digits.truncate(kept);
        if next >= b'5' {
            self.count_up();
        }
        self.trim();
    }

    /// Adds one to the last digit.
    fn count_up(&mut self) {
        for digit in self.digits.iter_mut().rev() {
            if *digit < b'9' {
                *digit += 1;
                return;
            }
            *digit = b'0';
        }
        self.digits.insert(0, b'1');
        self.point += 1;
    }

    fn trim(&mut self) {
        let kept = self.digits.iter().rposition(|digit| *digit != b'0');
        self.digits.truncate(kept.map_or(0, |last| last + 1));
    }

    /// The digits before the point; empty for a number below one.
    pub fn whole(&self) -> String {
        if self.is_zero() {
            return String::new();
        }
        let places = usize::try_from(self.point).unwrap_or(0);
        let digits = (0..places).map(|at| self.digits.get(at).copied().unwrap_or(b'0'));
        digits.map(char::from).collect()
    }

    /// This many digits after the point.
    pub fn fraction(&self, places: usize) -> String {
        let digit = |place: usize| {
            let place = i32::try_from(place).unwrap_or(i32::MAX);
            let at = usize::try_from(self.point.saturating_add(place)).ok();
            at.and_then(|at| self.digits.get(at))
                .copied()
                .unwrap_or(b'0')
        };
        (0..places).map(digit).map(char::from).collect()
    }
}

/// Appends a number with all its digits.
pub(super) fn write_general(text: &mut String, value: f64) {
    if value.fract() == 0.0 && value.abs() < MAX_WHOLE {
        // No truncation: it is below 10^15.
        text.push_str(&(value as i64).to_string());
        return;
    }
    if value < 0.0 {
        text.push('-');
    }
    let number = Decimal::of(value);
    let digits: String = number.digits.iter().copied().map(char::from).collect();
    if number.point > MAX_PLACES || number.point < -MAX_ZEROS {
        let (first, rest) = digits.split_at(digits.len().min(1));
        text.push_str(first);
        if !rest.is_empty() {
            text.push('.');
            text.push_str(rest);
        }
        let exponent = number.point - 1;
        let sign = if exponent < 0 { '-' } else { '+' };
        text.push_str(&format!("E{sign}{:02}", exponent.unsigned_abs()));
        return;
    }
    let whole = number.whole();
    text.push_str(if whole.is_empty() { "0" } else { &whole });
    let places = i32::try_from(digits.len()).unwrap_or(0) - number.point;
    if let Ok(places @ 1..) = usize::try_from(places) {
        text.push('.');
        text.push_str(&number.fraction(places));
    }
}
