//! The preview of a file of contacts before it is imported.

use async_graphql::{Context, Object, SimpleObject, Upload};
use domain::private::Private;

use super::{content, warning::ImportWarning};
use crate::{
    graphql::engine::{
        errors::ApiError,
        request::{services, viewer, viewer_of, written},
    },
    imports::{Preview, PreviewRow},
};

/// The beginning of a file of contacts, and how importContacts would read it.
#[derive(Debug)]
pub struct ContactImportPreview(Preview);

/// The beginning of a file of contacts, and how importContacts would read it without phoneColumn
/// and columns. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
#[Object]
impl ContactImportPreview {
    /// The character between two cells, such as "," or a tab. Null for a workbook.
    async fn delimiter(&self) -> Option<String> {
        self.0.delimiter.map(String::from)
    }

    /// The name of the text's encoding, such as "UTF-8". Null for a workbook.
    async fn encoding(&self) -> Option<&str> {
        self.0.encoding
    }

    /// The name of the sheet that is read: the active one. Null for a CSV file.
    async fn sheet(&self) -> Option<&str> {
        self.0.sheet.as_deref()
    }

    /// The columns that the first row names, from the left.
    async fn columns(&self) -> Vec<ImportPreviewColumn> {
        let columns = self.0.columns.iter().enumerate();
        columns
            .map(|(position, column)| ImportPreviewColumn {
                header: column.header.clone(),
                merge_field: column.merge_field.clone(),
                is_phone_column: self.0.phone_column == Some(position),
            })
            .collect()
    }

    /// The header of the column from which the phone numbers would be read. Null if no column is
    /// recognised: importContacts then refuses the file unless phoneColumn names one.
    async fn phone_column(&self) -> Option<&str> {
        let column = self.0.columns.get(self.0.phone_column?)?;
        Some(&column.header)
    }

    /// Why importContacts would refuse the file without phoneColumn and columns, and what would be
    /// right. Null if it would not.
    async fn problem(&self, ctx: &Context<'_>) -> Option<String> {
        let problem = self.0.problem.as_deref()?;
        Some(written(ctx, problem))
    }

    /// The first rows with cells, without the one that names the columns; at most 10.
    async fn rows(&self) -> Vec<ImportPreviewRow> {
        let rows = self.0.rows.iter();
        rows.map(|row: &PreviewRow| ImportPreviewRow {
            line: i32::try_from(row.line).unwrap_or(i32::MAX),
            cells: Private::new(row.cells.clone()),
        })
        .collect()
    }

    /// What importContacts would warn of, as far as the beginning of the file shows it.
    async fn warnings(&self) -> Vec<ImportWarning> {
        let warnings = self.0.warnings.iter().cloned();
        warnings.map(ImportWarning::from).collect()
    }
}

/// A column of a file of contacts. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or
/// VIEWER.
#[derive(Debug, SimpleObject)]
pub struct ImportPreviewColumn {
    /// What the first row says, as phoneColumn and columns name it. Empty if the column has no
    /// name.
    header: String,
    /// The merge field that it would become. Null for the phone numbers' column, and if the column
    /// would be left out.
    merge_field: Option<String>,
    /// Whether the phone numbers would be read from it; true of one column at most.
    is_phone_column: bool,
}

/// A row of a file of contacts.
#[derive(Debug)]
pub struct ImportPreviewRow {
    line: i32,
    cells: Private<Vec<String>>,
}

/// A row of a file of contacts, unchanged. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER
/// or VIEWER.
#[Object]
impl ImportPreviewRow {
    /// The line at which the row begins, from 1 and including the first row; in a workbook, its
    /// row.
    async fn line(&self) -> i32 {
        self.line
    }

    /// Its cells in the order of the columns, at most 100 characters of each.
    async fn cells(&self, ctx: &Context<'_>) -> Result<&[String], ApiError> {
        Ok(self.cells.shown_to(&viewer(ctx)?)?)
    }
}

/// The query that previews a file of contacts.
#[derive(Debug, Default)]
pub struct ContactImportQuery;

#[Object]
impl ContactImportQuery {
    /// Shows the beginning of a CSV file or an Excel workbook as importContacts would read it: how
    /// its text is written, its columns, which of them has the phone numbers and what the others
    /// become, and its first rows. A front end offers the mapping from it. Nothing is stored, and
    /// numbers are not checked.
    ///
    /// The file is sent as for importContacts, to roles that may import; a request has one preview.
    /// A file that can't be read is BAD_USER_INPUT with the reason. A few are read at once; beyond
    /// that RATE_LIMITED. Requires PLATFORM_ADMIN, OWNER or MEMBER.
    async fn contact_import_preview(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "A CSV file or an Excel workbook (.xlsx), whatever it is called; at most 256 MiB."
        )]
        file: Upload,
    ) -> Result<ContactImportPreview, ApiError> {
        let viewer = viewer_of(ctx, "contactImportPreview")?;
        let file = content(ctx, file)?.content;
        let preview = services(ctx)?.preview_contact_import(&viewer, file).await?;
        Ok(ContactImportPreview(preview))
    }
}
