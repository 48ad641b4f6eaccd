//! Starting a login.

use std::{marker::PhantomData, time::Duration};

use codex_types::{
    ChatgptLoginAccountParams, LoginAccountParams, LoginAccountResponse, LoginAppBrand, Request,
};

use super::{ChatgptLogin, DeviceCodeLogin};
use crate::{
    blocking,
    builder::sends,
    codex::Codex,
    error::{Malformed, Result},
    mode::Async,
};

/// Starts a login by a web browser; `.await` or `send` does it. From [`Codex::login_chatgpt`].
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited, or `send` is called"]
pub struct ChatgptLoginStart<M = Async> {
    codex: Codex,
    params: ChatgptLoginAccountParams,
    timeout: Option<Duration>,
    mode: PhantomData<fn() -> M>,
}

impl<M> ChatgptLoginStart<M> {
    pub(crate) fn new(codex: &Codex) -> Self {
        Self {
            codex: codex.clone(),
            params: ChatgptLoginAccountParams::default(),
            timeout: codex.connection().timeout(),
            mode: PhantomData,
        }
    }

    /// The product whose name and logo the pages show.
    pub fn app_brand(mut self, app_brand: impl Into<LoginAppBrand>) -> Self {
        self.params = self.params.app_brand(app_brand);
        self
    }

    /// Whether the shorter flow is used, without a choice of what the login is for.
    pub fn codex_streamlined_login(mut self, streamlined: bool) -> Self {
        self.params = self.params.codex_streamlined_login(streamlined);
        self
    }

    /// Whether the browser ends on a page of OpenAI, rather than on one that the server serves.
    pub fn use_hosted_login_success_page(mut self, hosted: bool) -> Self {
        self.params = self.params.use_hosted_login_success_page(hosted);
        self
    }

    /// Waits at most so long for the server to begin the login, instead of what the builder of the
    /// client says. The person may take longer: see [`ChatgptLogin::wait`].
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    async fn perform(self) -> Result<ChatgptLogin> {
        let params = LoginAccountParams::Chatgpt(self.params);
        let connection = self.codex.connection();
        let (response, attempt) = connection.call_for_login(&params, self.timeout).await?;
        match response {
            LoginAccountResponse::Chatgpt(started) => {
                Ok(ChatgptLogin::new(self.codex, started, attempt))
            }
            other => Err(other_kind(&other)),
        }
    }
}

sends! {
    /// Starts the login.
    ///
    /// # Errors
    ///
    /// As [`Call::send`](crate::Call::send). The server refuses where the configuration forbids a
    /// login by ChatGPT.
    ChatgptLoginStart -> ChatgptLogin, blocking blocking::ChatgptLogin
}

/// Starts a login by a code; `.await` or `send` does it. From
/// [`Codex::login_chatgpt_device_code`].
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited, or `send` is called"]
pub struct DeviceCodeLoginStart<M = Async> {
    codex: Codex,
    timeout: Option<Duration>,
    mode: PhantomData<fn() -> M>,
}

impl<M> DeviceCodeLoginStart<M> {
    pub(crate) fn new(codex: &Codex) -> Self {
        Self {
            codex: codex.clone(),
            timeout: codex.connection().timeout(),
            mode: PhantomData,
        }
    }

    /// Waits at most so long for the code, instead of what the builder of the client says. The
    /// server fetches it from OpenAI.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    async fn perform(self) -> Result<DeviceCodeLogin> {
        let params = LoginAccountParams::ChatgptDeviceCode;
        let connection = self.codex.connection();
        let (response, attempt) = connection.call_for_login(&params, self.timeout).await?;
        match response {
            LoginAccountResponse::ChatgptDeviceCode(started) => {
                Ok(DeviceCodeLogin::new(self.codex, started, attempt))
            }
            other => Err(other_kind(&other)),
        }
    }
}

sends! {
    /// Starts the login.
    ///
    /// # Errors
    ///
    /// As [`Call::send`](crate::Call::send). The server refuses where it gets no code, or where the
    /// configuration forbids a login by ChatGPT.
    DeviceCodeLoginStart -> DeviceCodeLogin, blocking blocking::DeviceCodeLogin
}

/// The server has started a login of another kind than it was asked for.
fn other_kind(response: &LoginAccountResponse) -> crate::Error {
    let text = serde_json::to_string(response).unwrap_or_default();
    let reason = "the answer is about another kind of login";
    Malformed::at(Some(LoginAccountParams::METHOD), &text, reason, 0).into()
}
