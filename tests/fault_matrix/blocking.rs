//! Cells of the blocking API.

use std::sync::{
    Arc, Mutex, PoisonError,
    mpsc::{Receiver, channel},
};

use codex_client::{Decision, Tool, blocking::Codex};
use codex_testing::FakeAppServer;

use crate::{
    Cell, End, MAX_MESSAGE, TIMEOUT, WayOut, fake_codex,
    steps::{NoArguments, Step},
};

/// Blocks a handler until the cell has ended.
#[derive(Clone)]
struct UntilEnd(Arc<Mutex<Receiver<()>>>);

impl UntilEnd {
    fn wait(&self) {
        let ended = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The error is the end.
        let _ = ended.recv();
    }
}

/// Runs a cell.
pub(crate) fn run(cell: Cell, server: &FakeAppServer) -> End {
    let (running, ended) = channel();
    let until_end = UntilEnd(Arc::new(Mutex::new(ended)));
    let approval = until_end.clone();
    let codex = Codex::builder()
        .binary(fake_codex())
        .envs(server.envs().unwrap())
        .request_timeout(TIMEOUT)
        .max_message(MAX_MESSAGE)
        .on_approval(move |_| {
            approval.wait();
            Decision::Decline
        })
        .start()?;
    if cell.step == Step::AfterInitialize {
        // A request must not overtake the fault.
        server.blocking_fault_occurred().unwrap();
    }
    let end = drive(&codex, cell.step, until_end);
    drop(running);
    let closing = match cell.way_out {
        WayOut::Close => codex.close(),
        WayOut::Drop | WayOut::RuntimeEnds => {
            drop(codex);
            Ok(())
        }
    };
    // A server that fails while it is closed is not an error of the step.
    if cell.step == Step::Close {
        closing
    } else {
        end
    }
}

/// Performs the step.
fn drive(codex: &Codex, step: Step, until_end: UntilEnd) -> End {
    match step {
        Step::BeforeInitialize | Step::Close => Ok(()),
        Step::AfterInitialize => codex.models().send().map(drop),
        Step::ThreadStart => codex.thread_start().send().map(drop),
        Step::TurnStart
        | Step::TurnRunning
        | Step::TurnEnd
        | Step::ApprovalPending
        | Step::ToolRunning => {
            let tool = Tool::blocking("wait", "Waits.", move |_: NoArguments| {
                until_end.wait();
                Ok(String::new())
            });
            let thread = codex.thread_start().tool(tool).send()?;
            thread.run("hi").timeout(TIMEOUT).send().map(drop)
        }
        Step::LoginPending => {
            let login = codex.login_chatgpt().send()?;
            login.wait().timeout(TIMEOUT).send().map(drop)
        }
        Step::Exec => codex.exec(["true"]).timeout(TIMEOUT).send().map(drop),
    }
}
