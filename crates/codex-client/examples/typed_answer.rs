//! An answer as a value of a Rust type.
//!
//! `cargo run -p codex-client --example typed_answer`

use codex_client::{Codex, Error, Sandbox};
use schemars::JsonSchema;
use serde::Deserialize;

/// What the model is asked for. It reads these comments.
#[derive(Debug, Deserialize, JsonSchema)]
struct Review {
    verdict: Verdict,
    /// One sentence.
    summary: String,
    comments: Vec<Comment>,
}

#[derive(Debug, Deserialize, JsonSchema)]
enum Verdict {
    Good,
    NeedsWork,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Comment {
    file: String,
    /// Null if it is about the file as a whole.
    line: Option<u32>,
    text: String,
}

#[tokio::main]
async fn main() -> codex_client::Result<()> {
    let codex = Codex::start().await?;
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).await?;

    let run = thread.run("Review the last commit.").output::<Review>();
    let review = match run.await {
        // The value, and beside it, in `result`, all that a turn comes to.
        Ok(typed) => typed.value,
        Err(Error::OutputMismatch(mismatch)) => {
            let place = mismatch.path.as_deref().unwrap_or("the answer");
            println!("not a review: `{place}`: {}", mismatch.reason);
            println!("the model wrote: {}", mismatch.text().unwrap_or("nothing"));
            return codex.close().await;
        }
        Err(error) => return Err(error),
    };
    let verdict = match review.verdict {
        Verdict::Good => "good",
        Verdict::NeedsWork => "needs work",
    };
    println!("{verdict}: {}", review.summary);
    for Comment { file, line, text } in review.comments {
        match line {
            Some(line) => println!("{file}:{line}: {text}"),
            None => println!("{file}: {text}"),
        }
    }

    // It need not be a struct, and it may be a turn that is followed.
    let turn = thread.turn("What is to be done, in order?");
    let turn = turn.output::<Vec<String>>().await?;
    for (number, step) in turn.run().await?.value.iter().enumerate() {
        println!("{}. {step}", number + 1);
    }
    codex.close().await
}
