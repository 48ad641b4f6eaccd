//! Values that are read, of any deserializer, as trait objects.
//!
//! `Deserialize::deserialize` is generic, so serde compiles the reader of a type again for each
//! deserializer: a map, an element of a list and a buffered value are three. The types of this
//! crate are read through these traits instead. Only the adapters of `erased` depend on the
//! deserializer. An adapter keeps the error of its deserializer, so that errors pass through
//! unchanged.

use std::{borrow::Cow, fmt};

use serde_json::{Map, Number, Value, value::RawValue};

/// Reading failed; the adapter of the deserializer has the error.
#[derive(Debug)]
pub(crate) struct Stop;

/// The result of reading.
pub(crate) type Read<T> = Result<T, Stop>;

/// Reads a value from a source.
pub(crate) type ReadValue<'a, 'de> = &'a mut dyn FnMut(&mut dyn Source<'de>) -> Read<()>;

/// Reads the entries of an object.
pub(crate) type ReadEntries<'a, 'de> = &'a mut dyn FnMut(&mut dyn Entries<'de>) -> Read<()>;

/// A number or a boolean that is read.
pub(crate) enum Primitive<'a> {
    Bool(&'a mut bool),
    I32(&'a mut i32),
    I64(&'a mut i64),
    U16(&'a mut u16),
    U32(&'a mut u32),
    U64(&'a mut u64),
}

/// An integer or a string.
pub(crate) enum Scalar {
    Integer(i64),
    Text(String),
}

/// A value that has not been read yet. One method may be called, once.
pub(crate) trait Source<'de> {
    fn primitive(&mut self, into: Primitive<'_>) -> Read<()>;

    fn string(&mut self) -> Read<String>;

    /// Reads an integer or a string. `expecting` describes them, for errors.
    fn scalar(&mut self, expecting: &'static str) -> Read<Scalar>;

    /// Reads a string and converts it. `convert` returns whether it knows the string.
    fn text(&mut self, name: &'static str, convert: &mut dyn FnMut(&str) -> bool) -> Read<()>;

    /// Reads a string, or an object. The first function returns whether it knows the string.
    fn text_or_object(&mut self, name: &'static str, union: &mut dyn TextOrObject<'de>)
    -> Read<()>;

    /// Reads an object. `expecting` describes it, for errors.
    fn object(&mut self, expecting: &dyn fmt::Display, read: ReadEntries<'_, 'de>) -> Read<()>;

    /// Reads each element of a list.
    fn list(&mut self, each: ReadValue<'_, 'de>) -> Read<()>;

    /// Reads a value unless it is `null`. Returns whether it is a value.
    fn option(&mut self, some: ReadValue<'_, 'de>) -> Read<bool>;

    /// Reads `null`.
    fn unit(&mut self) -> Read<()>;

    fn value(&mut self) -> Read<Value>;

    fn number(&mut self) -> Read<Number>;

    fn map(&mut self) -> Read<Map<String, Value>>;

    /// Reads the JSON text of the value.
    fn raw(&mut self) -> Read<Box<RawValue>>;

    /// Fails with a message.
    fn fail(&mut self, message: fmt::Arguments<'_>) -> Stop;
}

/// A union of strings and objects, while it is read.
pub(crate) trait TextOrObject<'de> {
    /// Reads a string. Returns whether it is known.
    fn text(&mut self, text: &str) -> bool;

    fn object(&mut self, entries: &mut dyn Entries<'de>) -> Read<()>;
}

/// The remaining entries of an object.
pub(crate) trait Entries<'de> {
    /// Returns the next key. The caller must then call `value` or `skip`.
    fn next_key(&mut self) -> Read<Option<Cow<'de, str>>>;

    /// Reads the value of the key returned last.
    fn value(&mut self, read: ReadValue<'_, 'de>) -> Read<()>;

    /// Reads the value of the key returned last as a string.
    fn text(&mut self) -> Read<Cow<'de, str>>;

    /// Skips the value of the key returned last.
    fn skip(&mut self) -> Read<()>;

    /// Adds the type and key to the error of a value.
    fn in_field(&mut self, name: &str, key: &str);

    /// Takes the error of a value, as text that does not quote the value.
    fn reason(&mut self) -> String;

    /// Fails with a message.
    fn fail(&mut self, message: fmt::Arguments<'_>) -> Stop;
}
