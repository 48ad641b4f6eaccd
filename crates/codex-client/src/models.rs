//! The models that the server offers.

use codex_types::{ModelListParams, ModelListResponse};

use crate::{
    builder_macros::{options, timeouts},
    client::Codex,
    error::Result,
    mode::Async,
    pages::Pages,
    request_builder::RequestBuilder,
};

/// Lists the models (`model/list`); `.await` or `send` gets one page, which on current servers is
/// all of them, [`stream`](Self::stream) surely all. From [`Codex::models`].
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited, or `send` is called"]
pub struct ModelListBuilder<M = Async> {
    request: RequestBuilder<ModelListParams, M>,
}

impl<M> ModelListBuilder<M> {
    pub(crate) fn new(codex: &Codex) -> Self {
        Self {
            request: RequestBuilder::new(codex, ModelListParams::default()),
        }
    }

    options! { ModelListParams {
        /// Where to begin: the `next_cursor` of another page.
        cursor: String;
        /// Whether to list models, too, that a user is not to choose from.
        include_hidden: bool;
        /// How many models a page has at most.
        limit: u32;
        /// The models of this provider, of those in the configuration.
        model_provider: String;
    } }

    timeouts!();

    /// All models, page after page.
    pub fn stream(self) -> Pages<ModelListParams, M> {
        self.request.stream()
    }

    pub(crate) async fn perform(self) -> Result<ModelListResponse> {
        self.request.perform().await
    }
}
