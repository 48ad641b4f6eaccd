//! Lists that the server hands out page by page, as one stream.

use std::{
    collections::VecDeque,
    fmt,
    future::poll_fn,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use codex_types::{
    AppInfo, ExperimentalFeature, McpServerStatus, Model, PermissionProfileSummary,
    PluginSearchResult, Project, QueuedSubmission, RemoteControlClient, Request, Thread,
    ThreadAttachment, ThreadAttachmentOwner, ThreadSearchOccurrence, ThreadSearchResult,
    ThreadTimelineEntry, Turn,
};
use futures_core::Stream;

use crate::{
    blocking,
    builder_macros::BoxFuture,
    error::Result,
    mode::{Async, Blocking},
    request_builder::RequestBuilder,
};

/// The params of a method that answers with one page of a list and a cursor for the next one.
pub trait Paged: Request + Send + Sync + 'static {
    /// What the list is of.
    type Item: Send + 'static;

    /// The same list, behind this cursor.
    #[must_use]
    fn after(self, cursor: String) -> Self;

    /// What a page has, and the cursor for the next one if there is one.
    fn page(response: Self::Response) -> (Vec<Self::Item>, Option<String>);
}

/// All that a list has, page after page: a [`Stream`], or an iterator in blocking code. The next page
/// is asked for when the last one is used up.
///
/// It ends with the list, or with the first error.
#[must_use = "nothing is sent until it is read"]
pub struct Pages<R: Paged, M = Async> {
    next: Next<R, M>,
    page: VecDeque<R::Item>,
}

/// Where the next page comes from.
enum Next<R: Paged, M> {
    Ask(RequestBuilder<R, M>),
    Asking(BoxFuture<Asked<R, M>>),
    End,
}

/// A call and what came of it.
type Asked<R, M> = (RequestBuilder<R, M>, Result<<R as Request>::Response>);

impl<R: Paged, M> Pages<R, M> {
    pub(crate) fn new(request: RequestBuilder<R, M>) -> Self {
        Self {
            next: Next::Ask(request),
            page: VecDeque::new(),
        }
    }
}

impl<R: Paged, M: 'static> Pages<R, M> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<R::Item>>> {
        loop {
            if let Some(item) = self.page.pop_front() {
                return Poll::Ready(Some(Ok(item)));
            }
            match mem::replace(&mut self.next, Next::End) {
                Next::End => return Poll::Ready(None),
                Next::Ask(request) => {
                    self.next = Next::Asking(Box::pin(async {
                        let response = request.perform().await;
                        (request, response)
                    }));
                }
                Next::Asking(mut asking) => {
                    let Poll::Ready((request, response)) = asking.as_mut().poll(context) else {
                        self.next = Next::Asking(asking);
                        return Poll::Pending;
                    };
                    let (items, cursor) = R::page(response?);
                    self.page.extend(items);
                    if let Some(cursor) = cursor {
                        self.next = Next::Ask(request.params(|params| params.after(cursor)));
                    }
                }
            }
        }
    }
}

impl<R: Paged> Pages<R> {
    /// The next one; `None` after the last one. May be cancelled without losing any.
    pub async fn next(&mut self) -> Option<Result<R::Item>> {
        poll_fn(|context| self.poll(context)).await
    }
}

impl<R: Paged> Stream for Pages<R> {
    type Item = Result<R::Item>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(context)
    }
}

impl<R: Paged> Iterator for Pages<R, Blocking> {
    type Item = Result<R::Item>;

    fn next(&mut self) -> Option<Self::Item> {
        if matches!(self.next, Next::End) && self.page.is_empty() {
            return None;
        }
        // It ends with its first error of any kind, so there is nothing to remember.
        let next = blocking::next(&mut false, |context| self.poll(context));
        if let Some(Err(_)) = next {
            self.next = Next::End;
        }
        next
    }
}

// Nothing in it is pinned: the future is in a box of its own.
impl<R: Paged, M> Unpin for Pages<R, M> {}

impl<R: Paged, M> fmt::Debug for Pages<R, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("method", &R::METHOD)
            .field("unread", &self.page.len())
            .finish_non_exhaustive()
    }
}

/// The methods that have a cursor in their params, and `data` and a cursor in their answer.
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
