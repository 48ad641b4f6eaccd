//! Handles of logins.

use codex_types::{
    CancelLoginAccountParams, ChatgptDeviceCodeLoginAccountResponse, ChatgptLoginAccountResponse,
};

use crate::{
    client::Codex, login::wait::LoginWaitBuilder, request_builder::RequestBuilder,
    routing::logins::LoginAttempt,
};

/// Implements the given methods of one kind of login, and the methods that both kinds share.
macro_rules! login {
    ($handle:ident, $response:ident { $($methods:tt)* }) => {
        impl $handle {
            $($methods)*

            /// Waits for the end of this attempt (`account/login/completed`). This method may be
            /// called several times, even after the attempt has ended.
            pub fn wait(&self) -> LoginWaitBuilder {
                self.wait_builder()
            }

            /// Cancels this attempt (`account/login/cancel`). The attempt then completes
            /// unsuccessfully, which [`wait`](Self::wait) reports. The status in the response is
            /// `notFound` if the attempt has already ended.
            pub fn cancel(&self) -> RequestBuilder<CancelLoginAccountParams> {
                self.cancel_builder()
            }

            /// Returns the id of this attempt.
            pub fn login_id(&self) -> &str {
                &self.response.login_id
            }
        }

        impl $handle {
            pub(crate) fn new(codex: Codex, response: $response, attempt: LoginAttempt) -> Self {
                Self {
                    codex,
                    response,
                    attempt,
                }
            }

            pub(crate) fn wait_builder<M>(&self) -> LoginWaitBuilder<M> {
                LoginWaitBuilder::new(self.codex.clone(), self.attempt.clone())
            }

            pub(crate) fn cancel_builder<M>(&self) -> RequestBuilder<CancelLoginAccountParams, M> {
                let params = CancelLoginAccountParams::new(self.login_id());
                RequestBuilder::new(&self.codex, params)
            }
        }
    };
}

/// A login with a web browser, returned by [`Codex::login_chatgpt`](crate::Codex::login_chatgpt).
///
/// Cheap to clone; all clones refer to the same attempt.
///
/// ```no_run
/// use codex_client::{Codex, Result};
///
/// async fn example(codex: &Codex) -> Result<()> {
///     let login = codex.login_chatgpt().await?;
///     println!("open {}", login.auth_url());
///     let completed = login.wait().await?;
///     if !completed.success {
///         eprintln!("{}", completed.error.as_deref().unwrap_or("no reason given"));
///     }
///     Ok(())
/// }
/// ```
///
/// If the handle is dropped, the attempt continues: the user can still complete it, and
/// [`Codex::notifications`](crate::Codex::notifications) reports the outcome. Only
/// [`cancel`](Self::cancel), a newer attempt or the exit of the server ends it.
#[derive(Debug, Clone)]
pub struct ChatgptLoginHandle {
    codex: Codex,
    response: ChatgptLoginAccountResponse,
    attempt: LoginAttempt,
}

login! { ChatgptLoginHandle, ChatgptLoginAccountResponse {
    /// Returns the URL of the page for the user to open.
    pub fn auth_url(&self) -> &str {
        &self.response.auth_url
    }
} }

/// A login with a device code, returned by
/// [`Codex::login_chatgpt_device_code`](crate::Codex::login_chatgpt_device_code).
///
/// Cheap to clone; all clones refer to the same attempt.
///
/// ```no_run
/// use codex_client::{Codex, Result};
///
/// async fn example(codex: &Codex) -> Result<()> {
///     let login = codex.login_chatgpt_device_code().await?;
///     println!("open {} and enter {}", login.verification_url(), login.user_code());
///     let completed = login.wait().await?;
///     println!("logged in: {}", completed.success);
///     Ok(())
/// }
/// ```
///
/// If the handle is dropped, the attempt continues, as with [`ChatgptLoginHandle`].
#[derive(Debug, Clone)]
pub struct DeviceCodeLoginHandle {
    codex: Codex,
    response: ChatgptDeviceCodeLoginAccountResponse,
    attempt: LoginAttempt,
}

login! { DeviceCodeLoginHandle, ChatgptDeviceCodeLoginAccountResponse {
    /// Returns the URL of the page for the user to open, on any machine.
    pub fn verification_url(&self) -> &str {
        &self.response.verification_url
    }

    /// Returns the code for the user to enter on the verification page.
    pub fn user_code(&self) -> &str {
        &self.response.user_code
    }
} }
