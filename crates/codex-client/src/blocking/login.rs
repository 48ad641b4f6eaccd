//! Logins of the blocking API.

use codex_types::CancelLoginAccountParams;

use super::{LoginWaitBuilder, RequestBuilder};

/// Implements the given methods of one kind of login, and the methods that both kinds share.
macro_rules! login {
    ($handle:ident { $($methods:tt)* }) => {
        impl $handle {
            $($methods)*

            /// Waits for the end of this attempt (`account/login/completed`). This method may be
            /// called several times, even after the attempt has ended.
            pub fn wait(&self) -> LoginWaitBuilder {
                self.inner.wait_builder()
            }

            /// Cancels this attempt (`account/login/cancel`). The attempt then completes
            /// unsuccessfully, which [`wait`](Self::wait) reports. The status in the response is
            /// `notFound` if the attempt has already ended.
            pub fn cancel(&self) -> RequestBuilder<CancelLoginAccountParams> {
                self.inner.cancel_builder()
            }

            /// Returns the id of this attempt.
            pub fn login_id(&self) -> &str {
                self.inner.login_id()
            }
        }

        /// Converts the async type into the blocking one.
        impl From<crate::$handle> for $handle {
            fn from(inner: crate::$handle) -> Self {
                Self { inner }
            }
        }
    };
}

/// A login with a web browser, returned by
/// [`Codex::login_chatgpt`](crate::blocking::Codex::login_chatgpt).
///
/// Cheap to clone; all clones refer to the same attempt.
///
/// ```no_run
/// use codex_client::{Result, blocking::Codex};
///
/// fn example(codex: &Codex) -> Result<()> {
///     let login = codex.login_chatgpt().send()?;
///     println!("open {}", login.auth_url());
///     let completed = login.wait().send()?;
///     if !completed.success {
///         eprintln!("{}", completed.error.as_deref().unwrap_or("no reason given"));
///     }
///     Ok(())
/// }
/// ```
///
/// If the handle is dropped, the attempt continues: the user can still complete it, and
/// [`Codex::notifications`](crate::blocking::Codex::notifications) reports the outcome. Only
/// [`cancel`](Self::cancel), a newer attempt or the exit of the server ends it.
#[derive(Debug, Clone)]
pub struct ChatgptLoginHandle {
    inner: crate::ChatgptLoginHandle,
}

login! { ChatgptLoginHandle {
    /// Returns the URL of the page for the user to open.
    pub fn auth_url(&self) -> &str {
        self.inner.auth_url()
    }
} }

/// A login with a device code, returned by
/// [`Codex::login_chatgpt_device_code`](crate::blocking::Codex::login_chatgpt_device_code).
///
/// Cheap to clone; all clones refer to the same attempt.
///
/// ```no_run
/// use codex_client::{Result, blocking::Codex};
///
/// fn example(codex: &Codex) -> Result<()> {
///     let login = codex.login_chatgpt_device_code().send()?;
///     println!("open {} and enter {}", login.verification_url(), login.user_code());
///     let completed = login.wait().send()?;
///     println!("logged in: {}", completed.success);
///     Ok(())
/// }
/// ```
///
/// If the handle is dropped, the attempt continues, as with [`ChatgptLoginHandle`].
#[derive(Debug, Clone)]
pub struct DeviceCodeLoginHandle {
    inner: crate::DeviceCodeLoginHandle,
}

login! { DeviceCodeLoginHandle {
    /// Returns the URL of the page for the user to open, on any machine.
    pub fn verification_url(&self) -> &str {
        self.inner.verification_url()
    }

    /// Returns the code for the user to enter on the verification page.
    pub fn user_code(&self) -> &str {
        self.inner.user_code()
    }
} }
