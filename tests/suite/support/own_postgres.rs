//! A PostgreSQL server of the test's own, which can be stopped like in a power cut and started
//! again.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    net::TcpListener,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use sea_orm::{ConnectionTrait, Database, Statement};

/// A server that is stopped when the test ends.
pub struct OwnPostgres {
    programs: PathBuf,
    /// The ids of the user and the group, if the test runs as root: PostgreSQL refuses to.
    owner: Option<(u32, u32)>,
    data: PathBuf,
    port: u16,
    _folder: Option<tempfile::TempDir>,
}

impl OwnPostgres {
    /// A new server in a folder of its own; `None`, with a printed line, if its programs are
    /// missing.
    pub fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let mut server = Self::make(&path, "64MB")?;
        server._folder = Some(folder);
        server.up();
        Some(server)
    }

    /// A streaming replica of this server, started; `None`, with a printed line, if pg_basebackup
    /// is missing.
    pub fn replica(&self) -> Option<Self> {
        if !self.programs.join("pg_basebackup").is_file() {
            eprintln!(
                "SKIPPED: pg_basebackup is not in {}",
                self.programs.display()
            );
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        if let Some((user, group)) = self.owner {
            chown(folder.path(), Some(user), Some(group)).unwrap();
        }
        let data = folder.path().join("data");
        let copied = self
            .program("pg_basebackup")
            .args([
                "-R",
                "-X",
                "stream",
                "-c",
                "fast",
                "-h",
                "127.0.0.1",
                "-U",
                "postgres",
            ])
            .args(["-p", &self.port.to_string(), "-D"])
            .arg(&data)
            .output()
            .unwrap();
        assert!(
            copied.status.success(),
            "{}",
            String::from_utf8_lossy(&copied.stderr)
        );
        let port = free_port();
        let mut file = OpenOptions::new()
            .append(true)
            .open(data.join("postgresql.conf"))
            .unwrap();
        file.write_all(format!("\nport = {port}\n").as_bytes())
            .unwrap();
        let replica = Self {
            programs: self.programs.clone(),
            owner: self.owner,
            data,
            port,
            _folder: Some(folder),
        };
        replica.up();
        Some(replica)
    }

    /// A new server in a folder that may be small; it isn't started yet.
    pub fn make(folder: &Path, max_wal_size: &str) -> Option<Self> {
        let Some(programs) = programs() else {
            eprintln!("SKIPPED: initdb, pg_ctl and postgres are not in /usr/lib/postgresql/*/bin");
            return None;
        };
        let owner = match owner() {
            Ok(owner) => owner,
            Err(why) => {
                eprintln!("SKIPPED: {why}");
                return None;
            }
        };
        if let Some((user, group)) = owner {
            chown(folder, Some(user), Some(group)).unwrap();
        }
        let port = free_port();
        let data = folder.join("data");
        let server = Self {
            programs,
            owner,
            data,
            port,
            _folder: None,
        };
        let made = server
            .program("initdb")
            .arg("-D")
            .arg(&server.data)
            .args([
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--no-locale",
                "--wal-segsize=1",
            ])
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let settings = format!(
            "\nlisten_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = ''\nfsync = on\n\
             min_wal_size = 2MB\nmax_wal_size = {max_wal_size}\nshared_buffers = 16MB\n"
        );
        server.set(&settings);
        Some(server)
    }

    /// Whether a library can be loaded into it.
    pub fn has_library(&self, name: &str) -> bool {
        let library = format!("../lib/{name}.so");
        self.programs.join(library).is_file()
    }

    /// Starts it; it recovers first after a hard stop.
    pub fn up(&self) {
        assert!(self.tries_to_come_up(), "PostgreSQL starts: {}", self.log());
    }

    /// Whether it starts, or is running already.
    pub fn tries_to_come_up(&self) -> bool {
        if self.pg_ctl(&["status"]) {
            return true;
        }
        let log = self.data.join("../log");
        let log = log.to_str().unwrap();
        self.pg_ctl(&["-l", log, "-w", "-t", "60", "start"])
    }

    /// Stops it in the middle of its work, like a power cut.
    pub fn cut_the_power(&self) {
        assert!(self.pg_ctl(&["-m", "immediate", "-w", "stop"]));
    }

    /// The address of its only database.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Waits until a replica has replayed what its primary has written so far.
    pub async fn catches_up_with(&self, primary: &Self) {
        let at = primary.answer("SELECT pg_current_wal_lsn()::text").await;
        let query = format!("SELECT (pg_last_wal_replay_lsn() >= '{at}')::text");
        for _ in 0..600 {
            if self.answer(&query).await == "true" {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the replica does not catch up");
    }

    /// The only text that a statement returns.
    pub async fn answer(&self, statement: &str) -> String {
        let database = Database::connect(self.url()).await.unwrap();
        let statement = Statement::from_string(database.get_database_backend(), statement);
        let row = database.query_one_raw(statement).await.unwrap().unwrap();
        database.close().await.unwrap();
        row.try_get_by_index(0).unwrap()
    }

    /// Ends a replica's recovery, so that it can be written.
    pub fn promote(&self) {
        assert!(self.pg_ctl(&["-w", "promote"]));
    }

    /// Appends settings to its configuration, before it is started.
    pub fn set(&self, settings: &str) {
        let mut file = OpenOptions::new()
            .append(true)
            .open(self.data.join("postgresql.conf"))
            .unwrap();
        file.write_all(settings.as_bytes()).unwrap();
    }

    fn log(&self) -> String {
        fs::read_to_string(self.data.join("../log")).unwrap_or_default()
    }

    fn pg_ctl(&self, args: &[&str]) -> bool {
        // Its output is discarded: a server that inherits a pipe keeps it open.
        let mut command = self.program("pg_ctl");
        command.arg("-D").arg(&self.data).args(args);
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.unwrap().success()
    }

    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = match self.owner {
            None => Command::new(program),
            Some((user, group)) => {
                let mut command = Command::new("setpriv");
                command
                    .arg(format!("--reuid={user}"))
                    .arg(format!("--regid={group}"));
                command.arg("--clear-groups").arg(program);
                command
            }
        };
        // The owner may not be able to enter the current folder.
        command.current_dir("/").stdin(Stdio::null());
        command
    }
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        // It may be down already.
        self.pg_ctl(&["-m", "immediate", "-w", "stop"]);
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn programs() -> Option<PathBuf> {
    let entries = fs::read_dir("/usr/lib/postgresql").ok()?;
    let version = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .max_by_key(version)?;
    let folder = newest.join("bin");
    ["initdb", "pg_ctl", "postgres"]
        .iter()
        .all(|name| folder.join(name).is_file())
        .then_some(folder)
}

/// The user who runs the server: another one if the test runs as root.
fn owner() -> Result<Option<(u32, u32)>, &'static str> {
    if id(&["-u"]) != Some(0) {
        return Ok(None);
    }
    user_postgres()
        .map(Some)
        .ok_or("root can't run PostgreSQL, and there is no user postgres")
}

/// The ids of the user and the group that run databases.
pub fn user_postgres() -> Option<(u32, u32)> {
    id(&["-u", "postgres"]).zip(id(&["-g", "postgres"]))
}

/// Whether the test has root's rights.
pub fn is_root() -> bool {
    id(&["-u"]) == Some(0)
}

fn id(args: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(args).output().ok()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}
