//! A PostgreSQL server of our own, for one run.
//!
//! Here: making it, starting it on loopback and ending it. Not here: databases and tables, which
//! the tests make themselves.

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
    packages::{answer, is_root, on_path, postgres_programs},
};

/// The variable that hands a server's address to the tests.
pub const URL: &str = "TEST_POSTGRES_URL";

/// `$1` is the server's folder; what follows is the command that stops it.
const STOP_AND_REMOVE: &str = r#"
folder=$1
shift
"$@" >/dev/null 2>&1
rm -rf -- "$folder"
"#;

/// Another program may take the free port before the server does; three times in a row it won't.
const ATTEMPTS: u32 = 3;

/// A server for tests, which ends and vanishes with this value or this process.
pub struct Postgres {
    url: String,
    _guard: Option<Guard>,
}

impl Postgres {
    /// Uses the server that `TEST_POSTGRES_URL` names, or starts one.
    ///
    /// # Errors
    /// When there are no programs for it, or it does not start; its log is in the error.
    pub fn start() -> Result<Self> {
        if let Some(url) = given() {
            println!("using the server that {URL} names");
            return Ok(Self { url, _guard: None });
        }
        let programs = postgres_programs().context("PostgreSQL's server programs are missing")?;
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
        };
        server.make()?;
        let port = server.start()?;
        println!("PostgreSQL is on 127.0.0.1:{port}, for this run only");
        Ok(Self {
            url: format!("postgres://postgres@127.0.0.1:{port}/postgres"),
            _guard: Some(guard),
        })
    }

    /// The address of a database on it whose user may create others.
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// The address of a server that somebody else runs for us.
pub fn given() -> Option<String> {
    env::var(URL).ok().filter(|url| !url.is_empty())
}

/// Who the server runs as: PostgreSQL refuses to be root.
struct Owner {
    /// The user's and the group's number, where it is not ourselves.
    other: Option<(u32, u32)>,
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

    /// A folder that nobody else may enter. It must not be there yet: what somebody else made
    /// under a name in a shared folder is not to be trusted.
    fn make_folder(&self, folder: &Path) -> Result<()> {
        let made = DirBuilder::new().mode(0o700).create(folder);
        made.with_context(|| format!("could not make {}", folder.display()))?;
        if let Some((user, group)) = self.other {
            chown(folder, Some(user), Some(group)).context("could not give the folder away")?;
        }
        Ok(())
    }

    /// The words that start a program as this user.
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
}

impl Server {
    fn make(&self) -> Result<()> {
        // Trust reaches no further than loopback: the server listens nowhere else.
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
            // Its output goes nowhere: a server that inherits a pipe keeps it open.
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
        // A later line overrides an earlier one, so that a second attempt just appends. Two
        // hundred connections: each test has a pool of its own. fsync stays on: what is
        // acknowledged must survive, and timings must say so.
        let settings = format!(
            "\nlisten_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = ''\n\
             max_connections = 200\nfsync = on\n"
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
        // The owner may not be able to enter the folder we are in.
        command
            .args(words)
            .current_dir(&self.folder)
            .stdin(Stdio::null());
        command
    }
}

/// A port that was free a moment ago.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
    Ok(listener.local_addr().context("no port is free")?.port())
}
