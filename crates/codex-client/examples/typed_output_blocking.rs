//! Runs turns whose response is a value of a Rust type.
//!
//! The blocking version of the `typed_output` example.
//!
//! `cargo run -p codex-client --example typed_output_blocking`

use codex_client::{Error, Sandbox, blocking::Codex};
use schemars::JsonSchema;
use serde::Deserialize;

/// The requested response. The schema that is sent to the model includes these comments.
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
    /// Null if the comment applies to the whole file.
    line: Option<u32>,
    text: String,
}

fn main() -> codex_client::Result<()> {
    let codex = Codex::start()?;
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).send()?;

    let run = thread.run("Review the last commit.").output::<Review>();
    let review = match run.send() {
        // `typed.result` is the result of the turn.
        Ok(typed) => typed.value,
        Err(Error::OutputMismatch(mismatch)) => {
            let place = mismatch.path.as_deref().unwrap_or("the response");
            println!("not a review: `{place}`: {}", mismatch.reason);
            println!("response: {}", mismatch.text().unwrap_or("(no response)"));
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

    // The type need not be a struct, and the turn may be started first and run later.
    let turn = thread.turn("What is to be done, in order?");
    let turn = turn.output::<Vec<String>>().send()?;
    for (number, step) in turn.run()?.value.iter().enumerate() {
        println!("{}. {step}", number + 1);
    }
    codex.close()
}
