//! The beginning of a workbook, which is sent early, and its end, which is missing after a failure.

use std::{
    io::{self, Cursor, Write},
    sync::{Arc, Mutex},
};

use zip::ZipArchive;

use super::{
    super::{
        super::file::{MessageRow, Ready, WriteError},
        Effort, write_workbook, write_workbook_begun,
    },
    Never, ONE_THREAD, message, report,
};

#[test]
fn a_truncated_workbook_does_not_open() {
    for effort in [ONE_THREAD, Effort::default()] {
        let rows = [Ok(message("a")), Err("the database went away")];
        let mut out = Vec::new();
        let failure = write_workbook(&mut out, &report(), Ready::new(rows.into_iter()), effort);
        assert!(matches!(
            failure,
            Err(WriteError::Source("the database went away"))
        ));
        assert!(!out.is_empty());
        assert!(ZipArchive::new(Cursor::new(out)).is_err());
    }
}

#[test]
fn a_workbook_does_not_open_after_its_reader_panicked() {
    for effort in [ONE_THREAD, Effort::default()] {
        let pipe = Pipe::with_room(usize::MAX);
        let out = pipe.clone();
        let rows = std::iter::from_fn(|| -> Option<Result<MessageRow<'_>, Never>> {
            panic!("a defect");
        });
        let written = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            write_workbook(out, &report(), Ready::new(rows), effort)
        }));
        assert!(written.is_err());
        let bytes = pipe.bytes.lock().unwrap();
        assert!(!bytes.is_empty());
        assert!(ZipArchive::new(Cursor::new(bytes.as_slice())).is_err());
    }
}

/// An output that others can read, and that fails after `room` bytes.
#[derive(Clone)]
struct Pipe {
    bytes: Arc<Mutex<Vec<u8>>>,
    room: usize,
}

impl Pipe {
    fn with_room(room: usize) -> Self {
        Self {
            bytes: Arc::default(),
            room,
        }
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = self.bytes.lock().unwrap();
        if written.len() >= self.room {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn no_more_rows_are_read_after_the_output_fails() {
    for effort in [ONE_THREAD, Effort::default()] {
        let texts: Vec<String> = (0..100_003_u64)
            .map(|number| format!("{}", number * 0x9E37_79B9 % 1_000_003))
            .collect();
        let mut asked = 0_usize;
        let rows = texts.iter().cycle().map(|text| {
            asked += 1;
            Ok::<_, Never>(message(text))
        });
        let failure = write_workbook(Pipe::with_room(40_000), &report(), Ready::new(rows), effort);
        let Err(WriteError::Output(error)) = failure else {
            panic!("{failure:?}");
        };
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        assert!(asked < 50_000);
    }
}

#[test]
fn the_first_parts_are_sent_before_the_figures_are_read() {
    for effort in [ONE_THREAD, Effort::default()] {
        let pipe = Pipe::with_room(usize::MAX);
        let bytes = Arc::clone(&pipe.bytes);
        let mut seen = 0;
        let rows = std::iter::empty::<Result<_, Never>>();
        let content = || {
            seen = bytes.lock().unwrap().len();
            Ok((report(), Ready::new(rows)))
        };
        write_workbook_begun(pipe, &report(), content, effort).unwrap();
        // More than the first chunk that is sent to a client.
        assert!(seen > 1_024, "{seen}");
    }
}

#[test]
fn the_summary_is_sent_before_the_first_row_is_read() {
    for effort in [ONE_THREAD, Effort::default()] {
        let pipe = Pipe::with_room(usize::MAX);
        let bytes = Arc::clone(&pipe.bytes);
        let mut seen = None;
        let rows = std::iter::from_fn(|| {
            let written = bytes.lock().unwrap();
            let summary = b"xl/worksheets/sheet1.xml";
            seen.get_or_insert(written.windows(summary.len()).any(|name| name == summary));
            None::<Result<_, Never>>
        });
        write_workbook(pipe, &report(), Ready::new(rows), effort).unwrap();
        assert_eq!(seen, Some(true));
    }
}
