//! Serialisation of the protocol types.
//!
//! The generated files state *what* is on the wire, in one table per type. The macros of this
//! module define *how* such a table is read and written. They replace serde's derives for three
//! reasons: they distinguish unknown values from malformed ones, their errors name the type and the
//! field, and the crate compiles several times faster.

mod any;
mod borrowed;
mod debug;
mod fields;
mod messages;
mod methods;
mod mixed;
pub(crate) mod mode;
mod natural;
mod object;
#[cfg_attr(not(feature = "schema"), allow(unused_imports, unused_macros))]
pub(crate) mod schema;
mod strings;
mod tagged;

#[allow(unused_imports)]
pub(crate) use any::any;
pub(crate) use borrowed::BorrowedStr;
pub(crate) use debug::{redacted, redacted_field, unrecognized_debug, variant_debug};
pub(crate) use fields::{Fields, Object, ObjectVisitor, in_field};
pub(crate) use messages::{
    Message, MessageVisitor, message_decode, message_read, message_write, messages, no_params,
    params, unknown,
};
pub use messages::{ParamsError, UnrecognizedMessage};
pub(crate) use methods::{requests, server_calls};
pub(crate) use mixed::{Mixed, MixedVisitor, json_text, mixed, try_variant, untagged};
pub(crate) use natural::Natural;
#[allow(unused_imports)]
pub(crate) use object::{object, object_finish, object_others, object_read, object_write};
pub(crate) use schema::schema;
pub(crate) use strings::{StrVisitor, as_string, string_newtype, strings, unlisted};
pub(crate) use tagged::{
    Tagged, TaggedVisitor, string_at, tagged, tagged_body, tagged_from, tagged_read, tagged_write,
    unrecognized,
};
