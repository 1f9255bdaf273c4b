//! The README's tour, the API guide and the platform's guide: every example runs exactly as written.

use std::{fs, path::Path, process::Command};

use crate::support::process::{Process, command, quiet, run};

/// Whether the examples' programs are installed; prints a line if they aren't.
fn can_run() -> bool {
    let there = ["jq", "curl"].into_iter().all(|program| {
        let version = Command::new(program).arg("--version").output();
        version.is_ok_and(|output| output.status.success())
    });
    if !there {
        eprintln!("SKIPPED: jq or curl is not there; cargo xtask test installs them");
    }
    there
}

/// The shell lines of the blocks that follow a marker.
pub fn blocks(readme: &str, marker: &str) -> Vec<String> {
    let mut lines = readme.lines();
    let mut blocks = Vec::new();
    while lines.by_ref().any(|line| line == marker) {
        assert_eq!(lines.next(), Some("```sh"), "a block follows {marker}");
        blocks.push(
            lines
                .by_ref()
                .take_while(|line| *line != "```")
                .collect::<Vec<_>>()
                .join("\n"),
        );
    }
    blocks
}

/// The shell lines that follow a marker, each with the output that the page shows below them.
pub fn steps(page: &str, marker: &str) -> Vec<(String, String)> {
    let (_, first) = page.split_once(marker).expect("the marker");
    let mut steps = Vec::new();
    for part in first.split(marker) {
        let mut fences = part.split("\n```");
        let mut fence = |language: &[&str]| {
            let block = fences.next().and_then(|_| fences.next());
            let (begin, lines) = block.unwrap().split_once('\n').unwrap();
            assert!(language.contains(&begin), "{begin} in {part}");
            lines.to_owned()
        };
        steps.push((fence(&["sh"]), fence(&["json", "text"])));
    }
    steps
}

/// Whether an output is as the page shows it; `…` stands for anything.
pub fn is_shown(output: &str, shown: &str) -> bool {
    match shown.split_once('…') {
        None => output.trim_end() == shown,
        Some((begin, end)) => output.starts_with(begin) && output.trim_end().ends_with(end),
    }
}

/// The key of the demo's owner.
fn owner(welcome: &str) -> &str {
    welcome
        .lines()
        .find_map(|line| line.trim().strip_prefix("owner of Bottega Lume"))
        .unwrap_or_else(|| panic!("no owner in {welcome}"))
        .trim()
}

#[test]
fn the_readme_tour_runs() {
    if !can_run() {
        return;
    }
    let readme =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = format!(
        "sqlite://{}?mode=rwc",
        folder.path().join("tour.db").display()
    );
    let server = Process::start(&["demo", "--database-url", &url]);
    let owner = owner(&server.welcome);
    let setup = blocks(&readme, "<!-- tour:setup -->").join("\n");
    let setup = setup
        .replace("http://127.0.0.1:8080", &server.base)
        .replace("mc_the_key_of_the_owner", owner);
    let steps = blocks(&readme, "<!-- tour -->");
    assert_eq!(steps.len(), 9, "the helper and eight steps");
    // The answer of a refused step contains an error.
    let script = format!(
        "set -euo pipefail\n{setup}\n{}\n\
         test \"$(head -c 2 usage.xlsx)\" = PK\n\
         gql '{{ account {{ purchases(first: 1) {{ nodes {{ status }} }} messages(first: 2) {{ nodes {{ status }} }} \
         lists(search: \"Newsletter\") {{ nodes {{ allocation {{ mode held }} }} }} }} }}' > after.json",
        steps.join("\n")
    );
    let mut bash = Command::new("bash");
    bash.current_dir(folder.path()).args(["-c", &script]);
    run(bash);
    let after = std::fs::read_to_string(folder.path().join("after.json")).unwrap();
    let after: serde_json::Value = serde_json::from_str(&after).unwrap();
    let account = &after["data"]["account"];
    assert_eq!(
        account["purchases"]["nodes"][0]["status"], "PAID",
        "{after}"
    );
    assert_eq!(
        account["lists"]["nodes"][0]["allocation"]["mode"], "LIMITED",
        "{after}"
    );
    assert_ne!(
        account["lists"]["nodes"][0]["allocation"]["held"], "0",
        "{after}"
    );
    assert_eq!(
        account["messages"]["nodes"][0]["status"], "SCHEDULED",
        "{after}"
    );
}

#[test]
fn the_examples_of_the_api_guide_run() {
    if !can_run() {
        return;
    }
    let guide =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/api.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = format!(
        "sqlite://{}?mode=rwc",
        folder.path().join("guide.db").display()
    );
    let server = Process::start(&["demo", "--database-url", &url]);
    let owner = owner(&server.welcome);
    let setup = blocks(&guide, "<!-- api:setup -->").join("\n");
    let setup = setup
        .replace("http://127.0.0.1:8080", &server.base)
        .replace("mc_the_key_of_the_owner", owner);
    let examples = blocks(&guide, "<!-- api -->");
    assert_eq!(examples.len(), 12);
    for example in examples {
        let mut shell = Command::new("bash");
        let script = format!("set -eu\n{setup}\n{example}\n");
        shell.current_dir(&folder).args(["-c", &script]);
        run(shell);
    }
}

#[test]
fn the_platform_guide_leads_from_an_empty_database_to_a_sale() {
    if !can_run() {
        return;
    }
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/platform.md");
    let guide = fs::read_to_string(page).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let bash = |script: &str| {
        let mut bash = Command::new("bash");
        quiet(&mut bash);
        bash.env("PROGRAM", env!("CARGO_BIN_EXE_message-credits"))
            .current_dir(&folder)
            .args(["-c", script]);
        let output = bash.output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{script}\n{errors}");
        String::from_utf8(output.stdout).unwrap()
    };
    let server = blocks(&guide, "<!-- platform:server -->").join("\n");
    let (key, serve) = server.split_once('\n').unwrap();
    bash(&format!("set -e\n{key}"));
    let words: Vec<_> = serve.split(' ').collect();
    assert_eq!(words.first(), Some(&"message-credits"));
    let mut program = command(words.get(1..).unwrap());
    let server = Process::without_admin_key(program.current_dir(&folder));
    let setup = blocks(&guide, "<!-- platform:setup -->").join("\n");
    let setup = setup.replace("http://127.0.0.1:8080", &server.base);
    let steps = steps(&guide, "<!-- platform -->");
    assert_eq!(steps.len(), 11);
    for (step, shown) in steps {
        let output = bash(&format!(
            "set -euo pipefail\nmessage-credits() {{ \"$PROGRAM\" \"$@\"; }}\n{setup}\n{step}"
        ));
        assert!(is_shown(&output, &shown), "{step}\n{output}\nbut: {shown}");
    }
}
