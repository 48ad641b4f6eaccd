//! Starting a login.

use codex_types::{
    ChatgptLoginAccountParams, LoginAccountParams, LoginAccountResponse, LoginAppBrand, Request,
};

use crate::{
    builder_macros::{options, timeouts},
    client::Codex,
    error::{Result, decode_error::DecodeError},
    login::handle::{ChatgptLoginHandle, DeviceCodeLoginHandle},
    mode::Async,
    request_builder::RequestBuilder,
};

/// Starts a login by a web browser; `.await` or `send` does it. From [`Codex::login_chatgpt`].
///
/// Its [`timeout`](Self::timeout) is for the server to begin the login. The person may take longer: see
/// [`ChatgptLoginHandle::wait`].
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited, or `send` is called"]
pub struct ChatgptLoginBuilder<M = Async> {
    request: RequestBuilder<ChatgptLoginAccountParams, M>,
}

impl<M> ChatgptLoginBuilder<M> {
    pub(crate) fn new(codex: &Codex) -> Self {
        Self {
            request: RequestBuilder::new(codex, ChatgptLoginAccountParams::default()),
        }
    }

    options! { ChatgptLoginAccountParams {
        /// The product whose name and logo the pages show.
        app_brand: LoginAppBrand;
        /// Whether the shorter flow is used, without a choice of what the login is for.
        codex_streamlined_login: bool;
        /// Whether the browser ends on a page of OpenAI, rather than on one that the server serves.
        use_hosted_login_success_page: bool;
    } }

    timeouts!();

    pub(crate) async fn perform(self) -> Result<ChatgptLoginHandle> {
        let RequestBuilder {
            codex,
            params,
            timeout,
            ..
        } = self.request;
        let params = LoginAccountParams::Chatgpt(params);
        let connection = codex.connection();
        let (response, attempt) = connection.call_for_login(&params, timeout).await?;
        match response {
            LoginAccountResponse::Chatgpt(started) => {
                Ok(ChatgptLoginHandle::new(codex, started, attempt))
            }
            other => Err(other_kind(&other)),
        }
    }
}

/// Starts a login by a code; `.await` or `send` does it. From
/// [`Codex::login_chatgpt_device_code`]. The protocol has no params for it.
///
/// Its [`timeout`](Self::timeout) is for the code, which the server fetches from OpenAI. The person may
/// take longer: see [`DeviceCodeLoginHandle::wait`].
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited, or `send` is called"]
pub struct DeviceCodeLoginBuilder<M = Async> {
    request: RequestBuilder<(), M>,
}

impl<M> DeviceCodeLoginBuilder<M> {
    pub(crate) fn new(codex: &Codex) -> Self {
        Self {
            request: RequestBuilder::new(codex, ()),
        }
    }

    timeouts!();

    pub(crate) async fn perform(self) -> Result<DeviceCodeLoginHandle> {
        let RequestBuilder { codex, timeout, .. } = self.request;
        let params = LoginAccountParams::ChatgptDeviceCode;
        let connection = codex.connection();
        let (response, attempt) = connection.call_for_login(&params, timeout).await?;
        match response {
            LoginAccountResponse::ChatgptDeviceCode(started) => {
                Ok(DeviceCodeLoginHandle::new(codex, started, attempt))
            }
            other => Err(other_kind(&other)),
        }
    }
}

/// The server has started a login of another kind than it was asked for.
fn other_kind(response: &LoginAccountResponse) -> crate::Error {
    let text = serde_json::to_string(response).unwrap_or_default();
    let reason = "the answer is about another kind of login";
    DecodeError::at(Some(LoginAccountParams::METHOD), &text, reason, 0).into()
}
