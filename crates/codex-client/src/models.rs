//! Lists the models that the server offers.

use codex_types::{ModelListParams, ModelListResponse};

use crate::{
    builder_macros::{options, timeouts},
    client::Codex,
    error::Result,
    mode::Async,
    pages::{Cursor, Pages},
    request_builder::RequestBuilder,
};

/// A request for the list of models (`model/list`), returned by [`Codex::models`].
///
/// `send` and `.await` return one page, which on current servers contains all models.
/// [`stream`](Self::stream) yields all models on any server.
///
/// ```no_run
/// use codex_client::{Codex, Result};
///
/// async fn example(codex: &Codex) -> Result<()> {
///     for model in codex.models().await?.data {
///         println!("{}", model.id);
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug)]
#[must_use = "nothing is sent until this is awaited or `send` is called"]
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
        /// Sets whether the list includes models that are hidden from model pickers.
        include_hidden: bool;
        /// Sets the maximum number of models on a page.
        limit: u32;
        /// Sets the configured provider whose models are listed.
        model_provider: String;
    } }

    /// Sets the cursor at which the page begins: the `next_cursor` of the previous page. `None` is
    /// the first page.
    pub fn cursor(self, cursor: impl Into<Cursor>) -> Self {
        let Cursor(cursor) = cursor.into();
        self.params(|mut params| {
            params.cursor = cursor;
            params
        })
    }

    timeouts!();

    /// Streams all models, page by page.
    pub fn stream(self) -> Pages<ModelListParams, M> {
        self.request.stream()
    }

    pub(crate) async fn execute(self) -> Result<ModelListResponse> {
        self.request.execute().await
    }
}
