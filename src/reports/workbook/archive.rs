//! The ZIP archive around a workbook's parts.
//!
//! Here: a header before each part, its checksum and sizes after it, and the index at the end,
//! written without seeking and without ZIP64, which Excel does not open reliably. The crate `zip`
//! compresses everything on one thread; here parts arrive compressed, so that several threads can
//! do that. Not here: compression ([`super::package`]), and the contents of the parts.

use std::io::{self, Write};

use flate2::Crc;

/// The largest size of a part and of the archive: 4 GiB less 64 MiB for a row of the longest texts
/// and for the index.
pub const MAX_BYTES: u64 = u32::MAX as u64 - 64 * 1024 * 1024;

const LOCAL_HEADER: u32 = 0x0403_4b50;
const DESCRIPTOR: u32 = 0x0807_4b50;
const INDEX_HEADER: u32 = 0x0201_4b50;
const INDEX_END: u32 = 0x0605_4b50;
/// The version of the format that readers need, 2.0: it has deflate.
const VERSION: u16 = 20;
/// Made by that version on Unix, so the attributes are Unix permissions.
const MADE_BY: u16 = 3 << 8 | VERSION;
/// Sizes and checksum follow the part.
const FLAGS: u16 = 1 << 3;
const DEFLATE: u16 = 8;
/// The first day of the format, 1980-01-01: a workbook has its date of creation in its properties.
const TIME_AND_DATE: (u16, u16) = (0, 1 << 5 | 1);
/// A regular file that only its owner can read and write.
const ATTRIBUTES: u32 = 0o100_600 << 16;
/// The last block of a compressed part, which is empty.
const LAST_BLOCK: [u8; 2] = [3, 0];

/// An archive that is being written. If it is dropped before [`Archive::finish`], it has no index,
/// so no program opens it as complete.
pub struct Archive<W> {
    out: W,
    bytes: u64,
    parts: Vec<Part>,
    open: Option<Part>,
}

#[derive(Debug)]
struct Part {
    name: String,
    offset: u64,
    compressed_bytes: u64,
    bytes: u64,
    sum: Crc,
}

impl<W: Write> Archive<W> {
    /// Starts an empty archive.
    pub fn new(out: W) -> Self {
        Self {
            out,
            bytes: 0,
            parts: Vec::new(),
            open: None,
        }
    }

    /// Ends the open part and starts another.
    pub fn start(&mut self, name: &str) -> io::Result<()> {
        self.end()?;
        let offset = self.bytes;
        let mut header = Fields::of(LOCAL_HEADER);
        header.shorts(&[VERSION, FLAGS, DEFLATE, TIME_AND_DATE.0, TIME_AND_DATE.1]);
        // The checksum and the sizes follow the part.
        header.longs(&[0, 0, 0]);
        header.shorts(&[length(name)?, 0]);
        self.put(&header.0)?;
        self.put(name.as_bytes())?;
        self.open = Some(Part {
            name: name.to_owned(),
            offset,
            compressed_bytes: 0,
            bytes: 0,
            sum: Crc::new(),
        });
        Ok(())
    }

    /// Adds deflated blocks to the open part. They end on a byte boundary, and none is marked as
    /// the last. `bytes` and `sum` are the size and the checksum of the uncompressed content.
    pub fn write(&mut self, blocks: &[u8], bytes: usize, sum: &Crc) -> io::Result<()> {
        self.put(blocks)?;
        if let Some(part) = &mut self.open {
            part.compressed_bytes += blocks.len() as u64;
            part.bytes += bytes as u64;
            part.sum.combine(sum);
        }
        if self.bytes > MAX_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(())
    }

    /// Flushes the output.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Writes the index.
    pub fn finish(mut self) -> io::Result<()> {
        self.end()?;
        let start = self.bytes;
        for part in std::mem::take(&mut self.parts) {
            let mut header = Fields::of(INDEX_HEADER);
            header.shorts(&[MADE_BY, VERSION, FLAGS, DEFLATE]);
            header.shorts(&[TIME_AND_DATE.0, TIME_AND_DATE.1]);
            header.longs(&part.sums()?);
            // No extra field, no comment, first disk, no internal attributes.
            header.shorts(&[length(&part.name)?, 0, 0, 0, 0]);
            header.longs(&[ATTRIBUTES, long(part.offset)?]);
            self.put(&header.0)?;
            self.put(part.name.as_bytes())?;
            self.parts.push(part);
        }
        let count = u16::try_from(self.parts.len()).map_err(|_| too_large())?;
        let mut end = Fields::of(INDEX_END);
        end.shorts(&[0, 0, count, count]);
        end.longs(&[long(self.bytes - start)?, long(start)?]);
        end.shorts(&[0]);
        self.put(&end.0)?;
        self.out.flush()
    }

    fn end(&mut self) -> io::Result<()> {
        let Some(mut part) = self.open.take() else {
            return Ok(());
        };
        self.put(&LAST_BLOCK)?;
        part.compressed_bytes += LAST_BLOCK.len() as u64;
        let mut descriptor = Fields::of(DESCRIPTOR);
        descriptor.longs(&part.sums()?);
        self.put(&descriptor.0)?;
        self.parts.push(part);
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes += bytes.len() as u64;
        self.out.write_all(bytes)
    }
}

impl Part {
    fn sums(&self) -> io::Result<[u32; 3]> {
        Ok([
            self.sum.sum(),
            long(self.compressed_bytes)?,
            long(self.bytes)?,
        ])
    }
}

/// The fields of a header, in little-endian order.
struct Fields(Vec<u8>);

impl Fields {
    fn of(signature: u32) -> Self {
        Self(signature.to_le_bytes().to_vec())
    }

    fn shorts(&mut self, fields: &[u16]) {
        self.0
            .extend(fields.iter().flat_map(|field| field.to_le_bytes()));
    }

    fn longs(&mut self, fields: &[u32]) {
        self.0
            .extend(fields.iter().flat_map(|field| field.to_le_bytes()));
    }
}

fn length(name: &str) -> io::Result<u16> {
    u16::try_from(name.len()).map_err(|_| io::ErrorKind::InvalidInput.into())
}

fn long(bytes: u64) -> io::Result<u32> {
    u32::try_from(bytes).map_err(|_| too_large())
}

fn too_large() -> io::Error {
    io::ErrorKind::FileTooLarge.into()
}
