//! Numbering plans that changed: numbers in forms that their countries no longer use.
//!
//! Here: those forms, and the current numbers according to the authorities that changed them. Not
//! here: current plans, which the library knows.

use super::NumberFault;

/// Mexico dropped the 1 between 52 and a mobile number's ten digits on 3 August 2019 (Instituto
/// Federal de Telecomunicaciones). The rest of the number is unchanged.
const MEXICO: (&str, usize) = ("521", 13);
/// Benin put 01 before each of its numbers of eight digits on 30 November 2024 (ARCEP Benin, in its
/// notification to the ITU).
const BENIN: (&str, usize) = ("229", 11);
/// Côte d'Ivoire went from eight digits to ten on 31 January 2021. The two new leading digits
/// depend on the operator (ARTCI), so the current number can't be derived with certainty from the
/// old one.
const IVORY_COAST: (&str, usize) = ("225", 11);

/// The current number, with its `+`, for the digits of an old form; `None` if they aren't in a
/// known old form.
///
/// # Errors
/// [`NumberFault::OldForm`] if the current number can't be derived.
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
