//! `send` and `.await` of the request builders in async code.

use std::future::IntoFuture;

use codex_types::{
    AccountLoginCompletedNotification, GetAccountResponse, ModelListResponse, ThreadListResponse,
    ThreadReadResponse,
};

use crate::{
    account::AccountReadBuilder,
    client::Thread,
    error::Result,
    exec::{output::ExecOutput, start::ExecBuilder},
    fs_watch::{FsWatchBuilder, FsWatcher},
    future::BoxFuture,
    goal::{handle::GoalHandle, start::GoalStartBuilder},
    login::{
        handle::{ChatgptLoginHandle, DeviceCodeLoginHandle},
        start::{ChatgptLoginBuilder, DeviceCodeLoginBuilder},
        wait::LoginWaitBuilder,
    },
    models::ModelListBuilder,
    send_table::send_table,
    thread::{
        list::ThreadListBuilder,
        read::ThreadReadBuilder,
        start::{ThreadForkBuilder, ThreadResumeBuilder, ThreadStartBuilder},
    },
    turn::{
        handle::TurnHandle,
        review::ReviewBuilder,
        start::{RunBuilder, TurnStartBuilder},
    },
    turn_result::TurnResult,
};

macro_rules! define_send {
    ($(
        $(#[$doc:meta])* $builder:ident $(<$param:ident>)? -> $output:ty
        $({ $(#[$dropped:meta])* })?;
    )*) => {$(
        impl$(<$param>)? $builder$(<$param>)? {
            $(#[$doc])*
            $(
                ///
                /// # Cancellation
                ///
                $(#[$dropped])*
            )?
            pub async fn send(self) -> Result<$output> {
                self.execute().await
            }
        }

        impl$(<$param: 'static>)? IntoFuture for $builder$(<$param>)? {
            type Output = Result<$output>;
            type IntoFuture = BoxFuture<Self::Output>;

            fn into_future(self) -> Self::IntoFuture {
                Box::pin(self.execute())
            }
        }
    )*};
}

send_table!(define_send);
