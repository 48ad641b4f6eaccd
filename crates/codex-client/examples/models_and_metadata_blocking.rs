//! Says which server runs, and which models it offers.
//!
//! For programs without an async runtime: `models_and_metadata` is its async counterpart.
//!
//! `cargo run -p codex-client --example models_and_metadata_blocking`

use codex_client::blocking::Codex;

fn main() -> codex_client::Result<()> {
    // How this program calls itself is part of the user agent that OpenAI sees.
    let codex = Codex::builder()
        .client_name("models_example")
        .client_version(env!("CARGO_PKG_VERSION"))
        .start()?;

    let server = codex.metadata();
    println!("server: {}", server.user_agent);
    println!("home:   {}", server.codex_home);
    println!(
        "system: {} ({})",
        server.platform_os, server.platform_family
    );

    // All pages as one iterator; `codex.models().send()?` is the first page alone.
    for model in codex.models().include_hidden(true).stream() {
        let model = model?;
        let efforts: Vec<&str> = model
            .supported_reasoning_efforts
            .iter()
            .map(|option| option.reasoning_effort.as_str())
            .collect();
        println!(
            "model:  {}{}{} [{}]",
            model.id,
            if model.is_default { " (default)" } else { "" },
            if model.hidden { " (hidden)" } else { "" },
            efforts.join(", "),
        );
    }
    codex.close()
}
