//! How the protocol's types are read and written.
//!
//! The generated files say *what* is on the wire, in one table per type; the macros of this module
//! say *how* such a table is read and written. They take the place of serde's derives for three
//! reasons: unknown and malformed values are told apart, an error names the type and the field, and
//! the crate compiles several times faster.

mod borrowed;
mod debug;
mod fields;
mod messages;
mod methods;
mod mixed;
mod object;
mod strings;
mod tagged;

pub(crate) use borrowed::BorrowedStr;
pub(crate) use debug::{redacted, redacted_union, redacted_variant};
pub(crate) use fields::{Fields, Object, ObjectVisitor, in_field};
pub use messages::{DecodeError, UnrecognizedMessage};
pub(crate) use messages::{
    Message, MessageVisitor, message_decode, message_read, message_write, messages, params, unknown,
};
pub(crate) use methods::{requests, server_calls};
pub(crate) use mixed::{Mixed, MixedVisitor, fit, mixed, text_of, untagged};
pub(crate) use object::{object, object_finish, object_read, object_write};
pub(crate) use strings::{StrVisitor, as_string, string_newtype, strings};
pub(crate) use tagged::{
    Tagged, TaggedVisitor, tagged, tagged_body, tagged_from, tagged_read, tagged_write,
    unrecognized,
};

/// A string member of an object that was kept as it came.
pub(crate) fn string_at<'a>(value: &'a serde_json::Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str()
}
