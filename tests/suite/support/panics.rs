//! Panics that nobody waits for: one in a task of the server ends a connection or a job, and no
//! assertion sees it.
//!
//! Here: recording every panic of the process, and failing the test that it happened in. Not here:
//! the program's own ([`super::process`] reads its standard error).

use std::{
    panic,
    sync::{Mutex, Once, PoisonError},
    thread,
};

static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Records every panic from now on.
pub fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        message_credits::tls::install();
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            SEEN.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(info.to_string());
            before(info);
        }));
    });
}

/// Fails if something panicked since the last call. A test that fails already reports that itself.
pub fn assert_none() {
    let seen = std::mem::take(&mut *SEEN.lock().unwrap_or_else(PoisonError::into_inner));
    assert!(
        seen.is_empty() || thread::panicking(),
        "something panicked behind the test's back: {seen:#?}"
    );
}

#[test]
fn a_panic_in_a_task_fails_the_test() {
    watch();
    thread::spawn(|| panic!("a defect")).join().unwrap_err();
    let noticed = panic::catch_unwind(assert_none).unwrap_err();
    let text = noticed.downcast_ref::<String>().unwrap();
    assert!(text.contains("a defect"), "{text}");
    // The failure of `assert_none` is a panic itself.
    SEEN.lock().unwrap_or_else(PoisonError::into_inner).clear();
}
