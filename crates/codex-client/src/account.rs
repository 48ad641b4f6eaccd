//! The account that the server works for.

use codex_types::{
    ApiKeyLoginAccountParams, GetAccountParams, GetAccountResponse, LoginAccountParams, request,
};

use crate::{
    builder_macros::{options, sends, timeouts},
    codex::Codex,
    error::Result,
    mode::Async,
    request_builder::RequestBuilder,
};

impl Codex {
    /// Who is logged in (`account/read`).
    pub fn account(&self) -> AccountReadBuilder {
        AccountReadBuilder::new(self)
    }

    /// Logs in with an API key (`account/login/start`). The server saves it in its home.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`](crate::builder::RequestBuilder::send). None of them shows the key.
    pub async fn login_api_key(&self, key: impl Into<String>) -> Result<()> {
        let params = LoginAccountParams::from(ApiKeyLoginAccountParams::new(key));
        self.request(params).send().await.map(drop)
    }

    /// Logs out (`account/logout`). Nothing happens when nobody is logged in.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`](crate::builder::RequestBuilder::send).
    pub async fn logout(&self) -> Result<()> {
        self.request(request::AccountLogout).send().await.map(drop)
    }
}

/// Reads the account (`account/read`); `.await` or `send` does it. From [`Codex::account`].
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited, or `send` is called"]
pub struct AccountReadBuilder<M = Async> {
    request: RequestBuilder<GetAccountParams, M>,
}

impl<M> AccountReadBuilder<M> {
    pub(crate) fn new(codex: &Codex) -> Self {
        Self {
            request: RequestBuilder::new(codex, GetAccountParams::default()),
        }
    }

    options! { GetAccountParams {
        /// Whether to refresh the token first.
        refresh_token: bool;
    } }

    timeouts!();

    async fn perform(self) -> Result<GetAccountResponse> {
        self.request.perform().await
    }
}

sends! {
    /// Reads the account.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`](crate::builder::RequestBuilder::send).
    AccountReadBuilder -> GetAccountResponse
}
