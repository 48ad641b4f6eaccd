//! Reads the server's account.

use codex_types::{GetAccountParams, GetAccountResponse};

use crate::{
    builder_macros::{options, timeouts},
    client::Codex,
    error::Result,
    mode::Async,
    request_builder::RequestBuilder,
};

/// A request for the account that is logged in (`account/read`), returned by [`Codex::account`].
#[derive(Debug)]
#[must_use = "nothing is sent until this is awaited or `send` is called"]
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
        /// Sets whether the server refreshes the account's token first.
        refresh_token: bool;
    } }

    timeouts!();

    pub(crate) async fn execute(self) -> Result<GetAccountResponse> {
        self.request.execute().await
    }
}
