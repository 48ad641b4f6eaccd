//! Sets every option of a turn.
//!
//! `cargo run -p codex-client --example turn_options`

use std::{env, error::Error};

use codex_client::{
    ApprovalMode, Codex, Sandbox,
    types::{Personality, ReasoningEffort, ReasoningSummary},
};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let codex = Codex::start().await?;
    let models = codex.models().await?.data;
    let model = models.iter().find(|model| model.is_default);
    let model = model.ok_or("the server has no default model")?;
    let thread = codex.thread_start().await?;

    let mut request = thread
        .run("Which language is this directory written in, and how sure are you?")
        // These apply to this turn and later turns of the thread.
        .model(&model.model)
        .effort(ReasoningEffort::Low)
        .summary(ReasoningSummary::Concise)
        .personality(Personality::Pragmatic)
        .cwd(env::current_dir()?)
        // The files that commands may change. A `types::SandboxPolicy` also sets further writable
        // directories and network access.
        .sandbox(Sandbox::ReadOnly)
        // Sets both `approval_policy` and `approvals_reviewer`, which are separate options as well.
        .approval_mode(ApprovalMode::DenyAll)
        // These apply to this turn only.
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
    // Not every model has service tiers. `turn_service_tier` applies to this turn only.
    if let Some(tier) = model.service_tiers.first() {
        request = request.service_tier(&tier.id).turn_service_tier(&tier.id);
    }
    let result = request
        // Any field of the params of `turn/start` that has no setter.
        .params(|params| params.client_user_message_id("question-1"))
        .await?;

    let response: Value = serde_json::from_str(result.final_response.as_deref().unwrap_or("null"))?;
    println!("language:   {}", response["language"]);
    println!("confidence: {}", response["confidence"]);
    codex.close().await?;
    Ok(())
}
