//! Reviews a diff in CI, and prints the findings as annotations of GitHub. The exit code is 0 if
//! the diff may be merged, 2 if it must not be merged, and 1 if the review failed.
//!
//! `git diff origin/main... | cargo run -p codex-client --example ci_bot`

use std::{env, io, process::ExitCode, time::Duration};

use codex_client::{
    ApprovalMode, Error, ExternalMessage, RetryPolicy, Sandbox,
    blocking::{Codex, retry},
};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Finding {
    severity: Severity,
    file: String,
    line: u32,
    message: String,
}

#[derive(Debug, PartialEq, serde::Deserialize, schemars::JsonSchema)]
enum Severity {
    Warning,
    Error,
}

const INSTRUCTIONS: &str = "Review the diff. Report bugs only, with the lines of the new version.";
/// Dollars per million tokens of input and of output. Set those of your model.
const PRICES: (f64, f64) = (1.25, 10.0);

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let key = env::var("OPENAI_API_KEY").map_err(|_| "OPENAI_API_KEY is not set")?;
    let diff = io::read_to_string(io::stdin())?;
    // The server keeps the key in memory, and the commands of the model do not inherit it.
    let builder = Codex::builder().config("cli_auth_credentials_store", "ephemeral");
    let codex = builder.env_remove("OPENAI_API_KEY").start()?;
    codex.login_api_key(key)?;
    let policy = RetryPolicy::default().retry_if(Error::is_transient);
    let review = retry(policy, || {
        // The server declines what the sandbox does not allow, so nothing waits for an approval.
        let thread = codex.thread_start().sandbox(Sandbox::ReadOnly);
        let thread = thread.approval_mode(ApprovalMode::DenyAll);
        let thread = thread.developer_instructions(INSTRUCTIONS).send()?;
        // The diff is the work of others. As the output of a tool, it authorizes nothing.
        let run = thread.run(ExternalMessage::new("git_diff", &*diff));
        run.output::<Vec<Finding>>()
            .timeout(Duration::from_secs(900))
            .idle_timeout(Duration::from_secs(180))
            .send()
    })?;
    codex.close()?;
    for finding in &review.value {
        let level = format!("{:?}", finding.severity).to_lowercase();
        let (file, message) = (escape(&finding.file), escape(&finding.message));
        println!("::{level} file={file},line={}::{message}", finding.line);
    }
    let tokens = review.result.tokens_with_agents();
    let cost = (tokens.input as f64 * PRICES.0 + tokens.output as f64 * PRICES.1) / 1e6;
    println!("{} tokens, at most {cost:.2} dollars", tokens.total);
    let must_stop = review.value.iter().any(|it| it.severity == Severity::Error);
    Ok(ExitCode::from(if must_stop { 2 } else { 0 }))
}

/// Escapes text that the workflow must not read as a command.
fn escape(text: &str) -> String {
    let codes = [('%', "%25"), ('\r', "%0D"), ('\n', "%0A")];
    codes
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(*from, to))
}
