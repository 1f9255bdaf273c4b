//! The archive on its way out: its parts one after the other, compressed as they come, on the caller's thread
//! or on one of its own.
//!
//! Not here: what is in the parts.

use std::{
    cell::Cell,
    io::{self, Write},
    sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
};

use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions, write::StreamWriter};

/// What a part, or the archive, may come to without ZIP64, less room for a row of the longest texts
/// and for the archive's index.
pub const MAX_BYTES: u64 = u32::MAX as u64 - 64 * 1024 * 1024;
/// Blocks between the thread that writes and the one that compresses.
const BLOCKS_WAITING: usize = 2;

/// Where the parts of a workbook go.
pub trait Parts {
    /// Ends the part that is open, and begins another one.
    fn start(&mut self, name: &str) -> io::Result<()>;

    /// Adds to the part that is open, and answers an empty buffer for what comes next.
    fn write(&mut self, block: Vec<u8>) -> io::Result<Vec<u8>>;

    /// Sends on what has been compressed so far.
    fn flush(&mut self) -> io::Result<()>;

    /// A whole part. It is compressed anew: a raw copy into a stream leaves out the descriptor that its header
    /// promises.
    fn put(&mut self, name: &str, text: &str) -> io::Result<()> {
        self.start(name)?;
        self.write(text.as_bytes().to_vec()).map(drop)
    }
}

/// Writes an archive on the caller's thread. `write` gives its parts; where it fails, what was written has no
/// index, so that nothing opens it as if it were whole.
pub fn on_this_thread<W: Write, E: From<io::Error>>(
    out: W,
    level: i64,
    write: impl FnOnce(&mut dyn Parts) -> Result<(), E>,
) -> Result<(), E> {
    let progress = Progress::default();
    let mut package = Package::new(out, level, &progress);
    let written = write(&mut package);
    // From here on an unfinished archive would finish itself when it is dropped.
    progress.is_shut.set(written.is_err());
    written?;
    Ok(package.finish()?)
}

/// The same, compressed on a thread of its own: two cores write twice as fast.
pub fn on_two_threads<W: Write + Send, E: From<io::Error>>(
    out: W,
    level: i64,
    write: impl FnOnce(&mut dyn Parts) -> Result<(), E>,
) -> Result<(), E> {
    std::thread::scope(|scope| {
        let (steps, taken) = sync_channel(BLOCKS_WAITING);
        let (spare, emptied) = channel();
        let compressing = scope.spawn(move || compress(out, level, &taken, &spare));
        let mut parts = Remote {
            steps,
            spare: emptied,
        };
        let written = write(&mut parts);
        if written.is_ok() {
            // Fails where the other thread did, which tells why.
            let _ = parts.steps.send(Step::Finish);
        }
        drop(parts);
        let compressed = compressing
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("the compressor panicked")));
        // A writer that fails because nobody takes what it writes does not know why.
        compressed?;
        written
    })
}

/// What the compressing thread is to do.
enum Step {
    Start(String),
    Block(Vec<u8>),
    Flush(SyncSender<()>),
    Finish,
}

/// Parts that another thread compresses.
struct Remote {
    steps: SyncSender<Step>,
    spare: Receiver<Vec<u8>>,
}

impl Remote {
    fn send(&self, step: Step) -> io::Result<()> {
        self.steps
            .send(step)
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Parts for Remote {
    fn start(&mut self, name: &str) -> io::Result<()> {
        self.send(Step::Start(name.to_owned()))
    }

    fn write(&mut self, block: Vec<u8>) -> io::Result<Vec<u8>> {
        self.send(Step::Block(block))?;
        Ok(self.spare.try_recv().unwrap_or_default())
    }

    fn flush(&mut self) -> io::Result<()> {
        let (done, wait) = sync_channel(1);
        self.send(Step::Flush(done))?;
        wait.recv().map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

fn compress<W: Write>(
    out: W,
    level: i64,
    steps: &Receiver<Step>,
    spare: &Sender<Vec<u8>>,
) -> io::Result<()> {
    let progress = Progress::default();
    let mut package = Package::new(out, level, &progress);
    let taken = take(&mut package, steps, spare);
    progress.is_shut.set(!matches!(taken, Ok(true)));
    if taken? {
        package.finish()?;
    }
    Ok(())
}

/// Does the steps. Answers whether they came to their end; else whoever sends them failed or panicked.
fn take<W: Write>(
    package: &mut Package<'_, W>,
    steps: &Receiver<Step>,
    spare: &Sender<Vec<u8>>,
) -> io::Result<bool> {
    while let Ok(step) = steps.recv() {
        match step {
            Step::Start(name) => package.start(&name)?,
            Step::Block(block) => {
                let empty = package.write(block)?;
                // The writer may have ended meanwhile.
                let _ = spare.send(empty);
            }
            Step::Flush(done) => {
                package.flush()?;
                let _ = done.send(());
            }
            Step::Finish => return Ok(true),
        }
    }
    Ok(false)
}

/// The archive.
struct Package<'a, W: Write> {
    zip: ZipWriter<StreamWriter<Gate<'a, W>>>,
    level: i64,
    progress: &'a Progress,
}

impl<'a, W: Write> Package<'a, W> {
    fn new(out: W, level: i64, progress: &'a Progress) -> Self {
        Self {
            zip: ZipWriter::new_stream(Gate { out, progress }),
            level,
            progress,
        }
    }

    fn finish(self) -> io::Result<()> {
        self.zip.finish()?.into_inner().flush()
    }
}

impl<W: Write> Parts for Package<'_, W> {
    fn start(&mut self, name: &str) -> io::Result<()> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(self.level))
            .last_modified_time(DateTime::default())
            .unix_permissions(0o600);
        Ok(self.zip.start_file(name, options)?)
    }

    fn write(&mut self, mut block: Vec<u8>) -> io::Result<Vec<u8>> {
        self.zip.write_all(&block)?;
        if self.progress.bytes.get() > MAX_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        block.clear();
        Ok(block)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.zip.flush()
    }
}

/// What is known of the output outside the archive that owns it.
#[derive(Default)]
struct Progress {
    bytes: Cell<u64>,
    is_shut: Cell<bool>,
}

/// The way out, which can be shut: an archive that is dropped unfinished writes its index all the
/// same, and what is cut short would look whole.
struct Gate<'a, W> {
    out: W,
    progress: &'a Progress,
}

impl<W> Gate<'_, W> {
    fn is_shut(&self) -> bool {
        // A reader that panics drops the archive, too.
        self.progress.is_shut.get() || std::thread::panicking()
    }
}

impl<W: Write> Write for Gate<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_shut() {
            // Not an error: the archive would complain about it on standard error.
            return Ok(bytes.len());
        }
        let written = self.out.write(bytes)?;
        self.progress
            .bytes
            .set(self.progress.bytes.get() + written as u64);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.is_shut() {
            return Ok(());
        }
        self.out.flush()
    }
}
