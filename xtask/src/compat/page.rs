//! Writes the page of results.

use std::collections::BTreeMap;

use semver::Version;
use serde::Deserialize;

use crate::schema::first_releases::FirstReleases;
use crate::schema::pinned::Pinned;

/// The result of a step, as the example prints it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Outcome {
    pub(super) step: String,
    /// The reason for a failure.
    pub(super) error: Option<String>,
}

/// The results of a release.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) version: Version,
    pub(super) outcomes: Vec<Outcome>,
}

impl Column {
    /// Returns the steps that failed, with their errors.
    pub(super) fn failures(&self) -> impl Iterator<Item = (&str, &str)> {
        let failed = |outcome: &'_ Outcome| outcome.error.is_some();
        let failures = self.outcomes.iter().filter(move |outcome| failed(outcome));
        failures.map(|it| (it.step.as_str(), it.error.as_deref().unwrap_or_default()))
    }

    /// Returns the results in a few lines, for a terminal.
    pub(super) fn summary(&self) -> String {
        let passed = self.outcomes.len() - self.failures().count();
        let mut text = format!("{}: {passed} of {}", self.version, self.outcomes.len());
        for (step, error) in self.failures() {
            text.push_str(&format!("\n  {step}: {}", one_line(error)));
        }
        text
    }
}

/// The content of the page.
pub(super) struct Page<'a> {
    pub(super) columns: &'a [Column],
    pub(super) first_releases: &'a FirstReleases,
}

const ABOUT: &str = "\
# Compatibility

<!-- Written by `cargo xtask compat`: not edited by hand. -->

The types of the protocol describe one release of Codex, `codex_client::version::CODEX_VERSION`. The client
also works with servers of other releases. `cargo xtask compat` runs each behaviour below on released
runtimes, with a scripted model; `cargo xtask compat --version 0.150.0` runs another release.
[Which server version](server-versions.md) draws the conclusions.

";

const POLICY: &str = "\
## Servers of other releases

- `Codex::server_version()` returns the version that the server reports in the handshake.
- `Codex::builder().version_policy(..)` decides on a server whose major or minor version differs:
  `VersionPolicy::Allow`, the default, connects; `Warn` connects, and `notifications()` yields
  `Error::VersionMismatch` once; `Refuse` fails with that error, which names both versions.
- A method that an older server lacks is an error of the kind `RpcErrorKind::MethodNotFound`. It has the
  version of the server and the first release with the method (`RpcError::required_version`).
- A parameter that an older server does not know is ignored by the server, without an error.
- What a newer server sends beyond the pinned protocol arrives as `Unrecognized`, or is skipped.

## Behaviour of old servers

- **Busy threads.** Servers up to 0.147 respond to a turn on a busy thread with an id that no event names. The
  handle refers to the running turn unless that turn ends without the input. These servers accept input during
  a review or a compaction and then drop it: the turn ends with `Error::TurnDetached` once the thread is inactive.
  Input that arrives while the running turn ends may be added to it without a response of the model.
  A turn with another output schema joins too, instead of failing with `RpcErrorKind::OutputSchemaMismatch`, so
  it may end with `Error::OutputMismatch`.
- **Steering.** 0.158.0 and older finish the response of the model before they read the input of `turn/steer`.
- **Goals.** 0.133.0 starts one turn after another while they fail. Read `GoalHandle::stream`, and pause the goal.
- **Resumed threads.** 0.158.0 and older resume a thread with the approval policy of the configuration. Set
  the policy again in `thread_resume`. Releases before 0.163.0, such as 0.147.0, leave the history out of the
  response only if the client declares the `experimentalApi` capability, which is the default.
- **Lists.** A later page of `thread_list` on 0.163.0 and older lacks the threads of the second in which the
  page before it ends.

";

impl Page<'_> {
    /// Returns the text of the page.
    pub(super) fn print(&self) -> String {
        let mut text = ABOUT.to_owned();
        let versions: Vec<String> = self
            .columns
            .iter()
            .map(|it| it.version.to_string())
            .collect();
        let names: Vec<&str> = versions.iter().map(String::as_str).collect();
        text.push_str(&format!(
            "{}\n|---|{}\n",
            heading(&names),
            "---|".repeat(names.len())
        ));
        let mut notes: Vec<String> = Vec::new();
        let steps = self.columns.last().map(|it| it.outcomes.as_slice());
        for Outcome { step, .. } in steps.unwrap_or_default() {
            let cells = self.columns.iter().map(|column| {
                let outcome = column.outcomes.iter().find(|it| it.step == *step);
                match outcome.map(|it| &it.error) {
                    Some(None) => "yes".to_owned(),
                    Some(Some(error)) => {
                        let error = one_line(error);
                        let at = notes.iter().position(|note| *note == error);
                        let at = at.unwrap_or_else(|| {
                            notes.push(error);
                            notes.len() - 1
                        });
                        format!("no [{}]", at + 1)
                    }
                    None => "not run".to_owned(),
                }
            });
            let cells: Vec<String> = cells.collect();
            text.push_str(&format!("| {step} | {} |\n", cells.join(" | ")));
        }
        text.push('\n');
        for (at, note) in notes.iter().enumerate() {
            // Errors contain backquotes of their own.
            text.push_str(&format!("- [{}] {note}\n", at + 1));
        }
        if !notes.is_empty() {
            text.push('\n');
        }
        text.push_str(POLICY);
        text.push_str(&later_methods(self.first_releases));
        text
    }
}

/// Returns the first line of the table.
pub(super) fn heading(versions: &[&str]) -> String {
    format!("| behaviour | {} |", versions.join(" | "))
}

/// Returns whether the text of a page is about these releases, the pinned one last: each behaviour
/// works on the pinned one, and the methods are those of its table.
pub(super) fn is_about(text: &str, releases: &[String], pinned: &Pinned) -> bool {
    let releases: Vec<&str> = releases.iter().map(String::as_str).collect();
    let heading = heading(&releases);
    let mut table = text
        .lines()
        .skip_while(|line| *line != heading)
        .take_while(|line| line.starts_with('|'));
    let has_columns = table.next().is_some();
    // The second line separates the heading from the results.
    let works = table.skip(1).all(|line| line.ends_with("| yes |"));
    has_columns && works && text.contains(&later_methods(&pinned.first_releases))
}

/// Returns the section about the methods that the oldest release lacks.
pub(super) fn later_methods(table: &FirstReleases) -> String {
    let Some(oldest) = table.oldest() else {
        return String::new();
    };
    let mut by_release: BTreeMap<&Version, Vec<String>> = BTreeMap::new();
    for (method, first) in table.methods.iter().filter(|(_, first)| *first > oldest) {
        by_release
            .entry(first)
            .or_default()
            .push(format!("`{method}`"));
    }
    let mut text = format!(
        "## Methods that {oldest} lacks\n\nFrom the schemas of {} releases. `first_release(method)` \
         returns the same.\n\n| first release | methods |\n|---|---|\n",
        table.releases.len()
    );
    for (release, methods) in by_release {
        text.push_str(&format!("| {release} | {} |\n", methods.join(", ")));
    }
    text
}

/// Returns the first lines of an error as one short line.
fn one_line(error: &str) -> String {
    const LENGTH: usize = 300;
    let line = error.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.replace('|', "\\|");
    match line.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::{schema::clearable_fields::ClearableFields, workspace};

    fn outcome(step: &str, error: Option<&str>) -> Outcome {
        Outcome {
            step: step.to_owned(),
            error: error.map(str::to_owned),
        }
    }

    #[test]
    fn the_committed_page_has_the_texts_of_the_next_one() {
        let path = workspace::root().unwrap().join("docs/compatibility.md");
        let page = std::fs::read_to_string(path).unwrap();
        for text in [ABOUT, POLICY] {
            assert!(page.contains(text), "docs/compatibility.md lacks:\n{text}");
        }
    }

    #[test]
    fn a_failed_step_refers_to_its_error() {
        let columns = [
            Column {
                version: Version::new(0, 133, 0),
                outcomes: vec![outcome("run", None), outcome("goal", Some("not\nyet"))],
            },
            Column {
                version: Version::new(0, 169, 0),
                outcomes: vec![outcome("run", None), outcome("goal", None)],
            },
        ];
        let first_releases: FirstReleases = toml::from_str(
            "releases = [\"0.133.0\"]\n[methods]\na = \"0.133.0\"\nb = \"0.150.0\"\n",
        )
        .unwrap();
        let page = Page {
            columns: &columns,
            first_releases: &first_releases,
        };
        let text = page.print();
        for line in [
            "| behaviour | 0.133.0 | 0.169.0 |",
            "| run | yes | yes |",
            "| goal | no [1] | yes |",
            "- [1] not yet",
            "| 0.150.0 | `b` |",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}: {text}");
        }
        assert_eq!(columns[0].summary(), "0.133.0: 1 of 2\n  goal: not yet");

        let mut pinned = Pinned {
            version: "0.169.0".to_owned(),
            stable: Value::Null,
            experimental: Value::Null,
            first_releases: first_releases.clone(),
            clearable_fields: ClearableFields::default(),
            kept: Default::default(),
        };
        let releases = ["0.133.0", "0.169.0"].map(str::to_owned);
        assert!(is_about(&text, &releases, &pinned));
        let failed = text.replace("| goal | no [1] | yes |", "| goal | yes | no [1] |");
        assert!(!is_about(&failed, &releases, &pinned));
        let others = ["0.133.0", "0.166.0", "0.169.0"].map(str::to_owned);
        assert!(!is_about(&text, &others, &pinned));
        let newest = Version::new(0, 169, 0);
        let methods = &mut pinned.first_releases.methods;
        methods.insert("c".to_owned(), newest);
        assert!(!is_about(&text, &releases, &pinned));
    }
}
