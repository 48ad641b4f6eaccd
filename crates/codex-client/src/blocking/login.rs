//! Logins, blocking.

use codex_types::CancelLoginAccountParams;

use super::{LoginWaitBuilder, RequestBuilder};

/// What both kinds of login can do.
macro_rules! attempt {
    ($handle:ident) => {
        impl $handle {
            /// The id of this attempt.
            pub fn login_id(&self) -> &str {
                self.inner.login_id()
            }

            #[doc = concat!("As [`crate::", stringify!($handle), "::wait`].")]
            pub fn wait(&self) -> LoginWaitBuilder {
                self.inner.wait_builder()
            }

            #[doc = concat!("As [`crate::", stringify!($handle), "::cancel`].")]
            ///
            /// # Errors
            ///
            /// When sent, as there.
            pub fn cancel(&self) -> RequestBuilder<CancelLoginAccountParams> {
                self.inner.cancel_builder()
            }
        }

        /// The same login, for threads that may wait.
        impl From<crate::$handle> for $handle {
            fn from(inner: crate::$handle) -> Self {
                Self { inner }
            }
        }
    };
}

/// A login by a web browser that was started, as [`crate::ChatgptLoginHandle`]; from
/// [`Codex::login_chatgpt`](crate::blocking::client::Codex::login_chatgpt).
#[derive(Debug, Clone)]
pub struct ChatgptLoginHandle {
    inner: crate::ChatgptLoginHandle,
}

attempt!(ChatgptLoginHandle);

impl ChatgptLoginHandle {
    /// The page that the person is to open.
    pub fn auth_url(&self) -> &str {
        self.inner.auth_url()
    }
}

/// A login by a code that was started, as [`crate::DeviceCodeLoginHandle`]; from
/// [`Codex::login_chatgpt_device_code`](crate::blocking::client::Codex::login_chatgpt_device_code).
#[derive(Debug, Clone)]
pub struct DeviceCodeLoginHandle {
    inner: crate::DeviceCodeLoginHandle,
}

attempt!(DeviceCodeLoginHandle);

impl DeviceCodeLoginHandle {
    /// The page that the person is to open, on any machine.
    pub fn verification_url(&self) -> &str {
        self.inner.verification_url()
    }

    /// The code that the person is to enter there.
    pub fn user_code(&self) -> &str {
        self.inner.user_code()
    }
}
