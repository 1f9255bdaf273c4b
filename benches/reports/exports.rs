//! Files over HTTP: duration, time to the first byte, memory, concurrency, and the work left when a
//! client goes.

use std::time::{Duration, Instant};

use domain::id::AccountId;

use rust_xlsxwriter::{Format, Workbook};

use crate::{
    Failure, Size,
    data::{LISTS, World},
    process::Server,
};

const LINK: &str = "query($input: UsageReportInput!, $format: ReportFormat!) {
    usageReportDownload(input: $input, format: $format) { url } }";
/// Downloads at once.
const AT_ONCE: usize = 32;
/// The time after which the server must no longer work for a client that left.
const GRACE: Duration = Duration::from_millis(100);

/// Measures all of it.
pub async fn measure(
    world: &World,
    server: &Server,
    (size, reading): (Size, Option<f64>),
) -> Result<(), Failure> {
    for format in ["XLSX", "CSV"] {
        let url = link(world, server, world.large, format).await?;
        // One download first, so that one-time work is done.
        fetch(server, &link(world, server, world.small, format).await?).await?;
        let (_, idle) = server.memory()?;
        server.forget_peak()?;
        let begun = Instant::now();
        let fetched = fetch(server, &url).await?;
        let time = begun.elapsed().as_secs_f64();
        let (peak, _) = server.memory()?;
        println!(
            "{format} of {} messages over HTTP: {time:.2} s, first byte after {:.0} ms, {} bytes, {:.1} MB above idle, {} temporary files",
            size.rows,
            fetched.first.as_secs_f64() * 1e3,
            fetched.bytes,
            peak.saturating_sub(idle) as f64 / 1024.0,
            fetched.temporary_files
        );
        if format == "XLSX" {
            let theirs = constant_memory(size.rows)?;
            println!(
                "rust_xlsxwriter in constant memory, as many rows of as many columns: {theirs:.2} s; ours takes {:.2} of it",
                time / theirs
            );
        } else if let Some(reading) = reading {
            println!(
                "CSV takes {:.2} times as long as reading its rows",
                time / reading
            );
        }
    }
    for format in ["CSV", "XLSX"] {
        at_once(world, server, format).await?;
    }
    hang_up(world, server).await
}

async fn link(
    world: &World,
    server: &Server,
    account: AccountId,
    format: &str,
) -> Result<String, Failure> {
    let mut variables = World::year(account);
    variables["format"] = format.into();
    let data = server.data(&world.key, LINK, variables).await?;
    let url = data["usageReportDownload"]["url"].as_str();
    Ok(url.ok_or("no link")?.to_owned())
}

struct Fetched {
    first: Duration,
    bytes: usize,
    temporary_files: usize,
}

async fn fetch(server: &Server, url: &str) -> Result<Fetched, Failure> {
    let begun = Instant::now();
    let mut response = server.get(url).await?.error_for_status()?;
    let mut fetched = Fetched {
        first: Duration::ZERO,
        bytes: 0,
        temporary_files: 0,
    };
    let mut chunks = 0_u64;
    while let Some(chunk) = response.chunk().await? {
        if fetched.bytes == 0 {
            fetched.first = begun.elapsed();
        }
        fetched.bytes += chunk.len();
        chunks += 1;
        if chunks % 64 == 1 {
            fetched.temporary_files = fetched.temporary_files.max(server.temporary_files());
        }
    }
    Ok(fetched)
}

/// Many downloads at once, of all accounts; those beyond the bound are refused.
async fn at_once(world: &World, server: &Server, format: &str) -> Result<(), Failure> {
    let accounts: Vec<AccountId> = world.others.iter().copied().chain([world.small]).collect();
    let mut urls = Vec::new();
    for account in accounts.iter().cycle().take(AT_ONCE) {
        urls.push(link(world, server, *account, format).await?);
    }
    let (_, idle) = server.memory()?;
    server.forget_peak()?;
    let begun = Instant::now();
    let mut open = Vec::new();
    let (mut done, mut refused) = (0, 0);
    for answer in futures_util::future::join_all(urls.iter().map(|url| server.get(url))).await {
        let answer = answer?;
        match answer.status().as_u16() {
            200 => open.push(answer),
            429 | 503 => refused += 1,
            other => return Err(format!("a download was answered with {other}").into()),
        }
    }
    for body in futures_util::future::join_all(open.into_iter().map(reqwest::Response::bytes)).await
    {
        body?;
        done += 1;
    }
    let (peak, _) = server.memory()?;
    println!(
        "{AT_ONCE} {format} at once: {done} whole, {refused} told to come again, {:.2} s, {:.1} MB above idle",
        begun.elapsed().as_secs_f64(),
        peak.saturating_sub(idle) as f64 / 1024.0
    );
    Ok(())
}

/// How long the library alone takes for the rows of a file from memory, in seconds.
fn constant_memory(rows: u64) -> Result<f64, Failure> {
    let begun = Instant::now();
    let text = Format::new().set_num_format("@");
    let number = Format::new().set_num_format("#,##0");
    let moment = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
    let mut workbook = Workbook::new();
    let mut sheet = workbook.add_worksheet_with_constant_memory()?;
    let mut line = 0;
    for row in 0..rows {
        if line == 1_048_575 {
            sheet = workbook.add_worksheet_with_constant_memory()?;
            line = 0;
        }
        line += 1;
        let body = format!(
            "Ciao! Solo oggi 20% di sconto su tutta la collezione, in negozio e online. Codice {}",
            row * 7_919 % 1_000_003
        );
        let count = (1 + row % 500) as f64;
        sheet.write_number_with_format(
            line,
            0,
            45_962.0 + row as f64 * 365.0 / rows as f64,
            &moment,
        )?;
        sheet.write_string_with_format(
            line,
            1,
            format!("Contact list {}", row * 7 % LISTS),
            &text,
        )?;
        sheet.write_string_with_format(line, 2, body, &text)?;
        sheet.write_string_with_format(line, 3, "SMS", &text)?;
        sheet.write_string_with_format(line, 4, "GSM-7", &text)?;
        sheet.write_number_with_format(line, 5, 1.0, &number)?;
        sheet.write_number_with_format(line, 6, count, &number)?;
        sheet.write_string_with_format(line, 7, "IT", &text)?;
        sheet.write_number_with_format(line, 8, count, &number)?;
        sheet.write_string_with_format(line, 9, format!("msg_{row:026x}"), &text)?;
    }
    workbook.save_to_writer(std::io::sink())?;
    Ok(begun.elapsed().as_secs_f64())
}

/// The work that a client causes after it leaves in the middle of a file.
async fn hang_up(world: &World, server: &Server) -> Result<(), Failure> {
    let url = link(world, server, world.large, "XLSX").await?;
    let mut response = server.get(&url).await?;
    for _ in 0..4 {
        response.chunk().await?;
    }
    drop(response);
    tokio::time::sleep(GRACE).await;
    let before = server.cpu()?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let spent = server.cpu()? - before;
    println!(
        "{GRACE:?} after a client left: {:.0} ms of processor time in a second",
        spent * 1e3
    );
    Ok(())
}
