//! Starting a login.

use std::{future::IntoFuture, time::Duration};

use codex_types::{
    ChatgptLoginAccountParams, LoginAccountParams, LoginAccountResponse, LoginAppBrand, Request,
};

use super::{ChatgptLogin, DeviceCodeLogin};
use crate::{
    codex::Codex,
    error::{Malformed, Result},
    future::{BoxFuture, options},
};

/// Starts a login by a web browser; `.await` or [`send`](Self::send) does it. From
/// [`Codex::login_chatgpt`].
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited"]
pub struct ChatgptLoginStart {
    codex: Codex,
    params: ChatgptLoginAccountParams,
    timeout: Option<Duration>,
}

impl ChatgptLoginStart {
    pub(crate) fn new(codex: &Codex) -> Self {
        Self {
            codex: codex.clone(),
            params: ChatgptLoginAccountParams::default(),
            timeout: codex.connection().timeout(),
        }
    }

    options! {
        /// The product whose name and logo the pages show.
        app_brand: LoginAppBrand;
        /// Whether the shorter flow is used, without a choice of what the login is for.
        codex_streamlined_login: bool;
        /// Whether the browser ends on a page of OpenAI, rather than on one that the server serves.
        use_hosted_login_success_page: bool;
    }

    /// Waits at most so long for the server to begin the login, instead of what the builder of the
    /// client says. The person may take longer: see [`ChatgptLogin::wait`].
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Starts the login.
    ///
    /// # Errors
    ///
    /// As [`Call::send`](crate::Call::send). The server refuses where the configuration forbids a
    /// login by ChatGPT.
    pub async fn send(self) -> Result<ChatgptLogin> {
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

impl IntoFuture for ChatgptLoginStart {
    type Output = Result<ChatgptLogin>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// Starts a login by a code; `.await` or [`send`](Self::send) does it. From
/// [`Codex::login_chatgpt_device_code`].
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited"]
pub struct DeviceCodeLoginStart {
    codex: Codex,
    timeout: Option<Duration>,
}

impl DeviceCodeLoginStart {
    pub(crate) fn new(codex: &Codex) -> Self {
        Self {
            codex: codex.clone(),
            timeout: codex.connection().timeout(),
        }
    }

    /// Waits at most so long for the code, instead of what the builder of the client says. The
    /// server fetches it from OpenAI.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Starts the login.
    ///
    /// # Errors
    ///
    /// As [`Call::send`](crate::Call::send). The server refuses where it gets no code, or where the
    /// configuration forbids a login by ChatGPT.
    pub async fn send(self) -> Result<DeviceCodeLogin> {
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

impl IntoFuture for DeviceCodeLoginStart {
    type Output = Result<DeviceCodeLogin>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// The server has started a login of another kind than it was asked for.
fn other_kind(response: &LoginAccountResponse) -> crate::Error {
    let text = serde_json::to_string(response).unwrap_or_default();
    let reason = "the answer is about another kind of login";
    Malformed::at(Some(LoginAccountParams::METHOD), &text, reason, 0).into()
}
