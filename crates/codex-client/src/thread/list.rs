//! Lists saved threads.

use codex_types::{
    SortDirection, ThreadListParams, ThreadListResponse, ThreadSortKey, ThreadSourceKind,
};

use crate::{
    builder_macros::{options, timeouts},
    client::Codex,
    error::Result,
    mode::Async,
    pages::{Cursor, Pages},
    request_builder::RequestBuilder,
    thread::directories::Directories,
};

/// A request for the list of saved threads (`thread/list`), returned by [`Codex::thread_list`].
///
/// `send` and `.await` return one page. [`stream`](Self::stream) yields all threads.
///
/// ```no_run
/// use codex_client::{Codex, Result};
///
/// async fn example(codex: &Codex) -> Result<()> {
///     let mut threads = codex.thread_list().archived(true).search_term("parser").stream();
///     while let Some(thread) = threads.next().await {
///         let thread = thread?;
///         println!("{} {}", thread.id, thread.name.as_deref().unwrap_or("(no name)"));
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug)]
#[must_use = "nothing is sent until this is awaited or `send` is called"]
pub struct ThreadListBuilder<M = Async> {
    request: RequestBuilder<ThreadListParams, M>,
}

impl<M> ThreadListBuilder<M> {
    pub(crate) fn new(codex: &Codex) -> Self {
        Self {
            request: RequestBuilder::new(codex, ThreadListParams::default()),
        }
    }

    options! { ThreadListParams {
        /// Lists only descendants of this thread, at any depth. This filter cannot be combined with
        /// [`parent_thread_id`](Self::parent_thread_id). Experimental.
        ancestor_thread_id: String;
        /// Sets whether to list the archived threads instead of the unarchived ones.
        archived: bool;
        /// Lists only threads that are attached to this one. Attached threads are otherwise left
        /// out. Experimental.
        attached_to_thread_id: String;
        /// Sets whether to list only threads that the current ChatGPT account may see.
        current_account_only: bool;
        /// Leaves out these threads. There may be at most 100 of them.
        excluded_thread_ids: [String];
        /// Sets whether a search includes threads that are attached to other threads. Experimental.
        include_attached_threads: bool;
        /// Sets the maximum number of threads on a page.
        limit: u32;
        /// Lists only threads that use these model providers. An empty list selects all providers.
        model_providers: [String];
        /// Lists only threads created by these originators. Local servers refuse this filter.
        originators: [String];
        /// Lists only the direct children of this thread. Experimental.
        parent_thread_id: String;
        /// Lists only threads in this project. Experimental.
        project_id: String;
        /// Lists only threads whose title contains this text.
        search_term: String;
        /// Lists only threads in this section.
        section_id: String;
        /// Sets the sort direction. The default is newest first.
        sort_direction: SortDirection;
        /// Sets the sort key. The default is the time of creation.
        sort_key: ThreadSortKey;
        /// Lists only threads from these sources. The default is all interactive sources.
        source_kinds: [ThreadSourceKind];
        /// Sets whether the server reads only its database, without scanning the session files.
        use_state_db_only: bool;
    } }

    /// Lists only threads in these working directories: a path, or a list of paths.
    ///
    /// A path that is not valid Unicode cannot be sent and makes the request fail with
    /// [`InvalidInput`](crate::Error::InvalidInput).
    pub fn cwd(mut self, cwd: impl Into<Directories>) -> Self {
        match cwd.into().0 {
            Ok(filter) => self.params(|params| params.cwd(filter)),
            Err(error) => {
                self.request = self.request.fail(error);
                self
            }
        }
    }

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

    /// Streams the threads, page by page, beginning at the [`cursor`](Self::cursor).
    /// [`limit`](Self::limit) sets the size of a page.
    pub fn stream(self) -> Pages<ThreadListParams, M> {
        self.request.stream()
    }

    pub(crate) async fn execute(self) -> Result<ThreadListResponse> {
        self.request.execute().await
    }
}
