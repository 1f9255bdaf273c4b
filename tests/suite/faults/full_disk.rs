//! A disk that fills up under load, on a small file system of the test's own.

use std::{fs, io::Write, path::Path, process::Command, time::Duration};

use super::{assert_verified, load::Load, migrate};
use crate::support::{
    own_postgres::{OwnPostgres, is_root},
    process::Process,
};

/// Space that is freed after the disk has been full for a while.
const FILLER_BYTES: usize = 24 * 1024 * 1024;

/// A small file system in memory, unmounted when the test ends.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// `None`, with a printed line, if mounting isn't permitted.
    fn mount(megabytes: usize) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={megabytes}m");
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder.path());
        if !is_root() || !mount.output().is_ok_and(|output| output.status.success()) {
            eprintln!("SKIPPED: only root may mount a small disk, and not everywhere");
            return None;
        }
        Some(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Fills the file system except for a little.
    fn fill(&self, left_bytes: u64) {
        fs::write(self.path().join("filler"), vec![1; FILLER_BYTES]).unwrap();
        let mut rest = fs::File::create(self.path().join("rest")).unwrap();
        let mut taken = 0;
        while rest.write_all(&[1; 4_096]).is_ok() {
            taken += 4_096;
        }
        rest.set_len(u64::saturating_sub(taken, left_bytes))
            .unwrap();
    }

    fn make_room(&self) {
        fs::remove_file(self.path().join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Unmounted lazily: a server that is stopping may still use it.
        drop(Command::new("umount").arg("-l").arg(self.path()).output());
    }
}

/// Lets the load meet a full disk, frees space, and lets it go on.
async fn survives_a_full_disk(disk: &SmallDisk, url: &str, come_back: impl Fn()) {
    let server = Process::start(&["--database-url", url]);
    let load = Load::start(&[&server], 16).await;
    load.goes_on(20).await;
    disk.fill(256 * 1024);
    // Callers without an answer retry again and again, so that each new one finds the disk full.
    let full = async {
        let (mut last, mut same) = (load.acknowledged(), 0);
        while same < 20 {
            tokio::time::sleep(Duration::from_millis(25)).await;
            let now = load.acknowledged();
            same = if now == last { same + 1 } else { 0 };
            last = now;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), full)
        .await
        .expect("the disk is full some day");
    disk.make_room();
    come_back();
    load.goes_on(50).await;
    assert!(load.repeated() > 0, "no command met the full disk");
    load.ends_well(&server).await;
    assert_eq!(server.terminate(), Some(0));
    assert_verified(url);
}

/// SQLite's disk is full: nothing is acknowledged without being stored, and with space again
/// the load continues.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_on_a_full_disk() {
    let Some(disk) = SmallDisk::mount(64) else {
        return;
    };
    let url = format!(
        "sqlite://{}?mode=rwc",
        disk.path().join("full.db").display()
    );
    survives_a_full_disk(&disk, &url, || {}).await;
}

/// The same for PostgreSQL, which stops if its log has no space, and is started again by its
/// operator.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_on_a_full_disk() {
    let Some(disk) = SmallDisk::mount(160) else {
        return;
    };
    let Some(postgres) = OwnPostgres::make(disk.path(), "4MB") else {
        return;
    };
    postgres.up();
    let url = postgres.url();
    migrate(&url);
    survives_a_full_disk(&disk, &url, || postgres.up()).await;
}
