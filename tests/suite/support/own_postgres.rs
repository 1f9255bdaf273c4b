//! A PostgreSQL server of the test's own: one that may be stopped like a power cut and started again.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    net::TcpListener,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// A server that is stopped when the test ends.
pub struct OwnPostgres {
    programs: PathBuf,
    /// The user's and the group's number, where we are root: PostgreSQL refuses to be.
    owner: Option<(u32, u32)>,
    data: PathBuf,
    port: u16,
    _folder: Option<tempfile::TempDir>,
}

impl OwnPostgres {
    /// A new server in a folder of its own; `None`, said out loud, where its programs are missing.
    pub fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let mut server = Self::make(&path, "64MB")?;
        server._folder = Some(folder);
        server.up();
        Some(server)
    }

    /// A new server in a folder that may be small; it is not started yet.
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
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
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
        let mut file = OpenOptions::new()
            .append(true)
            .open(server.data.join("postgresql.conf"))
            .unwrap();
        file.write_all(settings.as_bytes()).unwrap();
        Some(server)
    }

    /// Starts it; what a hard stop left is made good first.
    pub fn up(&self) {
        assert!(self.tries_to_come_up(), "PostgreSQL starts: {}", self.log());
    }

    /// Whether it starts, or runs already.
    pub fn tries_to_come_up(&self) -> bool {
        if self.pg_ctl(&["status"]) {
            return true;
        }
        let log = self.data.join("../log");
        let log = log.to_str().unwrap();
        self.pg_ctl(&["-l", log, "-w", "-t", "60", "start"])
    }

    /// Stops it in the middle of whatever it does, as a power cut would.
    pub fn cut_the_power(&self) {
        assert!(self.pg_ctl(&["-m", "immediate", "-w", "stop"]));
    }

    /// The address of its only database.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.data.join("../log")).unwrap_or_default()
    }

    fn pg_ctl(&self, args: &[&str]) -> bool {
        // Its output goes nowhere: a server that inherits a pipe keeps it open.
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
        // The owner may not be able to enter the folder that we are in.
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

/// Who runs the server: somebody else where we are root.
fn owner() -> Result<Option<(u32, u32)>, &'static str> {
    if id(&["-u"]) != Some(0) {
        return Ok(None);
    }
    let postgres = id(&["-u", "postgres"]).zip(id(&["-g", "postgres"]));
    postgres
        .map(Some)
        .ok_or("root can't run PostgreSQL, and there is no user postgres")
}

/// Whether we may do what only root may.
pub fn is_root() -> bool {
    id(&["-u"]) == Some(0)
}

fn id(args: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(args).output().ok()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}
