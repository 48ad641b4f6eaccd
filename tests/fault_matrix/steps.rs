//! The steps of a client at which a fault occurs.

use codex_testing::{FakeAppServer, Fault, Reply, Turn};
use serde_json::json;

/// A step of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    BeforeInitialize,
    AfterInitialize,
    ThreadStart,
    TurnStart,
    TurnRunning,
    TurnEnd,
    ApprovalPending,
    ToolRunning,
    LoginPending,
    Exec,
    Close,
}

/// Arguments of a tool without parameters.
#[derive(serde::Deserialize, schemars::JsonSchema)]
pub(crate) struct NoArguments {}

impl Step {
    pub(crate) const ALL: [Self; 11] = [
        Self::BeforeInitialize,
        Self::AfterInitialize,
        Self::ThreadStart,
        Self::TurnStart,
        Self::TurnRunning,
        Self::TurnEnd,
        Self::ApprovalPending,
        Self::ToolRunning,
        Self::LoginPending,
        Self::Exec,
        Self::Close,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::BeforeInitialize => "before initialize",
            Self::AfterInitialize => "after initialize",
            Self::ThreadStart => "thread start",
            Self::TurnStart => "turn start",
            Self::TurnRunning => "turn running",
            Self::TurnEnd => "turn end",
            Self::ApprovalPending => "approval pending",
            Self::ToolRunning => "tool running",
            Self::LoginPending => "login pending",
            Self::Exec => "exec",
            Self::Close => "close",
        }
    }

    /// Lets the fault occur at this step.
    pub(crate) fn script(self, server: &FakeAppServer, fault: Fault) {
        let faulty = |fault| Reply::canned().fault(fault);
        match self {
            Self::BeforeInitialize => server.fault_at_start(fault),
            Self::AfterInitialize => server.push("initialize", Reply::canned().then_fault(fault)),
            Self::ThreadStart => server.push("thread/start", faulty(fault)),
            Self::TurnStart => server.push_turn("Hello!").push("turn/start", faulty(fault)),
            Self::TurnRunning => {
                server.push_turn(Turn::text("so far").fault(fault).then_text("the rest"))
            }
            Self::TurnEnd => server.push_turn(Turn::text("so far").fault(fault)),
            Self::ApprovalPending => server.push_turn(
                Turn::new()
                    .send_request(
                        "item/commandExecution/requestApproval",
                        json!({"itemId": "i", "startedAtMs": 1, "command": "ls"}),
                    )
                    .fault(fault)
                    .then_text("the rest"),
            ),
            Self::ToolRunning => server.push_turn(
                Turn::new()
                    .send_request(
                        "item/tool/call",
                        json!({"callId": "c", "tool": "wait", "arguments": {}}),
                    )
                    .fault(fault)
                    .then_text("the rest"),
            ),
            Self::LoginPending => {
                let reply = Reply::canned().then_fault(fault);
                let completed = json!({"loginId": "login-1", "success": true, "error": null});
                let reply = reply.then_notify("account/login/completed", completed);
                server.push("account/login/start", reply)
            }
            Self::Exec => server.push("command/exec", faulty(fault)),
            Self::Close => server.fault_at_close(fault),
        };
    }
}
