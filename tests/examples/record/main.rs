//! Records the traffic of a real app-server for `tests/fixtures`:
//!
//! ```text
//! cargo xtask runtime install --version 0.163.0
//! cargo run -p codex-tests --example record -- \
//!     --bin "$(cargo xtask runtime path --version 0.163.0)" --out tests/fixtures/recorded-0.163.0
//! ```
//!
//! Each scene runs on its own server and becomes one file with one line per message: `in` for a
//! message from the server, `out` for one to the server. A method that the release does not know
//! gets an error response, which is recorded as well.

mod recorder;
mod scenes;
mod scrub;

use std::{error::Error, fmt::Write as _, fs, path::PathBuf};

use recorder::Recorder;
use scenes::SCENES;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (mut bin, mut out) = (None, None);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().map(PathBuf::from);
        match argument.as_str() {
            "--bin" => bin = value,
            "--out" => out = value,
            other => return Err(format!("`{other}` is neither `--bin` nor `--out`").into()),
        }
    }
    let (Some(bin), Some(out)) = (bin, out) else {
        return Err("usage: --bin PATH --out DIR".into());
    };
    fs::create_dir_all(&out)?;
    for scene in SCENES {
        let mut recorder = Recorder::start(&bin, scene.config, scene.experimental)?;
        (scene.play)(&mut recorder)?;
        let lines = recorder.finish();
        let text = lines.iter().fold(String::new(), |mut text, line| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{line}");
            text
        });
        fs::write(out.join(scene.file), text)?;
        println!("{}: {} messages", scene.file, lines.len());
    }
    Ok(())
}
