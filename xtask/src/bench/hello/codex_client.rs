//! A hello world, compiled by `cargo xtask bench`.

#[tokio::main]
async fn main() -> codex_client::Result<()> {
    let codex = codex_client::Codex::start().await?;
    let thread = codex.thread_start().await?;
    let result = thread.run("Say hello.").await?;
    println!("{}", result.final_response.as_deref().unwrap_or_default());
    codex.close().await
}
