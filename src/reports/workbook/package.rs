//! The parts of a workbook on their way out, compressed as they come: on the caller's thread, or on that and
//! another one.
//!
//! What is written comes in blocks, and each is compressed by itself, by whichever thread is free, with the end of
//! the block before it to look back to: so that both threads work all the time, and the result is nearly as small as
//! if one had done it in one go. Not here: what is in the parts, and the archive around them ([`super::archive`]).

use std::{
    collections::VecDeque,
    io::{self, Write},
    sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel},
    thread,
};

use flate2::{Compress, Compression, Crc, FlushCompress};

use super::{Effort, archive::Archive};
use crate::tuning::Tuned;

/// What is compressed at once: rows gather up to it. Smaller blocks take longer, since each begins with a look back;
/// larger ones take memory.
/// Measured: docs/measured.md, "Files".
pub static BLOCK_BYTES: Tuned<usize> = Tuned::new("WORKBOOK_BLOCK_BYTES", 64 * 1024);
/// How far back deflate looks.
const WINDOW_BYTES: usize = 32 * 1024;
/// Blocks that wait for the other thread beside the one that it compresses: one, so that it never waits itself.
/// Measured: docs/measured.md, "Files".
static BLOCKS_WAITING: Tuned<usize> = Tuned::new("WORKBOOK_BLOCKS_WAITING", 1);
/// Blocks whose turn to be sent has not come. Beyond it the other thread is waited for.
/// Measured: docs/measured.md, "Files".
static MAX_UNSENT: Tuned<usize> = Tuned::new("WORKBOOK_UNSENT", 3);

/// Writes an archive. `write` gives its parts; where it fails, what was written has no index, so that nothing
/// opens it as if it were whole.
pub fn write_package<E: From<io::Error>>(
    out: &mut dyn Write,
    effort: Effort,
    write: impl FnOnce(&mut Package<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut package = Package::new(out, effort.level);
    if !effort.has_two_threads {
        write(&mut package)?;
        return Ok(package.finish()?);
    }
    thread::scope(|scope| {
        let (jobs, taken) = sync_channel(BLOCKS_WAITING.get());
        // As many as are unsent, so that it never waits to be rid of one.
        let (done, compressed) = sync_channel(MAX_UNSENT.get() + 1);
        let helper = thread::Builder::new()
            .name("workbook".to_owned())
            .spawn_scoped(scope, move || help(effort.level, &taken, &done))?;
        package.helper = Some(Helper { jobs, compressed });
        let written = write(&mut package).and_then(|()| Ok(package.finish()?));
        // The package is gone, and with it what the other thread waits for.
        match helper.join() {
            Ok(()) => written,
            Err(_) => Err(io::Error::other("the compressor panicked").into()),
        }
    })
}

/// The parts of a workbook.
pub struct Package<'a> {
    archive: Archive<&'a mut dyn Write>,
    deflate: Deflate,
    helper: Option<Helper>,
    /// What was written and not sent, in its order.
    unsent: VecDeque<Unsent>,
    /// Where the last block of the open part ends.
    window: Vec<u8>,
    /// To be used again.
    spare: Vec<Block>,
}

/// The other thread.
struct Helper {
    jobs: SyncSender<Block>,
    compressed: Receiver<io::Result<Block>>,
}

enum Unsent {
    Here(Block),
    /// The other thread has it.
    There,
}

impl<'a> Package<'a> {
    fn new(out: &'a mut dyn Write, level: u32) -> Self {
        Self {
            archive: Archive::new(out),
            deflate: Deflate::new(level),
            helper: None,
            unsent: VecDeque::new(),
            window: Vec::with_capacity(WINDOW_BYTES),
            spare: Vec::new(),
        }
    }

    /// Ends the part that is open, and begins another one.
    pub fn start(&mut self, name: &str) -> io::Result<()> {
        self.send_all()?;
        self.window.clear();
        self.archive.start(name)
    }

    /// Adds to the part that is open, and answers an empty buffer for what comes next.
    pub fn write(&mut self, text: Vec<u8>) -> io::Result<Vec<u8>> {
        let mut block = self.spare.pop().unwrap_or_default();
        let mut empty = std::mem::replace(&mut block.text, text);
        std::mem::swap(&mut block.window, &mut self.window);
        self.window.clear();
        let end = block.text.len().saturating_sub(WINDOW_BYTES);
        self.window
            .extend_from_slice(block.text.get(end..).unwrap_or_default());
        let unsent = match self.offer(block)? {
            None => Unsent::There,
            Some(mut block) => {
                self.deflate.compress(&mut block)?;
                Unsent::Here(block)
            }
        };
        self.unsent.push_back(unsent);
        while self.unsent.len() > MAX_UNSENT.get() {
            self.send_next(true)?;
        }
        while self.send_next(false)? {}
        empty.clear();
        Ok(empty)
    }

    /// Sends on what was written so far.
    pub fn flush(&mut self) -> io::Result<()> {
        self.send_all()?;
        self.archive.flush()
    }

    /// A whole part.
    pub fn put(&mut self, name: &str, text: &str) -> io::Result<()> {
        self.start(name)?;
        let mut block = Vec::new();
        for bytes in text.as_bytes().chunks(BLOCK_BYTES.get()) {
            block.extend_from_slice(bytes);
            block = self.write(block)?;
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        self.send_all()?;
        self.archive.finish()
    }

    /// Gives a block to the other thread, or back where that has enough to do.
    fn offer(&mut self, block: Block) -> io::Result<Option<Block>> {
        let Some(helper) = &self.helper else {
            return Ok(Some(block));
        };
        match helper.jobs.try_send(block) {
            Ok(()) => Ok(None),
            Err(TrySendError::Full(block)) => Ok(Some(block)),
            Err(TrySendError::Disconnected(_)) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn send_all(&mut self) -> io::Result<()> {
        while self.send_next(true)? {}
        Ok(())
    }

    /// Sends the next block. Answers whether there was one; without waiting, whether it was there already.
    fn send_next(&mut self, waits: bool) -> io::Result<bool> {
        let block = match self.unsent.pop_front() {
            None => return Ok(false),
            Some(Unsent::Here(block)) => block,
            Some(Unsent::There) => match self.receive(waits)? {
                Some(block) => block,
                None => {
                    self.unsent.push_front(Unsent::There);
                    return Ok(false);
                }
            },
        };
        self.archive
            .write(&block.compressed, block.text.len(), &block.sum)?;
        self.spare.push(block);
        Ok(true)
    }

    fn receive(&mut self, waits: bool) -> io::Result<Option<Block>> {
        let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
        let helper = self.helper.as_ref().ok_or_else(gone)?;
        if waits {
            return helper.compressed.recv().map_err(|_| gone())?.map(Some);
        }
        match helper.compressed.try_recv() {
            Ok(block) => block.map(Some),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(gone()),
        }
    }
}

/// Compresses what comes, in its order, until nothing comes any more.
fn help(level: u32, jobs: &Receiver<Block>, done: &SyncSender<io::Result<Block>>) {
    let mut deflate = Deflate::new(level);
    while let Ok(mut block) = jobs.recv() {
        let compressed = deflate.compress(&mut block).map(|()| block);
        if done.send(compressed).is_err() {
            return;
        }
    }
}

/// A part's next bytes.
#[derive(Debug, Default)]
struct Block {
    text: Vec<u8>,
    /// What comes before it, as far as deflate looks back.
    window: Vec<u8>,
    compressed: Vec<u8>,
    sum: Crc,
}

struct Deflate(Compress);

impl Deflate {
    fn new(level: u32) -> Self {
        Self(Compress::new(Compression::new(level), false))
    }

    /// Compresses a block, so that it ends on a whole byte.
    fn compress(&mut self, block: &mut Block) -> io::Result<()> {
        block.sum.reset();
        block.sum.update(&block.text);
        block.compressed.clear();
        self.0.reset();
        if !block.window.is_empty() {
            self.0.set_dictionary(&block.window)?;
        }
        let mut rest = block.text.as_slice();
        loop {
            // Rows come to about an eighth; what does not fit has another round.
            block.compressed.reserve(block.text.len() / 4 + 64);
            let before = self.0.total_in();
            self.0
                .compress_vec(rest, &mut block.compressed, FlushCompress::Sync)?;
            let taken = usize::try_from(self.0.total_in() - before).unwrap_or(usize::MAX);
            rest = rest.get(taken..).unwrap_or_default();
            // With room left nothing is kept back.
            if rest.is_empty() && block.compressed.len() < block.compressed.capacity() {
                return Ok(());
            }
        }
    }
}
