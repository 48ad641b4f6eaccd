//! The list of saved threads.

use codex_types::{
    SortDirection, ThreadListParams, ThreadListResponse, ThreadSortKey, ThreadSourceKind,
};

use crate::{
    builder_macros::{options, timeouts},
    client::Codex,
    error::Result,
    mode::Async,
    pages::Pages,
    request_builder::RequestBuilder,
    thread::directories::Directories,
};

/// Lists saved threads (`thread/list`); `.await` or `send` gets one page,
/// [`stream`](Self::stream) all of them. From [`Codex::thread_list`].
///
/// ```no_run
/// # async fn example(codex: codex_client::Codex) -> codex_client::Result<()> {
/// let mut threads = codex.thread_list().archived(true).search_term("parser").stream();
/// while let Some(thread) = threads.next().await {
///     let thread = thread?;
///     println!("{} {}", thread.id, thread.name.as_deref().unwrap_or("(no name)"));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited, or `send` is called"]
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
        /// Only threads that descend from this one, at any depth. Not together with
        /// [`parent_thread_id`](Self::parent_thread_id). Experimental.
        ancestor_thread_id: String;
        /// Whether to list archived threads instead of the others.
        archived: bool;
        /// Only threads that are attached to this one, which other lists leave out. Experimental.
        attached_to_thread_id: String;
        /// Whether to list only what the current ChatGPT account may see.
        current_account_only: bool;
        /// Where to begin: the `next_cursor` of another page.
        cursor: String;
        /// All but these threads, which are 100 at most.
        excluded_thread_ids: [String];
        /// Whether a search also finds threads that are attached to others. Experimental.
        include_attached_threads: bool;
        /// How many threads a page has at most.
        limit: u32;
        /// Only threads of these providers; of all of them when empty.
        model_providers: [String];
        /// Only threads of these originators. Servers on this machine refuse it.
        originators: [String];
        /// Only children of this thread. Experimental.
        parent_thread_id: String;
        /// Only threads of this project. Experimental.
        project_id: String;
        /// Only threads whose title contains this.
        search_term: String;
        /// Only threads of this section.
        section_id: String;
        /// Newest first, which is the default, or oldest first.
        sort_direction: SortDirection;
        /// What the order is by; the time of creation by default.
        sort_key: ThreadSortKey;
        /// Only threads that were started by these; by default those that a user talks in.
        source_kinds: [ThreadSourceKind];
        /// Whether to answer from the server's database alone, without looking into the files.
        use_state_db_only: bool;
    } }

    /// Only threads of this working directory, or of these: a path, or a list of paths.
    ///
    /// A path that is not Unicode cannot be sent: the request then is an
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

    timeouts!();

    /// All threads that are found, page after page, from the [`cursor`](Self::cursor) on.
    /// [`limit`](Self::limit) is the size of a page.
    pub fn stream(self) -> Pages<ThreadListParams, M> {
        self.request.stream()
    }

    pub(crate) async fn perform(self) -> Result<ThreadListResponse> {
        self.request.perform().await
    }
}
