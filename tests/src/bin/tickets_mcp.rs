//! The MCP server of [`codex_tests::tickets`] on stdio. It describes itself by its arguments, its
//! directory and its environment.

use std::{
    collections::BTreeMap,
    env,
    io::{self, Write},
};

use codex_tests::tickets;
use serde_json::json;

fn main() -> io::Result<()> {
    let description = json!({
        "args": env::args().skip(1).collect::<Vec<_>>(),
        "cwd": env::current_dir()?,
        "env": env::vars().collect::<BTreeMap<_, _>>(),
    });
    for line in io::stdin().lines() {
        let message = serde_json::from_str(&line?)?;
        if let Some(response) = tickets::response(&message, &description) {
            let mut stdout = io::stdout().lock();
            writeln!(stdout, "{response}")?;
            stdout.flush()?;
        }
    }
    Ok(())
}
