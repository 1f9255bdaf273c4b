//! The mapping of a file's columns: checks that need no file, and the path of the input that is
//! wrong if a mapping doesn't fit its file.

use std::collections::HashMap;

use domain::merge;

use crate::{
    imports::{MAX_COLUMNS, MAX_VALUE_CHARS, Mapping, MappingPart},
    localization::Text,
    operations::{OperationError, Path, Refusal},
};

/// Refuses a mapping that fits no file, naming every wrong part by its path.
///
/// # Errors
/// One refusal for each wrong part.
pub(super) fn check(mapping: &Mapping) -> Result<(), OperationError> {
    let mut wrong = Vec::new();
    if let Some(header) = &mapping.phone_column {
        wrong.extend(header_fault(header).map(|fault| refuse(MappingPart::PhoneColumn, fault)));
    }
    let columns = mapping.columns.as_deref().unwrap_or_default();
    if columns.len() > MAX_COLUMNS {
        let fault = text!(
            "At most {limit} columns are allowed; got {got}.",
            limit = MAX_COLUMNS,
            got = columns.len(),
        );
        return Err(refuse(MappingPart::Columns, fault).into());
    }
    let (mut headers, mut fields) = (HashMap::new(), HashMap::new());
    for (index, column) in columns.iter().enumerate() {
        let header = column.header.trim();
        let fault = header_fault(header).or_else(|| {
            let first = first_of(&mut headers, header, index)?;
            Some(text!(
                "Must be given once; columns.{first} has the same header.",
                first = first,
            ))
        });
        wrong.extend(fault.map(|fault| refuse(MappingPart::Header(index), fault)));
        let field = column.merge_field.as_str();
        let fault = field_fault(field).or_else(|| {
            let first = first_of(&mut fields, field, index)?;
            Some(text!(
                "Must be given once; columns.{first} has the same merge field.",
                first = first,
            ))
        });
        wrong.extend(fault.map(|fault| refuse(MappingPart::MergeField(index), fault)));
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(OperationError::Refused(wrong))
    }
}

/// The refusal of one part of the mapping.
pub(super) fn refuse(part: MappingPart, reason: Text) -> Refusal {
    let column = |index: usize| Path::input("columns").at(index);
    let path = match part {
        MappingPart::PhoneColumn => Path::input("phoneColumn"),
        MappingPart::Columns => Path::input("columns"),
        MappingPart::Header(index) => column(index).at("header"),
        MappingPart::MergeField(index) => column(index).at("mergeField"),
    };
    path.invalid(reason)
}

/// The position at which the same text was given before, if it was.
fn first_of<'a>(seen: &mut HashMap<&'a str, usize>, text: &'a str, index: usize) -> Option<usize> {
    let first = *seen.entry(text).or_insert(index);
    (first != index).then_some(first)
}

fn header_fault(header: &str) -> Option<Text> {
    if header.trim().is_empty() {
        return Some(text!("Must be the header of a column; it is empty."));
    }
    let characters = header.chars().count();
    (characters > MAX_VALUE_CHARS).then(|| too_long(MAX_VALUE_CHARS, characters))
}

fn field_fault(name: &str) -> Option<Text> {
    if name.len() > merge::MAX_NAME_BYTES {
        return Some(too_long(merge::MAX_NAME_BYTES, name.chars().count()));
    }
    (!merge::is_name(name)).then(|| {
        text!(
            "Must be a merge field's name: a letter or _, then letters, digits, _, . or -, all of ASCII, such as \
             \"firstName\"."
        )
    })
}

fn too_long(limit: usize, got: usize) -> Text {
    text!(
        "At most {limit} characters are allowed; got {got}.",
        limit = limit,
        got = got,
    )
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::{
        imports::{ColumnMapping, Mapping},
        operations::OperationError,
    };

    fn mapping(phone_column: Option<&str>, columns: &[(&str, &str)]) -> Mapping {
        let columns = columns.iter().map(|(header, merge_field)| ColumnMapping {
            header: (*header).to_owned(),
            merge_field: (*merge_field).to_owned(),
        });
        Mapping {
            phone_column: phone_column.map(str::to_owned),
            columns: Some(columns.collect()),
        }
    }

    fn wrong(mapping: &Mapping) -> Vec<String> {
        match check(mapping) {
            Ok(()) => Vec::new(),
            Err(OperationError::Refused(rows)) => {
                rows.iter().map(|row| row.field.join(".")).collect()
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_wrong_part_of_a_mapping_is_reported() {
        assert_eq!(wrong(&Mapping::default()), [""; 0]);
        let fine = mapping(Some("Handy"), &[("Vorname", "firstName"), ("Ort", "city")]);
        assert_eq!(wrong(&fine), [""; 0]);
        assert_eq!(wrong(&mapping(Some(" "), &[])), ["input.phoneColumn"]);
        let long = "x".repeat(1_001);
        let name = "x".repeat(65);
        let bad = mapping(
            Some(&long),
            &[
                ("A", "a"),
                (" A ", "b"),
                ("", "a"),
                ("C", "first name"),
                ("D", &name),
                ("E", ""),
            ],
        );
        assert_eq!(
            wrong(&bad),
            [
                "input.phoneColumn",
                "input.columns.1.header",
                "input.columns.2.header",
                "input.columns.2.mergeField",
                "input.columns.3.mergeField",
                "input.columns.4.mergeField",
                "input.columns.5.mergeField",
            ]
        );
        let many: Vec<_> = (0..101)
            .map(|at| (format!("h{at}"), format!("f{at}")))
            .collect();
        let many: Vec<_> = many
            .iter()
            .map(|(header, field)| (&**header, &**field))
            .collect();
        assert_eq!(wrong(&mapping(None, &many)), ["input.columns"]);
        assert_eq!(wrong(&mapping(None, &many[..100])), [""; 0]);
    }
}
