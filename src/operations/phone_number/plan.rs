//! Numbering plans that changed: numbers in a form that their country has left.
//!
//! Here: which forms those are, and what their owners say that they became. Not here: the plans that are in force,
//! which the library knows.

use super::NumberFault;

/// Mexico dropped the 1 between 52 and a mobile number's ten digits on 3 August 2019 (Instituto Federal de
/// Telecomunicaciones): the rest of the number is the same.
const MEXICO: (&str, usize) = ("521", 13);
/// Benin put 01 before each of its numbers of eight digits on 30 November 2024 (ARCEP Benin, by its
/// notification to the ITU).
const BENIN: (&str, usize) = ("229", 11);
/// Côte d'Ivoire went from eight digits to ten on 31 January 2021: the two that came in front depend on the operator
/// (ARTCI), so that the number can't be told from the old one for certain.
const IVORY_COAST: (&str, usize) = ("225", 11);

/// What the digits after a `+` became, with their `+`; `None` if they are not in an old form that is known.
///
/// # Errors
/// The plan changed, but not in a way that tells the new number.
pub(super) fn moved(digits: &str) -> Result<Option<String>, NumberFault> {
    let is = |(prefix, length): (&str, usize)| {
        digits
            .strip_prefix(prefix)
            .filter(|_| digits.len() == length)
    };
    if let Some(rest) = is(MEXICO) {
        return Ok(Some(format!("+52{rest}")));
    }
    if let Some(rest) = is(BENIN) {
        return Ok(Some(format!("+22901{rest}")));
    }
    match is(IVORY_COAST) {
        Some(_) => Err(NumberFault::OldForm(
            "Is in the form that Côte d'Ivoire left on 31 January 2021: write the ten digits that are in use since.",
        )),
        None => Ok(None),
    }
}
