//! Compresses the parts of a workbook while they are written, on one thread or on two.
//!
//! Here: parts are split into blocks, and each block is compressed separately by whichever thread
//! is free, with the end of the block before it as the dictionary. Both threads are busy all the
//! time, and the result is nearly as small as that of one continuous stream. Not here: the contents
//! of the parts, and the archive around them ([`super::archive`]).

use std::{
    collections::VecDeque,
    io::{self, Write},
    sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel},
    thread,
};

use flate2::{Compress, Compression, Crc, FlushCompress};

use super::{Effort, archive::Archive};
use crate::tuning::Tuned;

/// Bytes that are compressed at once. Smaller blocks take longer, because each loads a dictionary
/// first; larger ones take memory.
/// Measured: docs/measured.md, "Files".
pub static BLOCK_BYTES: Tuned<usize> = Tuned::new("WORKBOOK_BLOCK_BYTES", 64 * 1024);
/// The window of deflate.
const WINDOW_BYTES: usize = 32 * 1024;
/// Blocks that are queued for the other thread: one, so that it always has the next block.
/// Measured: docs/measured.md, "Files".
static BLOCKS_WAITING: Tuned<usize> = Tuned::new("WORKBOOK_BLOCKS_WAITING", 1);
/// Blocks that wait for a block before them. With more, this thread waits for the other one.
/// Measured: docs/measured.md, "Files".
static MAX_UNSENT: Tuned<usize> = Tuned::new("WORKBOOK_UNSENT", 3);

/// Writes an archive. `write` writes its parts; if it fails, the archive lacks its index, so no
/// program opens it as complete.
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
        // Room for all unsent blocks, so that the other thread never waits to hand one over.
        let (done, compressed) = sync_channel(MAX_UNSENT.get() + 1);
        let helper = thread::Builder::new()
            .name("workbook".to_owned())
            .spawn_scoped(scope, move || help(effort.level, &taken, &done))?;
        package.helper = Some(Helper { jobs, compressed });
        let written = write(&mut package).and_then(|()| Ok(package.finish()?));
        // `package` is dropped, which ends the other thread's queue.
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
    /// Blocks that were written but not sent, in order.
    unsent: VecDeque<Unsent>,
    /// The end of the open part's last block.
    window: Vec<u8>,
    /// Blocks whose buffers can be used again.
    spare: Vec<Block>,
}

/// The other thread.
struct Helper {
    jobs: SyncSender<Block>,
    compressed: Receiver<io::Result<Block>>,
}

enum Unsent {
    Here(Block),
    /// The other thread has the block.
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

    /// Ends the open part and starts another.
    pub fn start(&mut self, name: &str) -> io::Result<()> {
        self.send_all()?;
        self.window.clear();
        self.archive.start(name)
    }

    /// Adds to the open part. Returns an empty buffer for the next block.
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

    /// Sends everything that was written so far.
    pub fn flush(&mut self) -> io::Result<()> {
        self.send_all()?;
        self.archive.flush()
    }

    /// Writes a whole part.
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

    /// Gives a block to the other thread. Returns it if that thread's queue is full.
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

    /// Sends the next block. Returns whether it did: without `waits`, only if the block is ready.
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

/// Compresses blocks in order until the queue ends.
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
    /// The bytes before this block, which are its dictionary.
    window: Vec<u8>,
    compressed: Vec<u8>,
    sum: Crc,
}

struct Deflate(Compress);

impl Deflate {
    fn new(level: u32) -> Self {
        Self(Compress::new(Compression::new(level), false))
    }

    /// Compresses a block. Its output ends on a byte boundary.
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
            // Rows shrink to about an eighth. If the output doesn't fit, the loop runs again.
            block.compressed.reserve(block.text.len() / 4 + 64);
            let before = self.0.total_in();
            self.0
                .compress_vec(rest, &mut block.compressed, FlushCompress::Sync)?;
            let taken = usize::try_from(self.0.total_in() - before).unwrap_or(usize::MAX);
            rest = rest.get(taken..).unwrap_or_default();
            // If room is left in the output, the compressor holds nothing back.
            if rest.is_empty() && block.compressed.len() < block.compressed.capacity() {
                return Ok(());
            }
        }
    }
}
