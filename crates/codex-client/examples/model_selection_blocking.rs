//! Selects a model for a thread, and a different reasoning effort for its later turns.
//!
//! The blocking version of the `model_selection` example.
//!
//! `cargo run -p codex-client --example model_selection_blocking -- [MODEL]`

use std::{env, error::Error};

use codex_client::{Sandbox, blocking::Codex, types::ReasoningEffort};

fn main() -> Result<(), Box<dyn Error>> {
    let codex = Codex::start()?;
    let models = codex.models().send()?.data;
    let wanted = env::args().nth(1);
    let chosen = models.iter().find(|model| match &wanted {
        Some(name) => model.id == *name || model.model == *name,
        None => model.is_default,
    });
    let Some(chosen) = chosen else {
        let known: Vec<&str> = models.iter().map(|model| model.id.as_str()).collect();
        return Err(format!("unknown model, available: {}", known.join(", ")).into());
    };
    println!("model:    {} ({})", chosen.display_name, chosen.description);

    let thread = codex
        .thread_start()
        .model(&chosen.model)
        .sandbox(Sandbox::ReadOnly)
        .send()?;
    let default = &chosen.default_reasoning_effort;
    println!("effort:   {default}");
    thread.run("Which of 91 and 97 is a prime?").send()?;

    // A higher effort for a harder question, if the model supports it. Later turns keep it.
    let mut efforts = chosen.supported_reasoning_efforts.iter();
    let supported = efforts.any(|option| option.reasoning_effort == ReasoningEffort::High);
    let effort = if supported {
        &ReasoningEffort::High
    } else {
        default
    };
    println!("effort:   {effort}");
    let result = thread.run("Prove it.").effort(effort.clone()).send()?;
    println!(
        "response: {}",
        result.final_response.as_deref().unwrap_or("(no response)")
    );
    codex.close()?;
    Ok(())
}
