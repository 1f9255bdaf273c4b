//! Quotation marks that violate RFC 4180.

use super::{check, row, rows};

const INSIDE: &str = "A cell contains an unescaped quotation mark. Put the whole cell into quotation marks, and double the one inside.";
const BEHIND: &str =
    "Text follows a closing quotation mark. Double each quotation mark inside a cell.";
const OPEN: &str = "A quotation mark in this row is not closed within 65536 bytes.";

fn refused(line: u64, value: &str, reason: &str) -> super::Row {
    (line, Err(format!("{value}: {reason}")))
}

#[test]
fn spaces_around_quotation_marks_are_ignored() {
    check(
        b"phone,name,city\n+391, \"Rossi, Ada\" ,Roma\n\"+392\" , Bea,\t\"a\"\"b\"\n",
        &[
            row(2, "+391", "{\"name\":\"Rossi, Ada\",\"city\":\"Roma\"}"),
            row(3, "+392", "{\"name\":\"Bea\",\"city\":\"a\\\"b\"}"),
        ],
    );
    check(
        b"phone\tname\n+391\t\"a\tb\"\t\n",
        &[row(2, "+391", "{\"name\":\"a\\tb\"}")],
    );
}

#[test]
fn misplaced_marks_cost_their_row_and_no_other() {
    check(
        b"phone,name\n+391,Ada \"Nina\"\n+392,\"Bea\"B\n+393,\"Cy \\\"C\\\" D\"\n+394,Dan\n",
        &[
            refused(2, "+391,Ada \"Nina\"", INSIDE),
            refused(3, "+392,\"Bea\"B", BEHIND),
            refused(4, "+393,\"Cy \\\"C\\\" D\"", BEHIND),
            row(5, "+394", "{\"name\":\"Dan\"}"),
        ],
    );
    for end in ["\n", "\r\n", "\r"] {
        let text = "phone,name|+391,\"Ada|+392,Bea|+393,Cy".replace('|', end);
        check(
            text.as_bytes(),
            &[
                refused(2, "+391,\"Ada", OPEN),
                row(3, "+392", "{\"name\":\"Bea\"}"),
                row(4, "+393", "{\"name\":\"Cy\"}"),
            ],
        );
    }
    // One that is closed far away, beyond the longest row.
    let far = format!(
        "phone,name\n+391,\"Ada\n{}+392,\"Bea\"\n",
        "+393,Cy\n".repeat(20_000)
    );
    let found = rows(far.as_bytes()).unwrap();
    assert_eq!(found.len(), 20_002);
    assert_eq!(found[0], refused(2, "+391,\"Ada", OPEN));
    assert!(found[1..].iter().all(|(_, read)| read.is_ok()));
}

/// A stray mark closed by another: the true rows are unknown, so no line is imported and each is
/// reported.
#[test]
fn a_quotation_of_rows_is_refused_line_by_line() {
    check(
        b"phone,name\n+393401234567,\"Ada\n+393401234568,Bea\nno row\n+393401234569,Cy\"\n+393401234560,\"Dan\"\n",
        &[
            refused(
                2,
                "+393401234567,\"Ada",
                "A quoted cell of this row ends in line 5, after lines that look like rows of their own; check the quotation marks.",
            ),
            refused(
                3,
                "+393401234568,Bea",
                "The line is inside a quoted cell that begins in line 2; check the quotation marks there.",
            ),
            refused(
                5,
                "+393401234569,Cy\"",
                "The line is inside a quoted cell that begins in line 2; check the quotation marks there.",
            ),
            row(6, "+393401234560", "{\"name\":\"Dan\"}"),
        ],
    );
    // The end of the row looks like a row, but is not.
    check(
        b"name,phone\n\"Enzo\r\nEmilio\",+393401234567\n\"a\nb\nc\",340 1234567\n",
        &[
            row(2, "+393401234567", "{\"name\":\"Enzo\\r\\nEmilio\"}"),
            row(4, "340 1234567", "{\"name\":\"a\\nb\\nc\"}"),
        ],
    );
    // Lines that are not rows: an address, and a number in a sentence.
    check(
        b"phone,note\n+391,\"Via Roma 1, Milano\n20100, MI\ncall 340 1234567, or write\"\n+392,x\n",
        &[
            row(
                2,
                "+391",
                "{\"note\":\"Via Roma 1, Milano\\n20100, MI\\ncall 340 1234567, or write\"}",
            ),
            row(5, "+392", "{\"note\":\"x\"}"),
        ],
    );
}

/// Marks on every line: each is examined once, and once more at most as far as the longest row.
#[test]
fn marks_on_every_line_take_linear_time() {
    for line in [
        "+391,\"a\n",
        "\"\"\"a\n",
        "\"\n",
        "+391,\"a\"\"\n\n",
        "\"\"\"\"\n,\"\"\"\n",
    ] {
        let text = format!("phone,name\n{}", line.repeat(200_000));
        let begun = std::time::Instant::now();
        let read = rows(text.as_bytes()).unwrap();
        assert!(
            read.len() <= 200_000 && begun.elapsed().as_secs() < 20,
            "{line:?}"
        );
    }
}
