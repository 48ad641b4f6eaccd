//! Runs commands on the server, outside of a turn: one to its end, and a shell that is talked to.
//!
//! `cargo run -p codex-client --example exec`

use std::io::Write;

use codex_client::{Codex, Result};

#[tokio::main]
async fn main() -> Result<()> {
    let codex = Codex::start().await?;

    // To its end, in the sandbox that the configuration says.
    let output = codex.exec(["echo", "hello"]).await?;
    print!("said:   {}", output.stdout_lossy());

    // In a terminal, and talked to. When the last handle is dropped, the program ends.
    let script = "read -r word; echo \"read $word in $(stty size)\"; exit 3";
    let shell = codex.exec(["sh", "-c", script]).tty(80, 24);
    let shell = shell.no_timeout().spawn()?;
    shell.resize(100, 30).await?;
    shell.write("hello\n").await?;
    let mut output = shell.stream();
    while let Some(chunk) = output.next().await {
        show(&chunk?.bytes);
    }
    println!("exit:   {}", shell.wait().await?);
    codex.close().await
}

/// Bytes as they come: a piece may end in the middle of a character.
fn show(bytes: &[u8]) {
    let mut screen = std::io::stdout();
    // Nobody may be looking any more.
    let _ = screen.write_all(bytes).and_then(|()| screen.flush());
}
