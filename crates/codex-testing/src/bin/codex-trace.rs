//! Renders a recording as an HTML page.

use std::{env, error::Error, fs, path::PathBuf, process::ExitCode};

const USAGE: &str = "\
usage: codex-trace RECORDING [PAGE]

Renders a recording (`CODEX_CLIENT_RECORD`) as an HTML page, next to it by default.";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("codex-trace: {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args_os().skip(1).map(PathBuf::from).collect();
    let (recording, page) = match &arguments[..] {
        [recording] => (recording, recording.with_extension("html")),
        [recording, page] => (recording, page.clone()),
        _ => return Err(USAGE.into()),
    };
    let text = fs::read_to_string(recording)
        .map_err(|error| format!("cannot read {}: {error}", recording.display()))?;
    let title = recording.file_name().unwrap_or_default().to_string_lossy();
    fs::write(&page, codex_testing::trace_page(&title, &text))
        .map_err(|error| format!("cannot write {}: {error}", page.display()))?;
    println!("{}", page.display());
    Ok(())
}
