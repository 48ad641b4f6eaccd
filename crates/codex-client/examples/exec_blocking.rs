//! Runs commands on the server outside a turn: one to completion, one interactively.
//!
//! The blocking version of the `exec` example.
//!
//! `cargo run -p codex-client --example exec_blocking`

use std::io::Write;

use codex_client::{Result, blocking::Codex};

fn main() -> Result<()> {
    let codex = Codex::start()?;

    // Runs to completion in the configured sandbox.
    let output = codex.exec(["echo", "hello"]).send()?;
    print!("stdout: {}", output.stdout_lossy());

    // Runs in a terminal. Dropping the last handle terminates the process.
    let script = "read -r word; echo \"read $word in $(stty size)\"; exit 3";
    let shell = codex.exec(["sh", "-c", script]).tty(80, 24);
    let shell = shell.no_timeout().spawn()?;
    shell.resize(100, 30)?;
    shell.write("hello\n")?;
    for chunk in shell.stream() {
        show(&chunk?.bytes);
    }
    println!("exit:   {}", shell.wait()?);
    codex.close()
}

/// Writes the bytes unchanged, since a chunk may end in the middle of a character.
fn show(bytes: &[u8]) {
    let mut screen = std::io::stdout();
    // A closed standard output is not an error here.
    let _ = screen.write_all(bytes).and_then(|()| screen.flush());
}
