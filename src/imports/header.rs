//! The meaning of the first row: the column of numbers, and the merge fields of the others.
//!
//! **The numbers** are in the column that a mapping names; else in the one with a phone header
//! (`phone_header`); else in the only one whose cells are phone numbers with `+`. Otherwise the
//! file is refused, naming its columns: with a wrong column that happens to hold numbers, messages
//! would go to strangers.
//!
//! **Every other column** is a merge field named by its header (`field_name`) or by a mapping. A
//! column that can't be one is left out with a warning: it has no name, a name that is too long, or
//! the name of an earlier column.

use domain::merge;

use super::{
    ColumnMapping, MAX_COLUMNS, Mapping, MappingPart, Unreadable, Warning, cell_shape,
    cells::{Cells, KeptRow},
    columns::Field,
    cut,
    field_name::field_name,
    phone_header::{self, Named},
};

/// The most headers listed in a message.
const NAMED_HEADERS: usize = 20;

/// What the first row implies about the column of numbers.
#[derive(Debug)]
pub(super) enum Opinion {
    /// It is this one.
    Sure(usize),
    /// It is one of these, or any if there are none. The rows below decide.
    Unsure(Vec<usize>),
}

/// Examines the first row for the column of numbers.
pub(super) fn opinion(header: Cells<'_>, mapping: &Mapping) -> Result<Opinion, Unreadable> {
    if header.is_blank() {
        return Err(wrong("The first row must name the columns; it is empty."));
    }
    if let Some(wanted) = &mapping.phone_column {
        return find(header, wanted, MappingPart::PhoneColumn).map(Opinion::Sure);
    }
    let named = phone_header::find(header.iter());
    let is_data = |cell: &&str| cell_shape::is_data(cell, named != Named::None);
    if let Some(value) = header.iter().find(is_data) {
        return Err(wrong(format!(
            "The first row must name the columns, such as phone,firstName; it holds the {} {}.",
            if value.contains('@') {
                "address"
            } else {
                "number"
            },
            cut(value)
        )));
    }
    Ok(match named {
        Named::One(index) => Opinion::Sure(index),
        Named::Perhaps(columns) => Opinion::Unsure(columns),
        Named::None => Opinion::Unsure(Vec::new()),
    })
}

/// Decides by the first rows if the header alone is ambiguous.
pub(super) fn decide(
    header: Cells<'_>,
    candidates: &[usize],
    rows: &[KeptRow],
) -> Result<usize, Unreadable> {
    let cells = |column: usize| {
        let cells = rows.iter().map(move |row| row.cells().get(column));
        cells.filter(|cell| !cell.is_empty())
    };
    let is_named = candidates
        .iter()
        .find(|column| cells(**column).any(cell_shape::is_number));
    if let Some(column) = is_named {
        return Ok(*column);
    }
    let with_plus: Vec<usize> = (0..width(header))
        .filter(|column| cells(*column).any(cell_shape::is_international))
        .collect();
    let phrase = "Set phoneColumn, or name the column phone in the file.";
    match with_plus.as_slice() {
        [column] if cells(*column).all(cell_shape::is_international) => Ok(*column),
        [] | [_] => match candidates {
            // The column has no cells yet.
            [column, ..] if cells(*column).next().is_none() => Ok(*column),
            _ => Err(wrong(format!(
                "No column of phone numbers was recognised. {phrase} The file's columns are: {}.",
                listed(header.iter())
            ))),
        },
        several => Err(wrong(format!(
            "More than one column holds phone numbers: {}. {phrase}",
            listed(several.iter().map(|column| header.get(*column)))
        ))),
    }
}

/// The columns that a mapping stores, with the numbers in the column `number`.
pub(super) fn mapped(
    header: Cells<'_>,
    number: usize,
    columns: &[ColumnMapping],
) -> Result<Vec<Field>, Unreadable> {
    if columns.len() > MAX_COLUMNS {
        let message = format!(
            "At most {MAX_COLUMNS} columns can be stored; got {}.",
            columns.len()
        );
        return Err(misfit(MappingPart::Columns, message));
    }
    let mut fields: Vec<Field> = Vec::with_capacity(columns.len());
    for (position, column) in columns.iter().enumerate() {
        let part = MappingPart::Header(position);
        let index = find(header, &column.header, part)?;
        if index == number {
            return Err(misfit(
                part,
                "Must be a column other than that of the phone numbers.",
            ));
        }
        if fields.iter().any(|field| field.index == index) {
            return Err(misfit(
                part,
                "Must not repeat the header of an earlier column.",
            ));
        }
        let part = MappingPart::MergeField(position);
        let name = &column.merge_field;
        if !merge::is_name(name) {
            return Err(misfit(
                part,
                format!(
                    "Must be a letter or _, then letters, digits, _, . or -, at most {} characters in all, such as firstName.",
                    merge::MAX_NAME_BYTES
                ),
            ));
        }
        if fields.iter().any(|field| field.name == *name) {
            return Err(misfit(
                part,
                "Must not repeat the merge field of an earlier column.",
            ));
        }
        fields.push(Field {
            index,
            name: name.clone(),
            header: cut(header.get(index)),
        });
    }
    Ok(fields)
}

/// The number of columns in a first row, without empty ones at its end.
pub(super) fn width(header: Cells<'_>) -> usize {
    let named = header
        .iter()
        .enumerate()
        .filter(|(_, cell)| !cell.is_empty());
    named.last().map_or(0, |(last, _)| last + 1)
}

/// The merge field of each column of a first row, by position, without a mapping.
pub(super) fn merge_fields(header: Cells<'_>, number: Option<usize>) -> Vec<Option<String>> {
    let mut names = vec![None; width(header)];
    for field in fields(header, number, &mut Vec::new()) {
        if let Some(name) = names.get_mut(field.index) {
            *name = Some(field.name);
        }
    }
    names
}

/// The columns that are stored without a mapping.
pub(super) fn fields(
    header: Cells<'_>,
    number: Option<usize>,
    warnings: &mut Vec<Warning>,
) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    let mut beyond = 0_usize;
    for index in (0..width(header)).filter(|index| Some(*index) != number) {
        let cell = header.get(index);
        let position = index + 1;
        let mut warn = |reason: String| {
            warnings.push(Warning {
                line: None,
                column: Some(cut(cell)),
                reason: reason.into(),
            });
        };
        let Some(name) = field_name(cell, position) else {
            warn(format!("Column {position} has no name and is left out."));
            continue;
        };
        if fields.len() + 1 == MAX_COLUMNS {
            beyond += 1;
            continue;
        }
        if cell.contains(char::REPLACEMENT_CHARACTER) {
            warn(format!(
                "The name of column {position} has characters that can't be read; the column is left out."
            ));
            continue;
        }
        if name.len() > merge::MAX_NAME_BYTES {
            warn(format!(
                "The name of column {position} is longer than the {} characters of a merge field; the column is left out.",
                merge::MAX_NAME_BYTES
            ));
            continue;
        }
        if let Some(other) = fields.iter().find(|field| field.name == name) {
            warn(format!(
                "Column {position} would be the merge field {name}, as column {} is; it is left out.",
                other.index + 1
            ));
            continue;
        }
        if let Some(other) = fields
            .iter()
            .find(|field| field.name.eq_ignore_ascii_case(&name))
        {
            warn(format!(
                "The merge fields {} (column {}) and {name} (column {position}) differ only in case.",
                other.name,
                other.index + 1
            ));
        }
        fields.push(Field {
            index,
            name,
            header: cut(cell),
        });
    }
    if beyond > 0 {
        warnings.push(Warning {
            line: None,
            column: None,
            reason: format!(
                "At most {MAX_COLUMNS} columns are read; the last {beyond} of the file are left out."
            )
            .into(),
        });
    }
    fields
}

/// The column with this header: exactly, or else ignoring case.
fn find(header: Cells<'_>, wanted: &str, part: MappingPart) -> Result<usize, Unreadable> {
    let wanted = wanted.trim();
    if wanted.is_empty() {
        return Err(misfit(part, "Must be the header of a column; it is empty."));
    }
    let by = |is_alike: &dyn Fn(&str) -> bool| -> Vec<usize> {
        let cells = header.iter().enumerate();
        let alike = cells.filter(|(_, cell)| is_alike(cell));
        alike.map(|(index, _)| index).collect()
    };
    let mut found = by(&|cell| cell == wanted);
    if found.is_empty() {
        let lower = wanted.to_lowercase();
        found = by(&|cell| cell.to_lowercase() == lower);
    }
    match found.as_slice() {
        [column] => Ok(*column),
        [] => Err(misfit(
            part,
            format!(
                "The file has no column {}. Its columns are: {}.",
                cut(wanted),
                listed(header.iter())
            ),
        )),
        [first, second, ..] => Err(misfit(
            part,
            format!(
                "Columns {} and {} of the file both have this header; rename one of them.",
                first + 1,
                second + 1
            ),
        )),
    }
}

fn misfit(part: MappingPart, reason: impl Into<String>) -> Unreadable {
    Unreadable::Mapping {
        part,
        reason: reason.into(),
    }
}

fn wrong(message: impl Into<String>) -> Unreadable {
    Unreadable::Header(message.into())
}

/// Headers as listed in a message.
fn listed<'a>(headers: impl Iterator<Item = &'a str>) -> String {
    let headers: Vec<&str> = headers.filter(|header| !header.is_empty()).collect();
    let shown = headers.iter().take(NAMED_HEADERS);
    let mut list = shown
        .map(|header| cut(header))
        .collect::<Vec<_>>()
        .join(", ");
    if headers.len() > NAMED_HEADERS {
        list.push_str(&format!(" and {} more", headers.len() - NAMED_HEADERS));
    }
    list
}
