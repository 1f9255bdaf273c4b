//! A PostgreSQL server for one run of the tests or benches.
//!
//! Here: finding its programs; creating, starting and stopping it on loopback. Not here: databases
//! and tables, which the tests create.

use std::{
    env,
    ffi::OsString,
    fs::{self, DirBuilder},
    io::Write,
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::{DirBuilderExt, chown},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::{
    guard::Guard,
    programs::{answer, is_root, on_path},
};

/// The environment variable that gives the tests a server's URL.
pub const URL: &str = "TEST_POSTGRES_URL";

/// `$1` is the server's folder, and the other arguments are the command that stops the server.
const STOP_AND_REMOVE: &str = r#"
folder=$1
shift
"$@" >/dev/null 2>&1
rm -rf -- "$folder"
"#;

/// Starts until giving up. Another program may take the free port before the server does, but
/// hardly three times in a row.
const ATTEMPTS: u32 = 3;

/// Whether a change is on the disk before the server acknowledges it.
#[derive(Clone, Copy)]
pub enum Writes {
    /// Yes: what a bench measures includes the disk.
    Durable,
    /// No: the operating system writes it later. Nothing is lost unless the operating system stops,
    /// whatever becomes of the server, and no test stops that.
    Buffered,
}

/// A server for tests. It is stopped and its folder removed when this value is dropped or the
/// process ends.
pub struct Postgres {
    url: String,
    _guard: Option<Guard>,
}

impl Postgres {
    /// Uses the server that `TEST_POSTGRES_URL` names, or starts one.
    ///
    /// # Errors
    /// If its programs are missing, or if it doesn't start; the error contains its log.
    pub fn start(writes: Writes) -> Result<Self> {
        if let Some(url) = given() {
            println!("using the server that {URL} names");
            return Ok(Self { url, _guard: None });
        }
        let programs = programs().context("PostgreSQL's server programs are missing")?;
        let owner = Owner::choose()?;
        let folder =
            env::temp_dir().join(format!("message-credits-postgres-{}", std::process::id()));
        owner.make_folder(&folder)?;
        let data = folder.join("data");
        let mut stop = owner.words(&programs.join("pg_ctl"));
        stop.extend(["-D".into(), data.clone().into()]);
        stop.extend(["-m", "immediate", "-w", "stop"].map(OsString::from));
        stop.insert(0, folder.clone().into());
        let guard = Guard::start(STOP_AND_REMOVE, &stop)?;

        let server = Server {
            programs,
            owner,
            folder,
            data,
            writes,
        };
        server.make()?;
        let port = server.start()?;
        println!("PostgreSQL is on 127.0.0.1:{port}, for this run only");
        Ok(Self {
            url: format!("postgres://postgres@127.0.0.1:{port}/postgres"),
            _guard: Some(guard),
        })
    }

    /// The URL of a database whose user may create other databases.
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// The URL of a server that is already running, from `TEST_POSTGRES_URL`.
pub fn given() -> Option<String> {
    env::var(URL).ok().filter(|url| !url.is_empty())
}

/// The folder with PostgreSQL's server programs: the one in PATH, or else Debian's newest.
pub fn programs() -> Option<PathBuf> {
    // PATH may hold a link to initdb alone; the folder that it points into has the other programs.
    let in_path = on_path("initdb")
        .and_then(|program| fs::canonicalize(program).ok())
        .and_then(|program| program.parent().map(Path::to_path_buf));
    in_path.into_iter().chain(debian_folders()).find(|folder| {
        ["initdb", "pg_ctl", "postgres"]
            .iter()
            .all(|program| folder.join(program).is_file())
    })
}

/// Debian's folders of programs, one per major version, newest first.
fn debian_folders() -> Vec<PathBuf> {
    let entries = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut versions: Vec<u32> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    let folder = |version| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin"));
    versions.into_iter().map(folder).collect()
}

/// The user that the server runs as: PostgreSQL refuses to run as root.
struct Owner {
    /// The ids of another user and its group; `None` if the server runs as this process's user.
    other: Option<(u32, u32)>,
    /// The program that switches to that user.
    switch: Option<PathBuf>,
}

impl Owner {
    fn choose() -> Result<Self> {
        if !is_root() {
            return Ok(Self {
                other: None,
                switch: None,
            });
        }
        let number = |flag| answer(Path::new("id"), &[flag, "postgres"])?.parse().ok();
        let other: Option<(u32, u32)> = number("-u").zip(number("-g"));
        let (Some(other), Some(switch)) = (other, on_path("setpriv")) else {
            bail!(
                "root can't run PostgreSQL: the user postgres and the program setpriv \
                 (package util-linux) are needed; or run as another user, or set {URL}"
            );
        };
        Ok(Self {
            other: Some(other),
            switch: Some(switch),
        })
    }

    /// Creates a folder that only this user can enter. It must not exist yet: in a shared folder,
    /// another user may have created one under the same name.
    fn make_folder(&self, folder: &Path) -> Result<()> {
        let made = DirBuilder::new().mode(0o700).create(folder);
        made.with_context(|| format!("could not make {}", folder.display()))?;
        if let Some((user, group)) = self.other {
            chown(folder, Some(user), Some(group)).context("could not give the folder away")?;
        }
        Ok(())
    }

    /// The command line that starts a program as this user.
    fn words(&self, program: &Path) -> Vec<OsString> {
        let mut words = Vec::new();
        if let (Some((user, group)), Some(switch)) = (self.other, &self.switch) {
            words.push(switch.clone().into());
            words.push(format!("--reuid={user}").into());
            words.push(format!("--regid={group}").into());
            words.push("--clear-groups".into());
        }
        words.push(program.into());
        words
    }
}

struct Server {
    programs: PathBuf,
    owner: Owner,
    folder: PathBuf,
    data: PathBuf,
    writes: Writes,
}

impl Server {
    fn make(&self) -> Result<()> {
        // "trust" is safe here: the server listens on loopback only.
        let mut initdb = self.program("initdb");
        initdb.arg("-D").arg(&self.data).args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
        ]);
        let output = initdb.output().context("could not start initdb")?;
        if !output.status.success() {
            bail!("initdb: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    fn start(&self) -> Result<u16> {
        for _ in 0..ATTEMPTS {
            let port = free_port()?;
            self.configure(port)?;
            let mut pg_ctl = self.program("pg_ctl");
            pg_ctl.arg("-D").arg(&self.data);
            pg_ctl.arg("-l").arg(self.log());
            // Output is discarded: a server that inherits a pipe would keep it open.
            let status = pg_ctl
                .args(["-w", "-t", "60", "start"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            if status.context("could not start pg_ctl")?.success() {
                return Ok(port);
            }
        }
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        bail!("PostgreSQL did not start: {log}")
    }

    fn configure(&self, port: u16) -> Result<()> {
        // A second attempt just appends, because a later line overrides an earlier one. 200
        // connections, because each test has its own pool.
        let fsync = match self.writes {
            Writes::Durable => "on",
            Writes::Buffered => "off",
        };
        let settings = format!(
            "\nlisten_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = ''\n\
             max_connections = 200\nfsync = {fsync}\n"
        );
        fs::OpenOptions::new()
            .append(true)
            .open(self.data.join("postgresql.conf"))
            .and_then(|mut file| file.write_all(settings.as_bytes()))
            .context("could not write postgresql.conf")
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    fn program(&self, name: &str) -> Command {
        let mut words = self.owner.words(&self.programs.join(name)).into_iter();
        let mut command = Command::new(words.next().unwrap_or_default());
        // The owner may not be allowed to enter the current folder.
        command
            .args(words)
            .current_dir(&self.folder)
            .stdin(Stdio::null());
        command
    }
}

/// A port that is free right now; another program may still take it.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
    Ok(listener.local_addr().context("no port is free")?.port())
}
