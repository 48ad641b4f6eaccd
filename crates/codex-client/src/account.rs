//! The account that the server works for.

use codex_types::{GetAccountParams, GetAccountResponse};

use crate::{
    builder_macros::{options, timeouts},
    client::Codex,
    error::Result,
    mode::Async,
    request_builder::RequestBuilder,
};

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

    pub(crate) async fn perform(self) -> Result<GetAccountResponse> {
        self.request.perform().await
    }
}
