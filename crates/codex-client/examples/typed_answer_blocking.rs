//! An answer as a value of a Rust type.
//!
//! For programs without an async runtime: `typed_answer` is its async counterpart.
//!
//! `cargo run -p codex-client --example typed_answer_blocking`

use codex_client::{Error, Sandbox, blocking::Codex};
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

fn main() -> codex_client::Result<()> {
    let codex = Codex::start()?;
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).send()?;

    let run = thread.run("Review the last commit.").output::<Review>();
    let review = match run.send() {
        // The value, and beside it, in `result`, all that a turn comes to.
        Ok(typed) => typed.value,
        Err(Error::OutputMismatch(mismatch)) => {
            let place = mismatch.path.as_deref().unwrap_or("the answer");
            println!("not a review: `{place}`: {}", mismatch.reason);
            println!("the model wrote: {}", mismatch.text().unwrap_or("nothing"));
            return codex.close();
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
    let turn = turn.output::<Vec<String>>().send()?;
    for (number, step) in turn.run()?.value.iter().enumerate() {
        println!("{}. {step}", number + 1);
    }
    codex.close()
}
