//! Every option that a turn has.
//!
//! For programs without an async runtime: `turn_options` is its async counterpart.
//!
//! `cargo run -p codex-client --example turn_options_blocking`

use std::{env, error::Error};

use codex_client::{
    ApprovalMode, Sandbox,
    blocking::Codex,
    types::{Personality, ReasoningEffort, ReasoningSummary},
};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let codex = Codex::start()?;
    let models = codex.models().send()?.data;
    let model = models.iter().find(|model| model.is_default);
    let model = model.ok_or("the server has no default model")?;
    let thread = codex.thread_start().send()?;

    let mut request = thread
        .run("Which language is this directory written in, and how sure are you?")
        // These hold for this turn and the later ones of the thread.
        .model(&model.model)
        .effort(ReasoningEffort::Low)
        .summary(ReasoningSummary::Concise)
        .personality(Personality::Pragmatic)
        .cwd(env::current_dir()?)
        // What commands may change. A `types::SandboxPolicy` says more: other writable directories,
        // access to the network.
        .sandbox(Sandbox::ReadOnly)
        // Sets `approval_policy` and `approvals_reviewer`, which are options of their own.
        .approval_mode(ApprovalMode::DenyAll)
        // These hold for this turn alone.
        .source("turn_options_example")
        .output_schema(json!({
            "type": "object",
            "properties": {
                "language": { "type": "string" },
                "confidence": { "type": "number" },
            },
            "required": ["language", "confidence"],
            "additionalProperties": false,
        }));
    // Not every model has service tiers. `turn_service_tier` is for this turn alone.
    if let Some(tier) = model.service_tiers.first() {
        request = request.service_tier(&tier.id).turn_service_tier(&tier.id);
    }
    let result = request
        // And what has no setter: any field of the params of `turn/start`.
        .params(|params| params.client_user_message_id("question-1"))
        .send()?;

    let answer: Value = serde_json::from_str(result.final_response.as_deref().unwrap_or("null"))?;
    println!("language:   {}", answer["language"]);
    println!("confidence: {}", answer["confidence"]);
    codex.close()?;
    Ok(())
}
