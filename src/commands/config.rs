//! Commands about settings.
//!
//! Here: what they print. Not here: the settings' sources ([`sources`]), and what `serve` refuses
//! ([`super::serve`]).

use std::process::ExitCode;

use super::{Failure, print, serve::Prepared};
use crate::config::{
    ServeArgs,
    serving::Purpose,
    sources::{self, Described, InForce},
};

/// Prints each setting and what is wrong with them.
pub(super) async fn check(args: &ServeArgs, in_force: &[InForce]) -> Result<ExitCode, Failure> {
    print(&table(in_force))?;
    match Prepared::read(args, Purpose::Platform).await {
        Ok(_) => {
            print("\nThe settings are usable.\n")?;
            Ok(ExitCode::SUCCESS)
        }
        Err(problems) => {
            print("\nserve would refuse to start:\n")?;
            for problem in problems {
                print(&format!("- {problem}\n"))?;
            }
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Prints every setting as a Markdown table.
pub(super) fn reference() -> Result<ExitCode, Failure> {
    print(&markdown(&sources::described()))?;
    Ok(ExitCode::SUCCESS)
}

fn table(rows: &[InForce]) -> String {
    let width = |of: fn(&InForce) -> &String| {
        let widths = rows.iter().map(|row| of(row).chars().count());
        widths.max().unwrap_or_default()
    };
    let (name, value) = (width(|row| &row.name), width(|row| &row.value));
    rows.iter()
        .map(|row| {
            let line = format!("{:name$}  {:value$}  {}", row.name, row.value, row.source);
            format!("{}\n", line.trim_end())
        })
        .collect()
}

/// The rows of docs/operations/settings.md.
fn markdown(rows: &[Described]) -> String {
    let mut text =
        "| option | environment | default | meaning |\n| --- | --- | --- | --- |\n".to_owned();
    let code = |text: &str| match text {
        "" => String::new(),
        text => format!("`{text}`"),
    };
    for row in rows {
        let option = code(row.option.as_deref().unwrap_or_default());
        let (variable, default) = (code(&row.variable), code(&row.default));
        let help = row.help.replace('|', "\\|");
        text.push_str(&format!("| {option} | {variable} | {default} | {help} |\n"));
    }
    text
}
