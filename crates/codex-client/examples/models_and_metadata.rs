//! Prints the metadata of the server, and its models.
//!
//! `cargo run -p codex-client --example models_and_metadata`

use codex_client::Codex;

#[tokio::main]
async fn main() -> codex_client::Result<()> {
    // The client name is part of the user agent that is sent to OpenAI.
    let codex = Codex::builder()
        .client_name("models_example")
        .client_version(env!("CARGO_PKG_VERSION"))
        .start()
        .await?;

    let server = codex.metadata();
    println!("server: {}", server.user_agent);
    println!("home:   {}", server.codex_home);
    println!(
        "system: {} ({})",
        server.platform_os, server.platform_family
    );

    // A stream over all pages. `codex.models().await?` returns the first page only.
    let mut models = codex.models().include_hidden(true).stream();
    while let Some(model) = models.next().await {
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
    codex.close().await
}
