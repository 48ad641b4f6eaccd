//! How the protocol's types are read and written.
//!
//! The generated files say *what* is on the wire, in one table per type; the macros of this module
//! say *how* such a table is read and written. They take the place of serde's derives for three
//! reasons: unknown and malformed values are told apart, an error names the type and the field, and
//! the crate compiles several times faster.

mod borrowed;
mod fields;
mod object;

pub(crate) use borrowed::BorrowedStr;
pub(crate) use fields::{Fields, Object, ObjectVisitor};
pub(crate) use object::{object, object_finish, object_read, object_write};
