//! Request builders: one for each operation, returned by the methods of the handles.
//!
//! A builder sets the options of a request. `.await` sends the request in async code; `send()`
//! sends it in both async and blocking code. Nothing is sent until then. Programs rarely name these
//! types: they chain calls from the methods of [`Codex`](crate::Codex) and
//! [`Thread`](crate::Thread).
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
//! | Method | Builder | Request |
//! |---|---|---|
//! | [`Codex::builder`](crate::Codex::builder) | [`CodexBuilder`] | `initialize` |
//! | [`Codex::thread_start`](crate::Codex::thread_start) | [`ThreadStartBuilder`] | `thread/start` |
//! | [`Codex::thread_resume`](crate::Codex::thread_resume) | [`ThreadResumeBuilder`] | `thread/resume` |
//! | [`Codex::thread_fork`](crate::Codex::thread_fork) | [`ThreadForkBuilder`] | `thread/fork` |
//! | [`Codex::thread_list`](crate::Codex::thread_list) | [`ThreadListBuilder`] | `thread/list` |
//! | [`Codex::models`](crate::Codex::models) | [`ModelListBuilder`] | `model/list` |
//! | [`Codex::account`](crate::Codex::account) | [`AccountReadBuilder`] | `account/read` |
//! | [`Codex::login_chatgpt`](crate::Codex::login_chatgpt) | [`ChatgptLoginBuilder`] | `account/login/start` |
//! | [`Codex::login_chatgpt_device_code`](crate::Codex::login_chatgpt_device_code) | [`DeviceCodeLoginBuilder`] | `account/login/start` |
//! | [`Codex::exec`](crate::Codex::exec) | [`ExecBuilder`] | `command/exec` |
//! | [`Codex::fs_watch`](crate::Codex::fs_watch) | [`FsWatchBuilder`] | `fs/watch` |
//! | [`Codex::request`](crate::Codex::request) | [`RequestBuilder`] | any |
//! | [`Thread::run`](crate::Thread::run) | [`RunBuilder`] | `turn/start` |
//! | [`Thread::turn`](crate::Thread::turn) | [`TurnStartBuilder`] | `turn/start` |
//! | [`Thread::review`](crate::Thread::review) | [`ReviewBuilder`] | `review/start` |
//! | [`Thread::goal_start`](crate::Thread::goal_start), [`goal_resume`](crate::Thread::goal_resume) | [`GoalStartBuilder`] | `thread/goal/set` |
//! | [`Thread::read`](crate::Thread::read) | [`ThreadReadBuilder`] | `thread/read` |
//! | [`ChatgptLoginHandle::wait`](crate::ChatgptLoginHandle::wait), [`DeviceCodeLoginHandle::wait`](crate::DeviceCodeLoginHandle::wait) | [`LoginWaitBuilder`] | none |
//! | `stream` of the list builders | [`Pages`] | one per page |
//!
//! Each builder is generic over its mode: [`Async`] by default, or `Blocking`, for which the
//! `blocking` module has aliases.

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
    pages::{Cursor, Paged, Pages},
    request_builder::RequestBuilder,
    run_input::ExternalContent,
    server_requests::{
        handler_result::{HandlerError, IntoResponse},
        unhandled::UnhandledRequests,
    },
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
