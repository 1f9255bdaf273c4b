//! A file's text as UTF-8, block by block, whatever it was written in.
//!
//! A byte order mark decides. Without one the bytes themselves do: the first ones that are not ASCII, wherever
//! in the file they stand, are shown to the detector that Firefox uses, which knows UTF-8, Windows-1252 and the
//! other encodings of the web.

use std::{
    fs::File,
    io::{self, Read, Seek},
};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Decoder, Encoding, UTF_8};

/// How much is read at once.
const BLOCK_BYTES: usize = 64 * 1024;
/// How much the detector is shown from the first byte that is not ASCII.
const SHOWN_BYTES: usize = 256 * 1024;

/// A file's text.
pub(super) struct Text {
    file: File,
    decoder: Decoder,
    raw: Box<[u8]>,
    decoded: Vec<u8>,
    /// How much of `decoded` was consumed.
    used: usize,
    ended: bool,
}

impl Text {
    /// A file's text, from its beginning.
    pub fn of(mut file: File) -> io::Result<Self> {
        let encoding = detect(&mut file)?;
        file.rewind()?;
        Ok(Self {
            file,
            // It takes away a byte order mark.
            decoder: encoding.new_decoder(),
            raw: vec![0; BLOCK_BYTES].into_boxed_slice(),
            decoded: Vec::new(),
            used: 0,
            ended: false,
        })
    }

    /// What comes next, not empty before the end of the file.
    pub fn block(&mut self) -> io::Result<&[u8]> {
        while self.used == self.decoded.len() && !self.ended {
            let read = read_some(&mut self.file, &mut self.raw)?;
            self.ended = read == 0;
            let raw = self.raw.get(..read).unwrap_or_default();
            self.used = 0;
            // Enough for any text of so many bytes, so that one call takes all of it.
            let most = self
                .decoder
                .max_utf8_buffer_length(read)
                .unwrap_or(4 * BLOCK_BYTES);
            self.decoded.resize(most, 0);
            let (_, _, written, _) =
                self.decoder
                    .decode_to_utf8(raw, &mut self.decoded, self.ended);
            self.decoded.truncate(written);
        }
        Ok(self.decoded.get(self.used..).unwrap_or_default())
    }

    /// So much of the block was read.
    pub fn consume(&mut self, bytes: usize) {
        self.used = (self.used + bytes).min(self.decoded.len());
    }
}

fn read_some(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

fn detect(file: &mut File) -> io::Result<&'static Encoding> {
    file.rewind()?;
    let mut buffer = vec![0; BLOCK_BYTES];
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let mut at_start = true;
    let mut shown = 0;
    while shown < SHOWN_BYTES {
        let read = read_some(file, &mut buffer)?;
        let bytes = buffer.get(..read).unwrap_or_default();
        if at_start && let Some((encoding, _)) = Encoding::for_bom(bytes) {
            return Ok(encoding);
        }
        at_start = false;
        if detector.feed(bytes, read == 0) {
            shown += read;
        }
        if read == 0 {
            break;
        }
    }
    // ASCII alone is UTF-8 as well as anything.
    Ok(if shown == 0 {
        UTF_8
    } else {
        detector.guess(None, Utf8Detection::Allow)
    })
}
