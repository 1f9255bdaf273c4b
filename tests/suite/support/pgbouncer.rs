//! A pgbouncer of the test's own, in front of a PostgreSQL of this machine.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    os::unix::fs::chown,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use super::own_postgres::{is_root, user_postgres};

/// A pooler, which ends with the test.
pub struct Pgbouncer {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Pgbouncer {
    /// Starts one with further settings, such as `pool_mode = session`; `None`, with a printed line,
    /// if the program is missing.
    pub fn before(port: u16, settings: &[&str]) -> Option<Self> {
        // Not in the path of every user.
        let usual = "/usr/sbin/pgbouncer";
        let program = match Path::new(usual).is_file() {
            true => usual,
            false => "pgbouncer",
        };
        let missing = Command::new(program)
            .arg("--version")
            .stdout(Stdio::null())
            .status()
            .is_err();
        if missing {
            eprintln!("SKIPPED: pgbouncer is not installed");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = listener.local_addr().unwrap().port();
        drop(listener);
        let further = settings.join("\n");
        let settings = folder.path().join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={port} user=postgres\n[pgbouncer]\n\
             listen_addr = 127.0.0.1\nlisten_port = {own}\nunix_socket_dir =\nauth_type = any\n\
             default_pool_size = 100\n{further}\n"
        );
        fs::write(&settings, text).unwrap();
        let mut command = Command::new(program);
        command.arg("-q").arg(&settings);
        if is_root() {
            // pgbouncer refuses to run as root.
            let (user, group) = user_postgres()?;
            for path in [folder.path(), &settings] {
                chown(path, Some(user), Some(group)).unwrap();
            }
            command.args(["-u", "postgres"]);
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let pooler = Self {
            child,
            port: own,
            _folder: folder,
        };
        for _ in 0..200 {
            if TcpStream::connect(("127.0.0.1", own)).is_ok() {
                return Some(pooler);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("pgbouncer does not listen");
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Pgbouncer {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
