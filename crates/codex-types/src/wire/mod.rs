//! Serialisation of the protocol types.
//!
//! The generated files state *what* is on the wire, in one table per type. The macros of this
//! module define *how* such a table is read and written. They replace serde's derives for three
//! reasons: they distinguish unknown values from malformed ones, their errors name the type and the
//! field, and the crate compiles several times faster.

mod any;
mod borrowed;
mod debug;
mod erased;
mod fields;
mod messages;
mod methods;
mod mixed;
pub(crate) mod mode;
mod object;
mod readable;
#[cfg_attr(not(feature = "schema"), allow(unused_imports, unused_macros))]
pub(crate) mod schema;
mod source;
mod strings;
mod tagged;

#[allow(unused_imports)]
pub(crate) use any::any;
pub(crate) use borrowed::BorrowedStr;
pub(crate) use debug::{redacted, redacted_field, unrecognized_debug, variant_debug};
pub(crate) use fields::{
    Fields, Object, ObjectTable, Others, Place, Rule, read_object, read_place,
};
pub(crate) use messages::{
    Message, message_decode, message_read, message_write, messages, no_params, params,
    read_message, unknown,
};
pub use messages::{ParamsError, UnrecognizedMessage};
pub(crate) use methods::{requests, server_calls};
pub(crate) use mixed::{Mixed, entry_value, mixed, read_mixed, try_variant, untagged};
#[allow(unused_imports)]
pub(crate) use object::{object, object_finish, object_others, object_slot, object_write};
pub(crate) use readable::{Readable, deserialize, from_json, read_with};
pub(crate) use schema::schema;
pub(crate) use source::{Entries, Read, Scalar, Source, Stop};
pub(crate) use strings::{as_string, string_newtype, strings, unlisted};
pub(crate) use tagged::{
    read_tagged, string_at, tagged, tagged_body, tagged_from, tagged_read, tagged_write,
    unrecognized,
};
