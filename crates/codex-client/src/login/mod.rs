//! Logging in with a ChatGPT account: an attempt is started, a person acts, the server tells how it
//! ended.
//!
//! ```no_run
//! # async fn example(codex: codex_client::Codex) -> codex_client::Result<()> {
//! let login = codex.login_chatgpt().await?;
//! println!("open {}", login.auth_url());
//! let done = login.wait().await?;
//! if !done.success {
//!     eprintln!("not logged in: {}", done.error.as_deref().unwrap_or("no reason given"));
//! }
//! # Ok(())
//! # }
//! ```

pub(crate) mod handle;
pub(crate) mod start;
pub(crate) mod wait;

use crate::{
    codex::Codex,
    login::start::{ChatgptLoginBuilder, DeviceCodeLoginBuilder},
};

impl Codex {
    /// OnResponse a login by a web browser (`account/login/start` with `chatgpt`): a person opens the
    /// [URL](ChatgptLoginHandle::auth_url) and logs in there.
    ///
    /// The browser is sent back to a port that the server listens on, on its own machine. Where
    /// the browser runs on another one, use
    /// [`login_chatgpt_device_code`](Self::login_chatgpt_device_code).
    ///
    /// A server has one such attempt at a time: a new one replaces the old one, which then
    /// completes without success.
    pub fn login_chatgpt(&self) -> ChatgptLoginBuilder {
        ChatgptLoginBuilder::new(self)
    }

    /// OnResponse a login by a code (`account/login/start` with `chatgptDeviceCode`): a person opens the
    /// [URL](DeviceCodeLoginHandle::verification_url) on any machine and enters the
    /// [code](DeviceCodeLoginHandle::user_code).
    pub fn login_chatgpt_device_code(&self) -> DeviceCodeLoginBuilder {
        DeviceCodeLoginBuilder::new(self)
    }
}
