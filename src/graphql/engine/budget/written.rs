//! Answers as JSON, of bounded length.
//!
//! Here: writing. Not here: counting values while they are made ([`super`]).

use std::io;

use async_graphql::Response;
use serde::Serialize;

use super::{MAX_ANSWER_BYTES, measure};

/// Whether an answer has no errors and is within [`MAX_ANSWER_BYTES`] however its texts are
/// escaped: JSON writes a control character as six bytes.
pub(crate) fn surely_fits(response: &Response) -> bool {
    let (_, bytes) = measure(&response.data);
    response.errors.is_empty()
        && response.extensions.is_empty()
        && bytes.saturating_mul(6) <= MAX_ANSWER_BYTES
}

/// Why an answer could not be written.
#[derive(Debug)]
pub(crate) enum Unwritten {
    /// It exceeds [`MAX_ANSWER_BYTES`].
    TooLarge,
    /// A resolver returned a value that JSON has no form for, such as NaN.
    NoJson(serde_json::Error),
}

/// An answer as JSON, of at most [`MAX_ANSWER_BYTES`].
pub(crate) fn to_json(answer: &impl Serialize) -> Result<Vec<u8>, Unwritten> {
    let mut bounded = Bounded {
        bytes: Vec::with_capacity(1_024),
        most: MAX_ANSWER_BYTES,
    };
    match serde_json::to_writer(&mut bounded, answer) {
        Ok(()) => Ok(bounded.bytes),
        Err(error) if error.is_io() => Err(Unwritten::TooLarge),
        Err(error) => Err(Unwritten::NoJson(error)),
    }
}

struct Bounded {
    bytes: Vec<u8>,
    most: usize,
}

impl io::Write for Bounded {
    fn write(&mut self, written: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + written.len() > self.most {
            return Err(io::Error::other("an answer of too many bytes"));
        }
        self.bytes.extend_from_slice(written);
        Ok(written.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
