//! Workbooks built part by part, as no program writes them.

use std::io::{Cursor, Write};

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// The beginning of the root element of a sheet, of the shared texts and of the styles.
pub const SPACE: &str = "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"";

/// A zip of these parts.
pub fn zipped<'a>(parts: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, content) in parts {
        zip.start_file(name, options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The parts of a workbook by name; parts not set explicitly are valid.
pub struct Parts(pub Vec<(&'static str, Vec<u8>)>);

pub const SHEET: &str = "xl/worksheets/sheet1.xml";
pub const STYLES: &str = "xl/styles.xml";
pub const TEXTS: &str = "xl/sharedStrings.xml";
pub const WORKBOOK: &str = "xl/workbook.xml";
pub const RELATIONS: &str = "xl/_rels/workbook.xml.rels";
pub const ROOT: &str = "_rels/.rels";
pub const TYPES: &str = "[Content_Types].xml";

const R: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

impl Parts {
    /// A workbook whose only sheet has a number and a name.
    pub fn new() -> Self {
        let relation = |id: &str, kind: &str, target: &str| {
            format!("<Relationship Id=\"{id}\" Type=\"{R}/{kind}\" Target=\"{target}\"/>")
        };
        let relations =
            |inner: String| format!("<Relationships xmlns=\"p\">{inner}</Relationships>");
        let sheet = "<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>phone</t></is></c>\
            <c r=\"B1\" t=\"inlineStr\"><is><t>name</t></is></c></row>\
            <row r=\"2\"><c r=\"A2\" t=\"inlineStr\"><is><t>+393401234567</t></is></c>\
            <c r=\"B2\" t=\"inlineStr\"><is><t>Anna</t></is></c></row>";
        let mut parts = Self(Vec::new());
        parts.set(TYPES, "<Types/>");
        parts.set(
            ROOT,
            relations(relation("rId1", "officeDocument", "xl/workbook.xml")),
        );
        parts.set(
            RELATIONS,
            relations(
                relation("rId1", "worksheet", "worksheets/sheet1.xml")
                    + &relation("rId2", "styles", "styles.xml")
                    + &relation("rId3", "sharedStrings", "sharedStrings.xml"),
            ),
        );
        parts.set(
            WORKBOOK,
            format!(
                "<workbook {SPACE} xmlns:r=\"{R}\"><sheets>\
                <sheet name=\"S\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
            ),
        );
        parts.set(
            SHEET,
            format!("<worksheet {SPACE}><sheetData>{sheet}</sheetData></worksheet>"),
        );
        parts
    }

    /// Replaces a part.
    pub fn set(&mut self, name: &'static str, content: impl Into<Vec<u8>>) {
        self.0.retain(|(known, _)| *known != name);
        self.0.push((name, content.into()));
    }

    /// This workbook with a part replaced.
    pub fn with(mut self, name: &'static str, content: impl Into<Vec<u8>>) -> Self {
        self.set(name, content);
        self
    }

    /// This workbook with a part made of a beginning, a filling of up to this many bytes, and an
    /// end.
    pub fn filled(
        self,
        name: &'static str,
        (start, filling, end): (&str, &str, &str),
        bytes: usize,
    ) -> Self {
        let mut content = start.as_bytes().to_vec();
        content.extend(filling.as_bytes().repeat(bytes / filling.len()));
        content.extend(end.as_bytes());
        self.with(name, content)
    }

    /// The zipped workbook.
    pub fn zip(&self) -> Vec<u8> {
        zipped(
            self.0
                .iter()
                .map(|(name, content)| (*name, content.as_slice())),
        )
    }
}
