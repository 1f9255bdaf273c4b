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
        return Err(wrong(written!(
            "The first row must name the columns; it is empty."
        )));
    }
    if let Some(wanted) = &mapping.phone_column {
        return find(header, wanted, MappingPart::PhoneColumn).map(Opinion::Sure);
    }
    let named = phone_header::find(header.iter());
    let is_data = |cell: &&str| cell_shape::is_data(cell, named != Named::None);
    if let Some(value) = header.iter().find(is_data) {
        let (is_address, value) = (value.contains('@'), cut(value));
        let holds = if is_address {
            text!(
                "The first row must name the columns, such as phone,firstName; it holds the address {value}.",
                value = value,
            )
        } else {
            text!(
                "The first row must name the columns, such as phone,firstName; it holds the number {value}.",
                value = value,
            )
        };
        return Err(wrong(holds.english()));
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
    let phrase = written!("Set phoneColumn, or name the column phone in the file.");
    match with_plus.as_slice() {
        [column] if cells(*column).all(cell_shape::is_international) => Ok(*column),
        [] | [_] => match candidates {
            // The column has no cells yet.
            [column, ..] if cells(*column).next().is_none() => Ok(*column),
            _ => Err(wrong(text!("No column of phone numbers was recognised. {phrase} The file's columns are: {columns}.", phrase = phrase, columns = listed(header.iter())).english())),
        },
        several => Err(wrong(text!("More than one column holds phone numbers: {columns}. {phrase}", columns = listed(several.iter().map(|column| header.get(*column))), phrase = phrase).english())),
    }
}

/// The columns that a mapping stores, with the numbers in the column `number`.
pub(super) fn mapped(
    header: Cells<'_>,
    number: usize,
    columns: &[ColumnMapping],
) -> Result<Vec<Field>, Unreadable> {
    if columns.len() > MAX_COLUMNS {
        let message = text!(
            "At most {limit} columns can be stored; got {got}.",
            limit = MAX_COLUMNS,
            got = columns.len()
        )
        .english();
        return Err(misfit(MappingPart::Columns, message));
    }
    let mut fields: Vec<Field> = Vec::with_capacity(columns.len());
    for (position, column) in columns.iter().enumerate() {
        let part = MappingPart::Header(position);
        let index = find(header, &column.header, part)?;
        if index == number {
            return Err(misfit(
                part,
                written!("Must be a column other than that of the phone numbers."),
            ));
        }
        if fields.iter().any(|field| field.index == index) {
            return Err(misfit(
                part,
                written!("Must not repeat the header of an earlier column."),
            ));
        }
        let part = MappingPart::MergeField(position);
        let name = &column.merge_field;
        if !merge::is_name(name) {
            return Err(misfit(
                part,
                text!("Must be a letter or _, then letters, digits, _, . or -, at most {limit} characters in all, such as firstName.", limit = merge::MAX_NAME_BYTES).english(),
            ));
        }
        if fields.iter().any(|field| field.name == *name) {
            return Err(misfit(
                part,
                written!("Must not repeat the merge field of an earlier column."),
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
            warn(
                text!(
                    "Column {position} has no name and is left out.",
                    position = position
                )
                .english(),
            );
            continue;
        };
        if fields.len() + 1 == MAX_COLUMNS {
            beyond += 1;
            continue;
        }
        if cell.contains(char::REPLACEMENT_CHARACTER) {
            warn(text!("The name of column {position} has characters that can't be read; the column is left out.", position = position).english());
            continue;
        }
        if name.len() > merge::MAX_NAME_BYTES {
            warn(text!("The name of column {position} is longer than the {limit} characters of a merge field; the column is left out.", position = position, limit = merge::MAX_NAME_BYTES).english());
            continue;
        }
        if let Some(other) = fields.iter().find(|field| field.name == name) {
            warn(text!("Column {position} would be the merge field {name}, as column {index} is; it is left out.", position = position, name = name, index = other.index + 1).english());
            continue;
        }
        if let Some(other) = fields
            .iter()
            .find(|field| field.name.eq_ignore_ascii_case(&name))
        {
            warn(text!("The merge fields {first} (column {index}) and {second} (column {position}) differ only in case.", first = other.name, index = other.index + 1, second = name, position = position).english());
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
            reason: text!(
                "At most {limit} columns are read; the last {beyond} of the file are left out.",
                limit = MAX_COLUMNS,
                beyond = beyond
            )
            .english()
            .into(),
        });
    }
    fields
}

/// The column with this header: exactly, or else ignoring case.
fn find(header: Cells<'_>, wanted: &str, part: MappingPart) -> Result<usize, Unreadable> {
    let wanted = wanted.trim();
    if wanted.is_empty() {
        return Err(misfit(
            part,
            written!("Must be the header of a column; it is empty."),
        ));
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
            text!("The file has no column {wanted}. Its columns are: {columns}.", wanted = cut(wanted), columns = listed(header.iter())).english(),
        )),
        [first, second, ..] => Err(misfit(
            part,
            text!("Columns {first} and {second} of the file both have this header; rename one of them.", first = first + 1, second = second + 1).english(),
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
