//! The Test Anything Protocol, in which Node.js reports the tests of an external client.

/// The failed tests of a report, each with its diagnosis; `None` if no test failed.
///
/// Logs are cut to a length: a failure among hundreds of passed tests would be lost.
pub fn failures(report: &str) -> Option<String> {
    let mut failures = String::new();
    let mut shown = false;
    for line in report.lines() {
        let point = line.trim_start();
        if point.starts_with("not ok ") {
            shown = true;
        } else if point.starts_with("ok ") || point.starts_with("# ") {
            shown = false;
        }
        if shown {
            failures.push_str(line);
            failures.push('\n');
        }
    }
    Some(failures).filter(|text| !text.is_empty())
}

#[test]
fn a_report_is_cut_to_its_failures() {
    let report = "TAP version 13\n\
                  # Subtest: one\nok 1 - one\n  ---\n  duration_ms: 1\n  ...\n\
                  # Subtest: two\nnot ok 2 - two\n  ---\n  error: 'late'\n  ...\n\
                  # Subtest: three\nok 3 - three\n  ---\n  duration_ms: 2\n  ...\n\
                  1..3\n# tests 3\n";
    let failed = "not ok 2 - two\n  ---\n  error: 'late'\n  ...\n";
    assert_eq!(failures(report).as_deref(), Some(failed));
    assert_eq!(failures(&report.replace("not ok", "ok")), None);
}
