//! The steps of an update, in order.
//!
//! No step relies on a record of finished steps. Each one repeats its work with the same result, or
//! sees in the checkout that there is nothing to do. An update that was interrupted anywhere is
//! therefore run again from the start.

use anyhow::Context;

/// A step of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// Installs the newer release.
    Install,
    /// Prints the changes to the protocol.
    Compare,
    /// Replaces the pinned schema.
    Pin,
    /// Adds the skipped releases to the table of first releases.
    FirstReleases,
    /// Generates the types.
    Generate,
    /// Formats the workspace.
    Format,
    /// Drafts the changelog and the list of decisions.
    Draft,
    /// Compiles the workspace.
    Build,
    /// Writes the page of compatibility.
    Compat,
    /// Records the demo, and draws it.
    Demo,
    /// Runs the tests.
    Test,
    /// Keeps the schema of the older release, and writes the table of releases.
    Releases,
}

impl Step {
    /// All steps, in order. The drafts come before the steps that may need work by hand.
    pub(super) const ALL: [Self; 12] = [
        Self::Install,
        Self::Compare,
        Self::Pin,
        Self::FirstReleases,
        Self::Generate,
        Self::Format,
        Self::Draft,
        Self::Build,
        Self::Compat,
        Self::Demo,
        Self::Test,
        Self::Releases,
    ];

    /// Returns what the step does, in a few words.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Install => "install the release",
            Self::Compare => "compare the protocols",
            Self::Pin => "pin the schema",
            Self::FirstReleases => "add the skipped releases to schema/first_releases.toml",
            Self::Generate => "generate the types",
            Self::Format => "format the workspace",
            Self::Draft => "draft the changelog and the decisions",
            Self::Build => "compile the workspace",
            Self::Compat => "write docs/compatibility.md",
            Self::Demo => "record the demo",
            Self::Test => "run the tests",
            Self::Releases => "write the table of docs/regenerating.md",
        }
    }
}

/// Runs all steps. `work` performs one of them.
///
/// # Errors
///
/// Fails at the first step that fails, and names the steps that remain and `command`, which goes on.
pub(super) fn run_all(
    command: &str,
    mut work: impl FnMut(Step) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    for (at, step) in Step::ALL.into_iter().enumerate() {
        println!("\n[{}/{}] {}", at + 1, Step::ALL.len(), step.title());
        work(step).with_context(|| failure(step, command))?;
    }
    Ok(())
}

/// Describes a failure: the step, the steps after it, and the command that goes on.
fn failure(step: Step, command: &str) -> String {
    let rest = Step::ALL.into_iter().filter(|other| *other > step);
    let rest: Vec<&str> = rest.map(Step::title).collect();
    let remaining = match rest.is_empty() {
        true => "no step remains after it".to_owned(),
        false => format!("these steps remain after it: {}", rest.join("; ")),
    };
    format!(
        "cannot {}; {remaining}. Mend the cause and run `{command}` again: finished steps find \
         nothing to do",
        step.title()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_run_in_the_order_of_their_definition() {
        assert!(Step::ALL.is_sorted());
        let mut seen = Vec::new();
        run_all("again", |step| {
            seen.push(step);
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, Step::ALL);
    }

    #[test]
    fn a_failing_step_stops_the_update_and_names_the_remaining_steps() {
        for failing in Step::ALL {
            let mut seen = Vec::new();
            let error = run_all("cargo xtask update --version 1.2.3", |step| {
                seen.push(step);
                anyhow::ensure!(step != failing, "the cause");
                Ok(())
            });
            let error = format!("{:#}", error.unwrap_err());
            assert_eq!(seen.last(), Some(&failing));
            for part in [
                failing.title(),
                "cargo xtask update --version 1.2.3",
                "the cause",
            ] {
                assert!(error.contains(part), "{part}: {error}");
            }
            for step in Step::ALL {
                assert_eq!(error.contains(step.title()), step >= failing, "{error}");
            }
        }
    }
}
