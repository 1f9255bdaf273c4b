//! The README's tour and the API guide: every example runs exactly as written.

use std::process::{Command, Stdio};

use crate::support::process::{Process, run};

/// The shell lines of the blocks that follow a marker.
fn blocks(readme: &str, marker: &str) -> Vec<String> {
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
    if Command::new("jq")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_err()
    {
        eprintln!("SKIPPED: jq is not there; cargo xtask test installs it");
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
    let is_there = |program: &str| {
        let version = Command::new(program).arg("--version").output();
        version.is_ok_and(|output| output.status.success())
    };
    if !is_there("jq") || !is_there("curl") {
        eprintln!("SKIPPED: jq or curl is not there; cargo xtask test installs them");
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
    assert_eq!(examples.len(), 6);
    for example in examples {
        let mut shell = Command::new("bash");
        let script = format!("set -eu\n{setup}\n{example}\n");
        shell.current_dir(&folder).args(["-c", &script]);
        run(shell);
    }
}
