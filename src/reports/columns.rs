//! The columns of a report's messages.
//!
//! Here: the one table from which the workbook's Messages sheets and the CSV take their columns:
//! names, width, format, and how a cell is made from a message. Not here: how a cell is written.

use domain::credits::Credits;
use jiff::Timestamp;

use super::file::MessageRow;

/// The columns, from the left.
pub const COLUMNS: [Column; 12] = {
    use Field as F;
    use Format::{Moment, Number, Text};
    [
        Column::new("sent_at", "Sent at", 30.0, Moment, F::SentAt),
        Column::new("list", "List", 28.0, Text, F::List),
        Column::new("text", "Text", 80.0, Text, F::Text),
        Column::new("channel", "Channel", 12.0, Text, F::Channel),
        Column::new("encoding", "Encoding", 13.0, Text, F::Encoding),
        Column::new("segments", "Segments", 14.0, Number, F::Segments),
        Column::new("recipients", "Recipients", 15.0, Number, F::Recipients),
        Column::new("country", "Country", 12.0, Text, F::Country),
        Column::new("credits", "Credits", 16.0, Number, F::Credits),
        Column::new("message_id", "Message id", 34.0, Text, F::MessageId),
        Column::new("sent_by", "Sent by", 28.0, Text, F::SentBy),
        Column::new("on_behalf_of", "On behalf of", 28.0, Text, F::OnBehalfOf),
    ]
};

/// One column of both files.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name in the CSV's header.
    pub csv_name: &'static str,
    /// Its heading on the sheet. A column of moments adds the time zone.
    pub heading: &'static str,
    /// Its width on the sheet, in characters.
    pub width: f64,
    /// How the sheet formats its cells.
    pub format: Format,
    field: Field,
}

/// How the sheet formats the cells of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Date and time in the report's zone.
    Moment,
    /// Text, also if it is made of digits.
    Text,
    /// A count, or credits.
    Number,
}

/// The value of a message that a column shows.
#[derive(Debug, Clone, Copy)]
enum Field {
    SentAt,
    List,
    Text,
    Channel,
    Encoding,
    Segments,
    Recipients,
    Country,
    Credits,
    MessageId,
    SentBy,
    OnBehalfOf,
}

/// The value of a cell. An empty text is an empty cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// An instant.
    Moment(Timestamp),
    /// A text that many rows repeat.
    Repeated(&'a str),
    /// A text that few rows repeat.
    Unique(&'a str),
    /// A message's text, which may have several lines.
    Body(&'a str),
    /// A whole number.
    Count(i64),
    /// An amount of credits.
    Credits(Credits),
}

impl Column {
    const fn new(
        csv_name: &'static str,
        heading: &'static str,
        width: f64,
        format: Format,
        field: Field,
    ) -> Self {
        Self {
            csv_name,
            heading,
            width,
            format,
            field,
        }
    }

    /// The value of this column's cell in a message's row.
    ///
    /// A match rather than a function pointer: files have millions of cells.
    #[inline]
    #[must_use]
    pub fn value<'a>(&self, row: &MessageRow<'a>) -> Value<'a> {
        match self.field {
            Field::SentAt => Value::Moment(row.sent_at),
            Field::List => Value::Repeated(row.list_name.unwrap_or_default()),
            Field::Text => Value::Body(row.text),
            Field::Channel => Value::Repeated(row.channel.name()),
            Field::Encoding => Value::Repeated(row.encoding.unwrap_or_default()),
            Field::Segments => Value::Count(row.segment_count),
            Field::Recipients => Value::Count(row.recipients),
            Field::Country => Value::Repeated(row.country_code),
            Field::Credits => Value::Credits(row.credits),
            Field::MessageId => Value::Unique(row.message_id),
            Field::SentBy => Value::Repeated(row.sent_by),
            Field::OnBehalfOf => Value::Repeated(row.on_behalf_of),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::credits::Credits;
    use jiff::Timestamp;

    use super::{COLUMNS, Format, Value};
    use crate::reports::file::MessageRow;

    #[test]
    fn values_fit_the_format_of_their_column() {
        let row = MessageRow {
            sent_at: Timestamp::UNIX_EPOCH,
            list_name: None,
            text: "",
            channel: domain::channel::Channel::Sms,
            encoding: None,
            segment_count: 1,
            recipients: 1,
            country_code: "IT",
            credits: Credits::ZERO,
            message_id: "msg_1",
            sent_by: "Shop",
            on_behalf_of: "",
        };
        for column in COLUMNS {
            let expected = match column.value(&row) {
                Value::Moment(_) => Format::Moment,
                Value::Repeated(_) | Value::Unique(_) | Value::Body(_) => Format::Text,
                Value::Count(_) | Value::Credits(_) => Format::Number,
            };
            assert_eq!(column.format, expected, "{}", column.csv_name);
        }
    }

    #[test]
    fn names_are_unique_and_follow_the_headings() {
        for (at, column) in COLUMNS.iter().enumerate() {
            let from_heading = column.heading.to_lowercase().replace(' ', "_");
            assert_eq!(column.csv_name, from_heading);
            let same_name = |other: &super::Column| other.csv_name == column.csv_name;
            assert_eq!(COLUMNS.iter().position(same_name), Some(at));
        }
    }
}
