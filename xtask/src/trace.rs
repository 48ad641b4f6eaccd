//! `cargo xtask trace`: renders a recording as an HTML page.

use std::env;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, ensure};

/// The page itself, which needs no crate. `codex-testing` has the same for programs that use the SDK.
#[expect(unreachable_pub, reason = "public in the other crate")]
#[path = "../../crates/codex-testing/src/trace.rs"]
mod page;

/// Arguments of `cargo xtask trace`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The recording, as `CODEX_CLIENT_RECORD` and `CodexBuilder::record` write it.
    recording: PathBuf,
    /// The page to write; by default, the file next to the recording with the extension `html`.
    #[arg(long, value_name = "PAGE")]
    out: Option<PathBuf>,
}

/// Runs the chore.
pub(crate) fn run(Args { recording, out }: &Args) -> anyhow::Result<()> {
    // Relative to the directory of the user.
    let directory = env::current_dir()?;
    let source = directory.join(recording);
    let text = fs::read_to_string(&source)
        .with_context(|| format!("cannot read the recording {}", recording.display()))?;
    let is_recording = text.lines().any(|line| line.contains("\"dir\":"));
    ensure!(
        is_recording,
        "{} is not a recording: record one with the variable CODEX_CLIENT_RECORD",
        recording.display()
    );
    let page = match out {
        Some(page) => directory.join(page),
        None => source.with_extension("html"),
    };
    let title = source.file_name().unwrap_or_default().to_string_lossy();
    fs::write(&page, page::trace_page(&title, &text))
        .with_context(|| format!("cannot write {}", page.display()))?;
    println!("{}", page.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_next_to_its_recording() {
        let directory = tempfile::tempdir().unwrap();
        let recording = directory.path().join("session.jsonl");
        fs::write(&recording, "{\"dir\":\"out\",\"msg\":{\"id\":1}}\n").unwrap();
        run(&Args {
            recording,
            out: None,
        })
        .unwrap();
        let page = fs::read_to_string(directory.path().join("session.html")).unwrap();
        assert!(page.contains("<title>session.jsonl</title>"));
    }

    #[test]
    fn another_file_is_refused_with_the_way_to_record() {
        let directory = tempfile::tempdir().unwrap();
        let recording = directory.path().join("notes.txt");
        fs::write(&recording, "notes\n").unwrap();
        let error = run(&Args {
            recording,
            out: None,
        })
        .unwrap_err()
        .to_string();
        assert!(error.contains("CODEX_CLIENT_RECORD"), "{error}");
    }
}
