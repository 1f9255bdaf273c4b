//! Downloads by real clients: in the encodings that they accept, with curl, by HEAD and for a
//! range.

use std::{
    io::{Cursor, Read},
    process::Command,
};

use calamine::{Reader, Xlsx};
use flate2::read::GzDecoder;
use reqwest::StatusCode;

use super::{csv_rows, history, link, sheet_rows, whole_year};
use crate::support::on_both_databases;

/// The response to curl with `--compressed`; `None`, with a printed line, if curl isn't installed.
async fn curl(url: &str) -> Option<Vec<u8>> {
    let mut command = Command::new("curl");
    command.args(["-sS", "--fail", "--compressed", url]);
    let run = tokio::task::spawn_blocking(move || command.output());
    match run.await.unwrap() {
        Ok(output) => {
            assert!(output.status.success(), "{output:?}");
            Some(output.stdout)
        }
        Err(cause) => {
            eprintln!("SKIPPED with curl: {cause}");
            None
        }
    }
}

on_both_databases! {
    /// A file arrives whole in every accepted encoding; browsers accept gzip.
    async fn a_file_arrives_whole_in_every_encoding(server: Server) {
        let history = history(&server).await;
        for format in ["CSV", "XLSX"] {
            let made = link(&server, &history.tenant, &whole_year(), format).await;
            let url = made["url"].as_str().unwrap();
            let mut files = Vec::new();
            for accepted in ["identity", "gzip", "br", "zstd", "deflate", "gzip, deflate, br, zstd", "*"] {
                let request = server.http().get(url).header("accept-encoding", accepted);
                let response = request.send().await.unwrap();
                assert_eq!(response.status(), StatusCode::OK);
                let encoding = response.headers().get("content-encoding")
                    .map(|value| value.to_str().unwrap().to_owned());
                let bytes = response.bytes().await.unwrap();
                let mut content = Vec::new();
                match encoding.as_deref() {
                    None => content = bytes.to_vec(),
                    Some("gzip") => { GzDecoder::new(&bytes[..]).read_to_end(&mut content).unwrap(); }
                    other => panic!("{accepted}: {other:?}"),
                }
                assert_eq!(encoding.is_some(), format == "CSV" && (accepted.contains("gzip") || accepted == "*"));
                files.push(content);
            }
            files.extend(curl(url).await);
            assert!(files.iter().all(|file| *file == files[0]), "{format}");
            let rows = match format {
                "CSV" => csv_rows(&files[0]).0.len(),
                _ => {
                    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(&files[0])).unwrap();
                    sheet_rows(&book.worksheet_range("Messages").unwrap()).0.len()
                }
            };
            assert!(rows > 0);
        }
    }

    /// A file is generated while it is sent, so it has no ranges: a range request gets all of it.
    /// HEAD returns the headers of a GET, without the file.
    async fn a_range_is_the_whole_file_and_head_has_none(server: Server) {
        let history = history(&server).await;
        for format in ["CSV", "XLSX"] {
            let made = link(&server, &history.tenant, &whole_year(), format).await;
            let url = made["url"].as_str().unwrap();
            let whole = server.http().get(url).send().await.unwrap();
            let headers = whole.headers().clone();
            let whole = whole.bytes().await.unwrap();
            let part = server.http().get(url).header("range", "bytes=0-9").send().await.unwrap();
            assert_eq!(part.status(), StatusCode::OK);
            assert!(!part.headers().contains_key("content-range"));
            assert_eq!(part.bytes().await.unwrap(), whole);
            let head = server.http().head(url).send().await.unwrap();
            assert_eq!(head.status(), StatusCode::OK);
            for name in ["content-type", "content-disposition", "cache-control"] {
                assert_eq!(head.headers()[name], headers[name], "{name}");
            }
            assert_eq!(head.bytes().await.unwrap().len(), 0);
        }
    }
}
