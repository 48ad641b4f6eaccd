//! Lists that the server returns page by page.

use std::{
    borrow::Cow,
    collections::VecDeque,
    fmt, mem,
    task::{Context, Poll},
};

use codex_types::{
    AppInfo, ExperimentalFeature, McpServerStatus, Model, PermissionProfileSummary,
    PluginSearchResult, Project, QueuedSubmission, RemoteControlClient, Request, Thread,
    ThreadAttachment, ThreadAttachmentOwner, ThreadSearchOccurrence, ThreadSearchResult,
    ThreadTimelineEntry, Turn,
};

use crate::{
    error::{Error, Result, decode_error::DecodeError},
    future::BoxFuture,
    mode::Async,
    request_builder::RequestBuilder,
    stream::stream,
};

/// The params of a method that responds with one page of a list and a cursor for the next page.
pub trait Paged: Request + Send + Sync + 'static {
    /// The items of the list.
    type Item: Send + 'static;

    /// Sets the cursor after which the page begins.
    #[must_use]
    fn after(self, cursor: String) -> Self;

    /// Splits a response into its items and the cursor of the next page, if there is one.
    fn page(response: Self::Response) -> (Vec<Self::Item>, Option<String>);
}

/// The cursor at which a page of a list begins, or none for the first page: for
/// [`ThreadListBuilder::cursor`](crate::builder::ThreadListBuilder::cursor) and its siblings. A text
/// is a cursor; so is the `next_cursor` of a response, which need not be there.
///
/// ```no_run
/// use codex_client::{Codex, Result, types::ThreadListResponse};
///
/// // A web handler: the browser sends no cursor for the first page.
/// async fn page(codex: &Codex, cursor: Option<String>) -> Result<ThreadListResponse> {
///     codex.thread_list().limit(20).cursor(cursor).await
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cursor(pub(crate) Option<String>);

/// Implements the conversions from these types of text, with and without an `Option`. A blanket impl
/// for `Into<String>` would overlap with the one for an `Option`.
macro_rules! from_texts {
    ($($text:ty),*) => {$(
        impl From<$text> for Cursor {
            fn from(cursor: $text) -> Self {
                Self(Some(cursor.into()))
            }
        }

        impl From<Option<$text>> for Cursor {
            fn from(cursor: Option<$text>) -> Self {
                Self(cursor.map(Into::into))
            }
        }
    )*};
}

from_texts!(String, &String, &str, Box<str>, Cow<'_, str>);

/// The items of a list, page by page: a `Stream`, or an iterator in blocking code, returned by
/// [`RequestBuilder::stream`] and the `stream` methods of the list builders.
///
/// The next page is requested when all items of the previous one have been read. The stream ends
/// after the last item of the list or after the first error. A cursor that repeats is an error
/// ([`Decode`](crate::Error::Decode)), since the list would have no end.
#[must_use = "nothing is sent until this is read"]
pub struct Pages<R: Paged, M = Async> {
    next: Next<R, M>,
    page: VecDeque<R::Item>,
    cycle: CycleDetector,
}

/// Detects cursors that repeat, which make a list endless. Keeps only one cursor and replaces it at
/// growing distances (Brent's algorithm).
#[derive(Default)]
struct CycleDetector {
    kept: Option<String>,
    since: u64,
    until: u64,
}

impl CycleDetector {
    /// Returns whether the cursor repeats.
    fn repeats(&mut self, cursor: &str) -> bool {
        if self.kept.as_deref() == Some(cursor) {
            return true;
        }
        self.since += 1;
        if self.since > self.until {
            self.kept = Some(cursor.to_owned());
            self.until = self.since * 2;
            self.since = 0;
        }
        false
    }
}

/// The source of the next page.
enum Next<R: Paged, M> {
    Request(RequestBuilder<R, M>),
    Pending(BoxFuture<Completed<R, M>>),
    /// An error that follows the items of the current page.
    Failed(Error),
    End,
}

/// A request and its result.
type Completed<R, M> = (RequestBuilder<R, M>, Result<<R as Request>::Response>);

impl<R: Paged, M> Pages<R, M> {
    pub(crate) fn new(request: RequestBuilder<R, M>) -> Self {
        Self {
            next: Next::Request(request),
            page: VecDeque::new(),
            cycle: CycleDetector::default(),
        }
    }
}

/// Used by the iterator of the blocking API.
#[cfg(feature = "blocking")]
impl<R: Paged, M> Pages<R, M> {
    /// Returns whether no further items follow.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.next, Next::End) && self.page.is_empty()
    }

    /// Ends the list after the items of the current page.
    pub(crate) fn end(&mut self) {
        self.next = Next::End;
    }
}

impl<R: Paged, M: 'static> Pages<R, M> {
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<R::Item>>> {
        loop {
            if let Some(item) = self.page.pop_front() {
                return Poll::Ready(Some(Ok(item)));
            }
            match mem::replace(&mut self.next, Next::End) {
                Next::End => return Poll::Ready(None),
                Next::Failed(error) => return Poll::Ready(Some(Err(error))),
                Next::Request(request) => {
                    self.next = Next::Pending(Box::pin(async {
                        let response = request.execute().await;
                        (request, response)
                    }));
                }
                Next::Pending(mut pending) => {
                    let Poll::Ready((request, response)) = pending.as_mut().poll(context) else {
                        self.next = Next::Pending(pending);
                        return Poll::Pending;
                    };
                    let (items, cursor) = R::page(response?);
                    self.page.extend(items);
                    if let Some(cursor) = cursor {
                        if self.cycle.repeats(&cursor) {
                            let reason =
                                "the cursor of the next page repeats, so the list is endless";
                            let error = DecodeError::without_text(Some(R::METHOD), reason);
                            self.next = Next::Failed(error.into());
                            continue;
                        }
                        self.next = Next::Request(request.params(|params| params.after(cursor)));
                    }
                }
            }
        }
    }
}

stream! {
    /// Returns the next item, or `None` after the last one.
    Pages<R: Paged> => Result<R::Item>
}

impl<R: Paged, M> RequestBuilder<R, M> {
    /// Streams the items of the list, page by page, for methods that respond with one page and a
    /// cursor.
    ///
    /// ```no_run
    /// use codex_client::{Codex, Result, protocol::AppsListParams};
    ///
    /// async fn example(codex: &Codex) -> Result<()> {
    ///     let mut apps = codex.request(AppsListParams::default()).stream();
    ///     while let Some(app) = apps.next().await {
    ///         println!("{}", app?.id);
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn stream(self) -> Pages<R, M> {
        Pages::new(self)
    }
}

// Nothing is pinned: the future is boxed.
impl<R: Paged, M> Unpin for Pages<R, M> {}

impl<R: Paged, M> fmt::Debug for Pages<R, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("method", &R::METHOD)
            .field("unread", &self.page.len())
            .finish_non_exhaustive()
    }
}

/// Implements `Paged` for the methods with a cursor in their params, and `data` and a cursor in
/// their response.
macro_rules! paged {
    ($($params:ident => $item:ty;)*) => {$(
        impl Paged for codex_types::$params {
            type Item = $item;

            fn after(self, cursor: String) -> Self {
                self.cursor(cursor)
            }

            fn page(response: Self::Response) -> (Vec<$item>, Option<String>) {
                (response.data, response.next_cursor)
            }
        }
    )*};
}

paged! {
    AppsListParams => AppInfo;
    ExperimentalFeatureListParams => ExperimentalFeature;
    ListMcpServerStatusParams => McpServerStatus;
    ModelListParams => Model;
    PermissionProfileListParams => PermissionProfileSummary;
    PluginSearchParams => PluginSearchResult;
    ProjectListParams => Project;
    RemoteControlClientsListParams => RemoteControlClient;
    ThreadAttachmentListParams => ThreadAttachment;
    ThreadAttachmentOwnerListParams => ThreadAttachmentOwner;
    ThreadListParams => Thread;
    ThreadLoadedListParams => String;
    ThreadQueueListParams => QueuedSubmission;
    ThreadSearchOccurrencesParams => ThreadSearchOccurrence;
    ThreadSearchParams => ThreadSearchResult;
    ThreadTimelineListParams => ThreadTimelineEntry;
    ThreadTurnsListParams => Turn;
}
