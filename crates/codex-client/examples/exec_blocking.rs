//! Runs commands on the server, outside of a turn: one to its end, and a shell that is talked to.
//!
//! For programs without an async runtime: `exec` is its async counterpart.
//!
//! `cargo run -p codex-client --example exec_blocking`

use std::io::Write;

use codex_client::{Result, blocking::Codex};

fn main() -> Result<()> {
    let codex = Codex::start()?;

    // To its end, in the sandbox that the configuration says.
    let output = codex.exec(["echo", "hello"]).send()?;
    print!("said:   {}", output.stdout_lossy());

    // In a terminal, and talked to. When the last handle is dropped, the program ends.
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

/// Bytes as they come: a piece may end in the middle of a character.
fn show(bytes: &[u8]) {
    let mut screen = std::io::stdout();
    // Nobody may be looking any more.
    let _ = screen.write_all(bytes).and_then(|()| screen.flush());
}
