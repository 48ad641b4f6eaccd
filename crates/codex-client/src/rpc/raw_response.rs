//! Successful responses as received: located but not decoded.

use std::ops::Range;

use codex_types::Request;

use crate::{
    error::{Error, decode_error::DecodeError},
    rpc::{decode_around::decode_around, line_text::OwnedText},
};

/// A successful response, still in the form of its text.
pub(crate) struct RawResponse {
    text: OwnedText,
    result: Range<usize>,
}

impl RawResponse {
    /// `result` is the range of the result within the message.
    pub(crate) fn new(text: OwnedText, result: Range<usize>) -> Self {
        Self { text, result }
    }

    /// Returns the JSON of the result.
    pub(crate) fn result(&self) -> &str {
        &self.text[self.result.clone()]
    }

    /// Decodes the result as the response of `R`. Errors for parts that cannot be read are added to
    /// `unreadable`.
    pub(crate) fn decode<R: Request>(
        &self,
        unreadable: &mut Vec<DecodeError>,
    ) -> Result<R::Response, DecodeError> {
        let result = self.result();
        let decode = || serde_json::from_str(result);
        decode_around(R::METHOD, result, decode, unreadable)
    }

    /// Returns the error for a result that can be decoded but lacks a value that the caller needs.
    pub(crate) fn lacks<R: Request>(&self, reason: &str) -> Error {
        DecodeError::at(Some(R::METHOD), self.result(), reason, 0).into()
    }
}
