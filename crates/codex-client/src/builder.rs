//! Request builders: one for each operation, returned by the methods of the handles.
//!
//! A builder sets the options of a request. `.await` sends it in async code; `send()` sends it on
//! either side. Nothing is sent until then. Programs rarely name these types: they chain from
//! [`Codex`](crate::Codex) and [`Thread`](crate::Thread).
//!
//! ```no_run
//! use codex_client::{Codex, Result, Sandbox};
//!
//! async fn example(codex: &Codex) -> Result<()> {
//!     let thread = codex
//!         .thread_start()
//!         .sandbox(Sandbox::ReadOnly)
//!         .cwd("/work/app")
//!         .await?;
//!     println!("{}", thread.id());
//!     Ok(())
//! }
//! ```
//!
//! Each builder is generic over its mode: [`Async`], or `Blocking` for the builders that the module
//! `blocking` names.

#[cfg(feature = "blocking")]
pub use crate::mode::Blocking;
pub use crate::{
    account::AccountReadBuilder,
    codex::builder::CodexBuilder,
    exec::start::ExecBuilder,
    fs_watch::FsWatchBuilder,
    goal::start::GoalStartBuilder,
    login::{
        start::{ChatgptLoginBuilder, DeviceCodeLoginBuilder},
        wait::LoginWaitBuilder,
    },
    mode::Async,
    models::ModelListBuilder,
    pages::{Paged, Pages},
    request_builder::RequestBuilder,
    run_input::ExternalContent,
    server_requests::handler_result::{HandlerError, IntoResponse},
    thread::{
        directories::Directories,
        list::ThreadListBuilder,
        read::ThreadReadBuilder,
        start::{ThreadForkBuilder, ThreadResumeBuilder, ThreadStartBuilder},
    },
    turn::{
        review::ReviewBuilder,
        start::{RunBuilder, TurnStartBuilder},
    },
};
