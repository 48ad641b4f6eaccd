//! Prints the metadata of the server, and its models.
//!
//! The blocking version of the `models_and_metadata` example.
//!
//! `cargo run -p codex-client --example models_and_metadata_blocking`

use codex_client::blocking::Codex;

fn main() -> codex_client::Result<()> {
    // The client name is part of the user agent that is sent to OpenAI.
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

    // An iterator over all pages. `codex.models().send()?` returns the first page only.
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
