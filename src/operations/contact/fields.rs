//! The merge fields of one contact, as a client gives them.
//!
//! Here: names and values are checked, and applied to the fields that a contact has. The limits are
//! those of imports. Not here: storing them.

use std::collections::{BTreeMap, BTreeSet};

use domain::{merge, private::Private};

use crate::{
    imports::{MAX_COLUMNS, MAX_FIELDS_BYTES, MAX_VALUE_CHARS},
    localization::Text,
    operations::{OperationError, Path, Refusal, together::all},
};

/// A merge field to set.
#[derive(Debug, Clone)]
pub struct FieldChange {
    /// The field's name.
    pub name: String,
    /// Its new value; the field is removed if it is `None` or blank.
    pub value: Private<Option<String>>,
}

/// A value that can't be used and was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactWarning {
    /// The path to the value.
    pub field: Vec<String>,
    /// What is wrong with it, and what became of the field.
    pub message: Text,
}

/// A contact's fields by name.
pub(super) type Fields = BTreeMap<String, String>;

/// The fields of a stored contact.
///
/// # Errors
/// A fault if they are not an object of texts.
pub(super) fn parse(stored: &Private<Option<String>>) -> Result<Fields, OperationError> {
    let Some(text) = stored.unguarded() else {
        return Ok(Fields::new());
    };
    serde_json::from_str(text)
        .map_err(|cause| OperationError::broken(format!("a contact's fields: {cause}")))
}

/// The fields as they are stored; `None` if there are none.
pub(super) fn json(fields: &Fields) -> Result<Private<Option<String>>, OperationError> {
    if fields.is_empty() {
        return Ok(Private::new(None));
    }
    let text = serde_json::to_string(fields)
        .map_err(|cause| OperationError::broken(format!("a contact's fields: {cause}")))?;
    Ok(Private::new(Some(text)))
}

/// Checks the names of fields, and their number.
pub(super) fn check(changes: &[FieldChange], path: &Path) -> Result<(), OperationError> {
    if changes.len() > MAX_COLUMNS {
        let text = text!(
            "Must be at most {limit} fields; got {got}.",
            limit = MAX_COLUMNS,
            got = changes.len()
        );
        return Err(path.invalid(text).into());
    }
    let mut names = BTreeSet::new();
    let checked = all(changes.iter().enumerate().map(|(index, change)| {
        let path = || path.at(index).at("name");
        if !merge::is_name(&change.name) {
            return Err(path().invalid(text!("Must be a letter or _, then letters, digits, _, . or -, all of ASCII; at most {limit} characters.", limit = merge::MAX_NAME_BYTES)));
        }
        if !names.insert(&change.name) {
            return Err(path().invalid(text!("Repeats a name; give each field once.")));
        }
        Ok(())
    }));
    checked.map(drop)
}

/// Applies changes, whose names were checked, to a contact's fields. A value that can't be used
/// leaves its field as it was, with a warning.
///
/// # Errors
/// `Invalid` at `path` if the contact would have more than [`MAX_COLUMNS`] fields.
pub(super) fn apply(
    fields: &mut Fields,
    changes: &[FieldChange],
    path: &Path,
    warnings: &mut Vec<ContactWarning>,
) -> Result<(), Refusal> {
    let values = changes.iter().map(|change| {
        let value = change.value.unguarded().as_deref().map(str::trim);
        value.filter(|value| !value.is_empty())
    });
    // First what goes, because it makes room.
    for (change, value) in changes.iter().zip(values.clone()) {
        if value.is_none() {
            fields.remove(&change.name);
        }
    }
    let mut bytes = fields
        .iter()
        .fold(1, |sum, (name, value)| sum + size(name, value));
    for (index, (change, value)) in changes.iter().zip(values).enumerate() {
        let Some(value) = value else { continue };
        let before = fields
            .get(&change.name)
            .map_or(0, |old| size(&change.name, old));
        let after = bytes - before + size(&change.name, value);
        let fault = match fault(value) {
            Some(fault) => Some(fault),
            None if after > MAX_FIELDS_BYTES => Some(text!(
                "The contact's fields come to more than {limit} bytes.",
                limit = MAX_FIELDS_BYTES,
            )),
            None => None,
        };
        if let Some(fault) = fault {
            let Refusal { field, message, .. } = path
                .at(index)
                .at("value")
                .invalid(text!("{fault} It is not stored.", fault = fault));
            warnings.push(ContactWarning { field, message });
            continue;
        }
        bytes = after;
        fields.insert(change.name.clone(), value.to_owned());
    }
    if fields.len() > MAX_COLUMNS {
        return Err(path.invalid(text!(
            "The contact would have {got} fields; at most {limit} are allowed.",
            got = fields.len(),
            limit = MAX_COLUMNS
        )));
    }
    Ok(())
}

/// What is wrong with a value.
fn fault(value: &str) -> Option<Text> {
    let control =
        |character: char| character.is_control() && !matches!(character, '\n' | '\r' | '\t');
    // A text never has more characters than bytes.
    if value.len() > MAX_VALUE_CHARS && value.chars().count() > MAX_VALUE_CHARS {
        return Some(text!(
            "The value has more than {limit} characters.",
            limit = MAX_VALUE_CHARS,
        ));
    }
    if value.contains(control) {
        return Some(text!("The value has control characters."));
    }
    value
        .contains(char::REPLACEMENT_CHARACTER)
        .then(|| text!("The value has characters that can't be read."))
}

/// The bytes of a field in JSON, with its punctuation.
fn size(name: &str, value: &str) -> usize {
    let text = serde_json::to_string(value).map_or(value.len(), |text| text.len());
    name.len() + "\"\":,".len() + text
}

#[cfg(test)]
mod tests {
    use domain::private::Private;

    use super::{FieldChange, Fields, OperationError, Path, apply, check, json};

    fn change(name: &str, value: Option<&str>) -> FieldChange {
        FieldChange {
            name: name.to_owned(),
            value: Private::new(value.map(str::to_owned)),
        }
    }

    #[test]
    fn fields_are_set_and_removed_by_name() {
        let path = Path::input("fields");
        let mut fields = Fields::from([("a".to_owned(), "1".to_owned()), ("b".into(), "2".into())]);
        let mut warnings = Vec::new();
        let changes = [
            change("a", None),
            change("b", Some(" 3 ")),
            change("c", Some(" ")),
        ];
        apply(&mut fields, &changes, &path, &mut warnings).unwrap();
        assert_eq!(fields, Fields::from([("b".to_owned(), "3".to_owned())]));
        assert_eq!(warnings, []);
        apply(&mut fields, &[change("b", None)], &path, &mut warnings).unwrap();
        assert_eq!(json(&fields).unwrap().unguarded(), &None);
    }

    #[test]
    fn values_that_do_not_fit_are_left_out() {
        let path = Path::input("fields");
        let (mut fields, mut warnings) = (Fields::new(), Vec::new());
        let long = "x".repeat(1_001);
        let thousand = "x".repeat(1_000);
        let mut changes = vec![change("long", Some(&long)), change("bell", Some("a\u{7}"))];
        changes.extend((0..10).map(|at| change(&format!("f{at}"), Some(&thousand))));
        apply(&mut fields, &changes, &path, &mut warnings).unwrap();
        assert_eq!(fields.len(), 8);
        assert!(json(&fields).unwrap().unguarded().as_ref().unwrap().len() <= 8_192);
        let places: Vec<_> = warnings.iter().map(|one| one.field.join(".")).collect();
        let expected = ["0", "1", "10", "11"].map(|at| format!("input.fields.{at}.value"));
        assert_eq!(places, expected);
    }

    #[test]
    fn names_are_checked() {
        let path = Path::input("fields");
        let refused = |changes: &[FieldChange]| match check(changes, &path) {
            Err(OperationError::Refused(refusals)) => refusals[0].field.join("."),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            refused(&[change("first name", None)]),
            "input.fields.0.name"
        );
        assert_eq!(
            refused(&[change("a", None), change("a", None)]),
            "input.fields.1.name"
        );
        let many: Vec<_> = (0..101).map(|at| change(&format!("f{at}"), None)).collect();
        assert_eq!(refused(&many), "input.fields");
        assert!(check(&many[..100], &path).is_ok());
    }
}
