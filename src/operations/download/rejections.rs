//! The parameters of a file of rejected rows in its link, and the content of the file.

use domain::id::{AccountId, ImportId};
use entity::contact_import;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    super::{OperationError, Services, contact_import::KEPT_REJECTIONS},
    Format, slug,
};
use crate::{
    imports::FileColumn,
    reports::{csv::Delimiter, rejections::RejectionsFile},
    store::{
        self,
        contact_import::RejectedRow,
        sql::paging::{Scope, Window},
    },
};

/// The parameters of a file of rejected rows beside its account.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RejectionClaims {
    rejections_of: Uuid,
    pub(super) format: Format,
    pub(super) delimiter: Delimiter,
}

impl RejectionClaims {
    pub(super) fn new(
        import: &contact_import::Model,
        format: Format,
        delimiter: Delimiter,
    ) -> Self {
        Self {
            rejections_of: import.id,
            format,
            delimiter,
        }
    }
}

/// `rejected-<file>.csv`.
pub(super) fn file_name(import: &contact_import::Model, format: Format) -> String {
    let name = match import.file_name.rsplit_once('.') {
        Some((stem, _)) => stem,
        None => &import.file_name,
    };
    let name = match name.trim() {
        "" => "rows".to_owned(),
        name => slug(name),
    };
    match format {
        Format::Csv => format!("rejected-{name}.csv"),
        Format::Xlsx => format!("rejected-{name}.xlsx"),
    }
}

impl Services {
    /// The rejected rows that are still kept, as a file; `None` if there are none. The values are
    /// shown to the viewer of the link, who was allowed to read them when it was made: the link
    /// dies with the viewer's key, and keys never change their role.
    pub(super) async fn rejections_file(
        &self,
        account: AccountId,
        claims: &RejectionClaims,
    ) -> Result<Option<RejectionsFile>, OperationError> {
        let id = ImportId::new(claims.rejections_of);
        let reader = self.store().reader();
        let import = store::contact_import::find_all(reader, [id]).await?.pop();
        let import = import.filter(|import| import.account_id == account.uuid());
        let Some(import) = import else {
            return Ok(None);
        };
        let all = Window {
            limit: KEPT_REJECTIONS.unsigned_abs(),
            from_end: false,
            after: None,
            before: None,
            reverse: false,
            scope: Scope::default(),
        };
        let rows = store::contact_import::rejections(reader, (account, id), all).await?;
        if rows.rows.is_empty() {
            return Ok(None);
        }
        let columns = import.columns.as_deref().map(serde_json::from_str);
        let columns: Vec<FileColumn> = columns
            .transpose()
            .map_err(|cause| OperationError::broken(format!("an import's columns: {cause}")))?
            .unwrap_or_default();
        let number = columns.iter().position(|column| column.is_phone_column);
        let headers = columns.into_iter().map(|column| column.header).collect();
        let rows = rows.rows.into_iter().map(|row| {
            let cells = cells(&row, number.unwrap_or_default())?;
            Ok((cells, row.reason))
        });
        Ok(Some(RejectionsFile {
            headers,
            rows: rows.collect::<Result<_, OperationError>>()?,
        }))
    }
}

/// A row's cells; if they weren't kept, its value in the column of numbers.
fn cells(row: &RejectedRow, number: usize) -> Result<Vec<String>, OperationError> {
    if let Some(text) = row.cells.unguarded() {
        return serde_json::from_str(text)
            .map_err(|cause| OperationError::broken(format!("a rejected row's cells: {cause}")));
    }
    let mut cells = vec![String::new(); number];
    cells.push(row.value.unguarded().clone());
    Ok(cells)
}
