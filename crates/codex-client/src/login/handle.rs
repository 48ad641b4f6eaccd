//! Logins that were started.

use codex_types::{
    CancelLoginAccountParams, ChatgptDeviceCodeLoginAccountResponse, ChatgptLoginAccountResponse,
};

use crate::{
    codex::Codex, login::wait::LoginWaitBuilder, request_builder::RequestBuilder,
    routing::logins::LoginAttempt,
};

/// What both kinds of login can do.
macro_rules! attempt {
    ($handle:ident, $started:ident) => {
        impl $handle {
            pub(crate) fn new(codex: Codex, started: $started, attempt: LoginAttempt) -> Self {
                Self {
                    codex,
                    started,
                    attempt,
                }
            }

            /// The id of this attempt.
            pub fn login_id(&self) -> &str {
                &self.started.login_id
            }

            /// Waits for the end of this attempt, and of no other (`account/login/completed`).
            /// Several may wait, and whoever comes later is told at once.
            pub fn wait(&self) -> LoginWaitBuilder {
                self.waiting()
            }

            pub(crate) fn waiting<M>(&self) -> LoginWaitBuilder<M> {
                LoginWaitBuilder::new(self.codex.clone(), self.attempt.clone())
            }

            /// Asks the server to give this attempt up (`account/login/cancel`). It then completes
            /// without success, which [`wait`](Self::wait) returns. The answer says whether there
            /// was anything to cancel: an attempt that has ended is `notFound`.
            ///
            /// # Errors
            ///
            /// When awaited, as [`RequestBuilder::send`].
            pub fn cancel(&self) -> RequestBuilder<CancelLoginAccountParams> {
                self.cancelling()
            }

            pub(crate) fn cancelling<M>(&self) -> RequestBuilder<CancelLoginAccountParams, M> {
                RequestBuilder::new(&self.codex, CancelLoginAccountParams::new(self.login_id()))
            }
        }
    };
}

/// A login by a web browser that was started; from
/// [`Codex::login_chatgpt`](Codex::login_chatgpt). Cheap enough to clone; all clones are one
/// attempt.
///
/// Dropped, the attempt goes on: the person may still finish it, and
/// [`Codex::notifications`](Codex::notifications) tells of it. Only
/// [`cancel`](Self::cancel), a newer attempt and the end of the server end it.
#[derive(Debug, Clone)]
pub struct ChatgptLoginHandle {
    codex: Codex,
    started: ChatgptLoginAccountResponse,
    attempt: LoginAttempt,
}

attempt!(ChatgptLoginHandle, ChatgptLoginAccountResponse);

impl ChatgptLoginHandle {
    /// The page that the person is to open.
    pub fn auth_url(&self) -> &str {
        &self.started.auth_url
    }
}

/// A login by a code that was started; from
/// [`Codex::login_chatgpt_device_code`](Codex::login_chatgpt_device_code). Cheap enough to clone;
/// all clones are one attempt.
///
/// Dropped, the attempt goes on, as for [`ChatgptLoginHandle`].
#[derive(Debug, Clone)]
pub struct DeviceCodeLoginHandle {
    codex: Codex,
    started: ChatgptDeviceCodeLoginAccountResponse,
    attempt: LoginAttempt,
}

attempt!(DeviceCodeLoginHandle, ChatgptDeviceCodeLoginAccountResponse);

impl DeviceCodeLoginHandle {
    /// The page that the person is to open, on any machine.
    pub fn verification_url(&self) -> &str {
        &self.started.verification_url
    }

    /// The code that the person is to enter there.
    pub fn user_code(&self) -> &str {
        &self.started.user_code
    }
}
