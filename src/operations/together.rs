//! Checks of one input that are all made before it is refused, so that a form shows everything that
//! is wrong with it at once.
//!
//! Here: joining their outcomes. Not here: the checks ([`super::input`] and the operations).

use super::OperationError;

/// The outcomes of checks, none of which depends on another.
pub(super) trait Together {
    /// The checked values.
    type Values;

    /// The values, if every check passed.
    ///
    /// # Errors
    /// The refusals of all checks that failed, in their order; or the first error that isn't the
    /// caller's to correct.
    fn together(self) -> Result<Self::Values, OperationError>;
}

macro_rules! tuples {
    ($(($($value:ident: $error:ident),+))+) => {$(
        #[allow(non_snake_case, reason = "a value is named as its type")]
        impl<$($value, $error: Into<OperationError>),+> Together for ($(Result<$value, $error>,)+) {
            type Values = ($($value,)+);

            fn together(self) -> Result<Self::Values, OperationError> {
                let ($($value,)+) = self;
                let mut refusals = Vec::new();
                $(let $value = taken($value, &mut refusals)?;)+
                if let ($(Some($value),)+) = ($($value,)+) {
                    return Ok(($($value,)+));
                }
                Err(OperationError::Refused(refusals))
            }
        }
    )+};
}

tuples! {
    (A: EA, B: EB)
    (A: EA, B: EB, C: EC)
    (A: EA, B: EB, C: EC, D: ED)
    (A: EA, B: EB, C: EC, D: ED, E: EE)
    (A: EA, B: EB, C: EC, D: ED, E: EE, F: EF)
    (A: EA, B: EB, C: EC, D: ED, E: EE, F: EF, G: EG)
    (A: EA, B: EB, C: EC, D: ED, E: EE, F: EF, G: EG, H: EH)
}

/// The most refusals of one list of values: the first hundred show what is wrong.
pub(super) const MAX_REFUSED: usize = 100;

/// The checked values of a list, in its order.
///
/// # Errors
/// The refusals of all values that can't be used, at most [`MAX_REFUSED`]; or the first error that
/// isn't the caller's to correct.
pub(super) fn all<T, E: Into<OperationError>>(
    checked: impl IntoIterator<Item = Result<T, E>>,
) -> Result<Vec<T>, OperationError> {
    let (mut values, mut refusals) = (Vec::new(), Vec::new());
    for one in checked {
        values.extend(taken(one, &mut refusals)?);
        if refusals.len() >= MAX_REFUSED {
            break;
        }
    }
    if refusals.is_empty() {
        return Ok(values);
    }
    Err(OperationError::Refused(refusals))
}

/// A checked value; `None` if it was refused.
fn taken<T>(
    checked: Result<T, impl Into<OperationError>>,
    refusals: &mut Vec<super::Refusal>,
) -> Result<Option<T>, OperationError> {
    match checked.map_err(Into::into) {
        Ok(value) => Ok(Some(value)),
        Err(OperationError::Refused(more)) => {
            refusals.extend(more);
            Ok(None)
        }
        Err(other) => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use super::Together;
    use crate::operations::{OperationError, Path, Refusal};

    fn wrong(field: &str) -> Result<(), Refusal> {
        Err(Path::input(field).invalid(text!("Must not be in the future.")))
    }

    #[test]
    fn every_refusal_is_reported_in_order() {
        let checked = (wrong("a"), Ok::<_, Refusal>(1), wrong("b")).together();
        let Err(OperationError::Refused(refusals)) = checked else {
            panic!("{checked:?}");
        };
        let fields: Vec<&str> = refusals.iter().map(|one| one.field[1].as_str()).collect();
        assert_eq!(fields, ["a", "b"]);
    }

    #[test]
    fn values_are_kept_and_faults_win() {
        let values = (Ok::<_, Refusal>(1), Ok::<_, Refusal>("x")).together();
        assert_eq!(values.unwrap(), (1, "x"));
        let fault = Err::<(), _>(OperationError::Unavailable);
        let checked = (wrong("a"), fault).together();
        assert!(
            matches!(checked, Err(OperationError::Unavailable)),
            "{checked:?}"
        );
    }
}
