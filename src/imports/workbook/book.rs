//! The structure of a workbook: the sheet to read, and where its texts and styles are.
//!
//! Here: the package's relationships and `workbook.xml`. Not here: the contents of the parts that
//! they name.

use std::{collections::HashMap, io::Read};

use quick_xml::events::{BytesStart, Event};

use super::{
    MAX_PART_BYTES,
    archive::Archive,
    xml::{Xml, attribute, is_true},
};
use crate::imports::{ReadError, Unreadable};

/// Sheets of one workbook: Excel sets no limit, people have dozens, and each is kept until one is
/// chosen.
const MAX_SHEETS: usize = 1_024;
/// The longest name of a sheet in relationships, or of a part: far longer than any program writes.
const MAX_NAME_BYTES: usize = 1_024;

/// The parts to read.
#[derive(Debug)]
pub(super) struct Book {
    /// The sheet.
    pub sheet: String,
    /// The sheet's name.
    pub sheet_name: String,
    /// The shared texts.
    pub texts: Option<String>,
    /// The cell styles.
    pub styles: Option<String>,
    /// Dates are counted from 1904, as Excel for the Mac once did.
    pub from_1904: bool,
}

impl Book {
    /// Finds the parts.
    pub fn of(archive: &mut Archive) -> Result<Self, ReadError> {
        let path = workbook_path(archive)?;
        let outline = outline(archive, &path)?;
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        let relations = format!("{folder}/_rels/{name}.rels");
        let mut texts = None;
        let mut styles = None;
        let mut sheets: HashMap<String, String> = HashMap::new();
        each_relation(archive, relations.trim_start_matches('/'), |relation| {
            let target = || resolved(folder, &relation.target);
            match relation.kind() {
                "sharedStrings" => texts = Some(target()),
                "styles" => styles = Some(target()),
                // Others are sheets of charts, dialogs and macros.
                "worksheet" if outline.names(&relation.id) => {
                    sheets.insert(relation.id.clone(), target());
                }
                _ => {}
            }
        })?;
        let (sheet, sheet_name) = outline
            .by_preference()
            .find_map(|sheet| Some((sheets.remove(&sheet.relation)?, sheet.name.clone())))
            .ok_or(Unreadable::NoSheet)?;
        let existing = |path: &String| archive.has(path);
        Ok(Self {
            sheet,
            sheet_name,
            texts: texts.filter(existing),
            styles: styles.filter(existing),
            from_1904: outline.from_1904,
        })
    }
}

/// The path of the workbook part.
fn workbook_path(archive: &mut Archive) -> Result<String, ReadError> {
    let mut path = None;
    each_relation(archive, "_rels/.rels", |relation| {
        if relation.kind() == "officeDocument" {
            path = Some(resolved("", &relation.target));
        }
    })?;
    let path = path.unwrap_or_else(|| "xl/workbook.xml".to_owned());
    if archive.has(&path) {
        Ok(path)
    } else {
        Err(Unreadable::Damaged.into())
    }
}

struct Relation {
    id: String,
    kind: String,
    target: String,
}

impl Relation {
    /// The last segment of the type: the rest differs between the two editions of the standard.
    fn kind(&self) -> &str {
        self.kind.rsplit('/').next().unwrap_or_default()
    }
}

/// Visits every relationship of a part, if the part exists.
fn each_relation(
    archive: &mut Archive,
    name: &str,
    mut look: impl FnMut(&Relation),
) -> Result<(), ReadError> {
    let Some(part) = archive.part(name)? else {
        return Ok(());
    };
    let mut xml = Xml::new(part, name, MAX_PART_BYTES);
    loop {
        match xml.next()? {
            Event::Eof => return Ok(()),
            Event::Start(tag) | Event::Empty(tag)
                if tag.local_name().as_ref() == "Relationship" =>
            {
                look(&Relation {
                    id: named(&tag, "Id")?,
                    kind: named(&tag, "Type")?,
                    target: named(&tag, "Target")?,
                });
            }
            _ => {}
        }
    }
}

/// An attribute that names something; empty if it is missing or too long to be valid.
fn named(tag: &BytesStart<'_>, name: &str) -> Result<String, ReadError> {
    let value = attribute(tag, name)?.unwrap_or_default();
    let fits = value.len() <= MAX_NAME_BYTES;
    Ok(if fits {
        value.into_owned()
    } else {
        String::new()
    })
}

/// A part's name in the archive, resolved relative to another part.
fn resolved(folder: &str, target: &str) -> String {
    let mut path: Vec<&str> = match target.strip_prefix('/') {
        Some(_) => Vec::new(),
        None => folder.split('/').filter(|step| !step.is_empty()).collect(),
    };
    for step in target.split(['/', '\\']) {
        match step {
            "" | "." => {}
            ".." => {
                path.pop();
            }
            step => path.push(step),
        }
    }
    path.join("/").to_ascii_lowercase()
}

#[derive(Debug, Default)]
struct Outline {
    sheets: Vec<Listed>,
    /// The position of the sheet that Excel shows when it opens the workbook.
    active: usize,
    from_1904: bool,
}

#[derive(Debug)]
struct Listed {
    relation: String,
    name: String,
    is_visible: bool,
}

impl Outline {
    fn names(&self, relation: &str) -> bool {
        self.sheets.iter().any(|sheet| sheet.relation == relation)
    }

    /// The visible sheets: the active one, then the others in order.
    fn by_preference(&self) -> impl Iterator<Item = &Listed> {
        let active = self.sheets.get(self.active);
        let all = active.into_iter().chain(&self.sheets);
        all.filter(|sheet| sheet.is_visible)
    }
}

fn outline(archive: &mut Archive, path: &str) -> Result<Outline, ReadError> {
    let part = archive.part(path)?.ok_or(Unreadable::Damaged)?;
    read_outline(Xml::new(part, path, MAX_PART_BYTES))
}

fn read_outline(mut xml: Xml<impl Read>) -> Result<Outline, ReadError> {
    let mut outline = Outline::default();
    let mut views = 0;
    let mut is_workbook = false;
    loop {
        let event = xml.next()?;
        let (Event::Start(tag) | Event::Empty(tag)) = &event else {
            match event {
                Event::Eof if is_workbook => return Ok(outline),
                Event::Eof => return Err(Unreadable::Damaged.into()),
                _ => continue,
            }
        };
        match tag.local_name().as_ref() {
            "workbook" => is_workbook = true,
            "workbookPr" => {
                if let Some(value) = attribute(tag, "date1904")? {
                    outline.from_1904 = is_true(&value);
                }
            }
            "workbookView" => {
                // With several windows, the first is in front.
                if views == 0
                    && let Some(value) = attribute(tag, "activeTab")?
                {
                    outline.active = value.parse().unwrap_or(0);
                }
                views += 1;
            }
            "sheet" => {
                if outline.sheets.len() == MAX_SHEETS {
                    let message = format!("it has more than {MAX_SHEETS} sheets");
                    return Err(Unreadable::TooLarge(message).into());
                }
                let state = attribute(tag, "state")?;
                outline.sheets.push(Listed {
                    is_visible: state.is_none_or(|state| state == "visible"),
                    relation: named(tag, "id")?,
                    name: named(tag, "name")?,
                });
            }
            _ => {}
        }
    }
}
