//! Starts logins.

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

/// A request to start a login with a web browser (`account/login/start`), returned by
/// [`Codex::login_chatgpt`].
///
/// The [`timeout`](Self::timeout) applies to the response, not to the login:
/// [`ChatgptLoginHandle::wait`] has its own timeout.
#[derive(Debug)]
#[must_use = "nothing is sent until this is awaited or `send` is called"]
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
        /// Sets the product whose name and logo the login pages show.
        app_brand: LoginAppBrand;
        /// Sets whether the login uses the shorter flow, which does not ask for the purpose of the
        /// login.
        codex_streamlined_login: bool;
        /// Sets whether the browser ends up on a page hosted by OpenAI instead of one that the
        /// server serves.
        use_hosted_login_success_page: bool;
    } }

    timeouts!();

    pub(crate) async fn execute(self) -> Result<ChatgptLoginHandle> {
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

/// A request to start a login with a device code (`account/login/start`), returned by
/// [`Codex::login_chatgpt_device_code`]. The protocol defines no params for this request.
///
/// The [`timeout`](Self::timeout) applies to the response, which the server sends once OpenAI has
/// issued the code, and not to the login: [`DeviceCodeLoginHandle::wait`] has its own timeout.
#[derive(Debug)]
#[must_use = "nothing is sent until this is awaited or `send` is called"]
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

    pub(crate) async fn execute(self) -> Result<DeviceCodeLoginHandle> {
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

/// Returns the error for a response to a different kind of login than the one requested.
fn other_kind(response: &LoginAccountResponse) -> crate::Error {
    let text = serde_json::to_string(response).unwrap_or_default();
    let reason = "the response is for a different kind of login";
    DecodeError::at(Some(LoginAccountParams::METHOD), &text, reason, 0).into()
}
