//! Cells of the async API.

use std::{future::pending, time::Duration};

use codex_client::{Codex, Decision, Tool};
use codex_testing::FakeAppServer;
use tokio::runtime::{Builder, Runtime};

use crate::{
    Cell, DEADLINE, End, MAX_MESSAGE, TIMEOUT, WayOut, fake_codex,
    steps::{NoArguments, Step},
};

/// Runs a cell. Returns the end of the step, unless the runtime ended before.
pub(crate) fn run(cell: Cell, server: &FakeAppServer) -> Option<End> {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let step = cell.step;
    let builder = Codex::builder()
        .binary(fake_codex())
        .envs(server.envs().unwrap())
        .request_timeout(TIMEOUT)
        .max_message(MAX_MESSAGE)
        .on_approval(|_| pending::<Decision>());
    if cell.way_out == WayOut::RuntimeEnds {
        runtime.block_on(async {
            let mut driven = tokio::spawn(async move {
                let started = builder.start().await;
                let end = drive(&started, step).await;
                (started, end)
            });
            tokio::select! {
                occurred = occurred(step, server) => occurred.unwrap(),
                _ = &mut driven => {}
            }
        });
        drop(runtime);
        return None;
    }
    let end = runtime.block_on(async {
        let started = within(builder.start()).await;
        if step == Step::AfterInitialize {
            // A request must not overtake the fault.
            server.fault_occurred().await.unwrap();
        }
        let end = within(drive(&started, step)).await;
        let closing = match started {
            Ok(codex) if cell.way_out == WayOut::Close => within(codex.close()).await,
            _ => Ok(()),
        };
        // A server that fails while it is closed is not an error of the step.
        if step == Step::Close { closing } else { end }
    });
    assert_no_tasks(&runtime);
    Some(end)
}

/// Waits until the fault has occurred, or can only occur at the end.
async fn occurred(step: Step, server: &FakeAppServer) -> codex_testing::Result<()> {
    if step == Step::Close {
        server.next_request("initialized").await.map(drop)
    } else {
        server.fault_occurred().await
    }
}

async fn within<T>(step: impl Future<Output = T>) -> T {
    let step = tokio::time::timeout(DEADLINE, step).await;
    step.expect("the step has not ended")
}

/// Performs the step.
async fn drive(started: &codex_client::Result<Codex>, step: Step) -> End {
    let codex = match started {
        Ok(codex) => codex,
        Err(error) => return Err(error.clone()),
    };
    match step {
        Step::BeforeInitialize | Step::Close => Ok(()),
        Step::AfterInitialize => codex.models().await.map(drop),
        Step::ThreadStart => codex.thread_start().await.map(drop),
        Step::TurnStart
        | Step::TurnRunning
        | Step::TurnEnd
        | Step::ApprovalPending
        | Step::ToolRunning => {
            let tool = Tool::new("wait", "Waits.", |_: NoArguments| pending::<WaitResult>());
            let thread = codex.thread_start().tool(tool).await?;
            thread.run("hi").timeout(TIMEOUT).await.map(drop)
        }
        Step::LoginPending => {
            let login = codex.login_chatgpt().await?;
            login.wait().timeout(TIMEOUT).await.map(drop)
        }
        Step::Exec => codex.exec(["true"]).timeout(TIMEOUT).await.map(drop),
    }
}

type WaitResult = Result<String, Box<dyn std::error::Error + Send + Sync>>;

/// Asserts that the tasks of the client end.
fn assert_no_tasks(runtime: &Runtime) {
    let alive = || runtime.metrics().num_alive_tasks();
    runtime.block_on(within(async {
        while alive() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }));
}
