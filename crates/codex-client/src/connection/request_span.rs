//! The spans of requests.

use std::borrow::Cow;

use codex_types::Request;

use crate::{
    error::{Error, Result},
    rpc::envelope::{self, RoutingKeys},
    telemetry::Span,
};

/// The span of a request, from the call to its response. If it is dropped before, its caller is gone.
pub(crate) struct RequestSpan(Span);

impl RequestSpan {
    pub(crate) fn start<R: Request>(params: &R) -> Self {
        Self(Span::request(R::METHOD, || ids(params)))
    }

    /// Ends the span with the outcome of the request.
    pub(crate) fn end<T>(mut self, response: &Result<T>) {
        self.0.end(match response {
            Ok(_) => "ok",
            Err(Error::Rpc(_)) => "error",
            Err(Error::Timeout { .. }) => "timeout",
            Err(Error::Closed(_)) => "closed",
            Err(_) => "unreadable",
        });
    }
}

/// Returns the ids of the thread and of the turn that a request names.
fn ids<R: Request>(params: &R) -> (Option<String>, Option<String>) {
    let params = serde_json::to_string(params).unwrap_or_default();
    let keys = envelope::result_keys(&params).map(RoutingKeys::into_owned);
    let id = |id: Option<Cow<'static, str>>| id.map(Cow::into_owned);
    keys.map_or((None, None), |keys| (id(keys.thread_id), id(keys.turn_id)))
}
