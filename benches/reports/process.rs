//! The program itself, started and observed: its memory, its time, its open files.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

use crate::Failure;

/// A running server. It is killed on drop.
pub struct Server {
    child: Child,
    base: String,
    client: reqwest::Client,
}

/// Ticks of a second in /proc.
const TICKS: f64 = 100.0;

impl Server {
    /// Starts it on a free port.
    pub fn start(database_url: &str) -> Result<Self, Failure> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_message-credits"))
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--database-url",
                database_url,
            ])
            .env("RUST_LOG", "warn")
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("no output")?;
        let mut base = None;
        for line in BufReader::new(stdout).lines() {
            if let Some(url) = line?.trim().strip_prefix("GraphQL ") {
                base = Some(url.trim().trim_end_matches("/graphql").to_owned());
                break;
            }
        }
        Ok(Self {
            child,
            base: base.ok_or("the program does not say where it serves")?,
            client: reqwest::Client::new(),
        })
    }

    /// The data of an operation.
    pub async fn data(&self, key: &str, query: &str, variables: Value) -> Result<Value, Failure> {
        let request = self.client.post(format!("{}/graphql", self.base));
        let body = json!({ "query": query, "variables": variables });
        let mut answer: Value = request
            .bearer_auth(key)
            .json(&body)
            .send()
            .await?
            .json()
            .await?;
        match answer.get("errors") {
            Some(errors) => Err(errors.to_string().into()),
            None => Ok(answer["data"].take()),
        }
    }

    /// A download.
    pub async fn get(&self, url: &str) -> Result<reqwest::Response, Failure> {
        Ok(self.client.get(url).send().await?)
    }

    /// Its memory in KiB: the peak since [`Self::forget_peak`], and the current value.
    pub fn memory(&self) -> Result<(u64, u64), Failure> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let of = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next());
            number.and_then(|number| number.parse().ok()).unwrap_or(0)
        };
        Ok((of("VmHWM:"), of("VmRSS:")))
    }

    /// Resets the peak.
    pub fn forget_peak(&self) -> Result<(), Failure> {
        Ok(fs::write(
            format!("/proc/{}/clear_refs", self.child.id()),
            "5",
        )?)
    }

    /// Its CPU time in seconds.
    pub fn cpu(&self) -> Result<f64, Failure> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<&str> = stat
            .rsplit(") ")
            .next()
            .unwrap_or_default()
            .split(' ')
            .collect();
        let ticks = |place: usize| fields.get(place).and_then(|text| text.parse::<f64>().ok());
        Ok((ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / TICKS)
    }

    /// Its open files that belong to no database: temporary ones.
    pub fn temporary_files(&self) -> usize {
        let folder = fs::read_dir(format!("/proc/{}/fd", self.child.id()));
        // The first three are inherited from the bench, wherever they lead.
        let links = folder.into_iter().flatten().flatten().filter(|link| {
            let number = link.file_name().to_str().and_then(|name| name.parse().ok());
            number.is_some_and(|number: u32| number > 2)
        });
        let names = links.filter_map(|link| fs::read_link(link.path()).ok());
        names
            .map(|name| name.display().to_string())
            .filter(|name| name.starts_with("/tmp/") || name.contains("(deleted)"))
            .filter(|name| !name.contains("reports.db"))
            .count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
