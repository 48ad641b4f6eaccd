//! Unions of strings and single-key objects, and untagged unions.

use std::fmt;

use serde_json::{Map, Value};

use super::{
    mode::{Mode, in_mode, mode, refuses_unknown},
    readable::{Readable, from_json, read_value},
    source::{Entries, Read, Source, Stop, TextOrObject},
};
use crate::redact::{shown_name, without_values};

/// A union whose variants are strings, or objects with a single key that names the variant.
pub(crate) trait Mixed: Sized {
    /// The name of the Rust type, for errors.
    const NAME: &'static str;
    /// Whether the schema lists all values.
    const COMPLETE: bool;

    /// Returns the variant for a string, if known.
    fn from_string(text: &str) -> Option<Self>;

    /// Reads the variant for a key, if known.
    fn keyed(key: &str, entries: &mut dyn Entries<'_>) -> Read<Option<Self>>;

    /// Keeps an unknown value.
    fn unrecognized(value: Value) -> Self;
}

/// Reads a mixed union.
pub(crate) fn read_mixed<T: Mixed>(source: &mut dyn Source<'_>) -> Read<T> {
    let mut union = Union { value: None };
    source.text_or_object(T::NAME, &mut union)?;
    union.value.ok_or(Stop)
}

/// Reads the value of the key that was returned last.
pub(crate) fn entry_value<T: Readable>(entries: &mut dyn Entries<'_>) -> Read<T> {
    let mut value = None;
    entries.value(&mut |source| {
        value = Some(read_value::<T>(source)?);
        Ok(())
    })?;
    value.ok_or(Stop)
}

struct Union<T> {
    value: Option<T>,
}

impl<'de, T: Mixed> TextOrObject<'de> for Union<T> {
    fn text(&mut self, text: &str) -> bool {
        self.value = match T::from_string(text) {
            None if T::COMPLETE && refuses_unknown() => None,
            None => Some(T::unrecognized(Value::from(text))),
            value => value,
        };
        self.value.is_some()
    }

    fn object(&mut self, entries: &mut dyn Entries<'de>) -> Read<()> {
        let refuses = T::COMPLETE && refuses_unknown();
        let mut rest = Map::new();
        if let Some(key) = entries.next_key()? {
            let known = T::keyed(&key, entries);
            match known.inspect_err(|Stop| entries.in_field(T::NAME, &key))? {
                Some(value) => {
                    while let Some(other) = entries.next_key()? {
                        entries.skip()?;
                        if refuses {
                            return Err(unknown(entries, T::NAME, &other));
                        }
                    }
                    self.value = Some(value);
                    return Ok(());
                }
                None if refuses => return Err(unknown(entries, T::NAME, &key)),
                None => drop(rest.insert(key.into_owned(), entry_value(entries)?)),
            }
        }
        while let Some(key) = entries.next_key()? {
            rest.insert(key.into_owned(), entry_value(entries)?);
        }
        if rest.is_empty() && refuses {
            return Err(unknown(entries, T::NAME, ""));
        }
        self.value = Some(T::unrecognized(Value::Object(rest)));
        Ok(())
    }
}

#[cold]
fn unknown(entries: &mut dyn Entries<'_>, name: &str, value: &str) -> Stop {
    let value = shown_name(value);
    entries.fail(format_args!("{name}: unknown value `{value}`"))
}

/// Implements `Serialize` and `Deserialize` for an enum of strings and keyed payloads from a table
/// of both, with `Unrecognized(Value)` for all other values. A known string as a key, or a known
/// key as a string, is unrecognized too: a later version may add a payload to a string, or remove
/// it. `partial` before the name says that the schema accepts values that are not in the table.
macro_rules! mixed {
    (partial $name:ident { $($body:tt)* }) => {
        $crate::wire::mixed!(@impl $name [false] { $($body)* });
    };
    ($name:ident { $($body:tt)* }) => {
        $crate::wire::mixed!(@impl $name [true] { $($body)* });
    };
    (@impl $name:ident [$complete:literal] {
        $($string:literal => $unit:ident,)*
        $({ $key:literal: $payload:ty } => $variant:ident,)*
    }) => {
        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self {
                    $(Self::$unit => f.write_str(stringify!($unit)),)*
                    $(Self::$variant(payload) => {
                        f.debug_tuple(stringify!($variant)).field(payload).finish()
                    })*
                    Self::Unrecognized(value) => {
                        $crate::wire::unrecognized_debug(f, "", Some(value))
                    }
                }
            }
        }

        impl $crate::wire::Mixed for $name {
            const NAME: &'static str = stringify!($name);
            const COMPLETE: bool = $complete;

            fn from_string(text: &str) -> Option<Self> {
                match text {
                    $($string => Some(Self::$unit),)*
                    _ => None,
                }
            }

            #[inline]
            fn keyed(
                key: &str,
                entries: &mut dyn $crate::wire::Entries<'_>,
            ) -> $crate::wire::Read<Option<Self>> {
                Ok(match key {
                    $($key => Some(Self::$variant(
                        $crate::wire::entry_value::<$payload>(entries)?.into(),
                    )),)*
                    _ => None,
                })
            }

            fn unrecognized(value: ::serde_json::Value) -> Self {
                Self::Unrecognized(value)
            }
        }

        impl $crate::wire::Readable for $name {
            #[inline]
            fn read<'de>(
                source: &mut dyn $crate::wire::Source<'de>,
            ) -> $crate::wire::Read<Self> {
                $crate::wire::read_mixed(source)
            }

            #[inline]
            fn absent() -> Option<Self> {
                Some(Self::Unrecognized(::serde_json::Value::Null))
            }

            #[inline]
            fn unreadable(_field: &str, json: &str) -> Option<Self> {
                ::serde_json::from_str(json).ok().map(Self::Unrecognized)
            }
        }

        $crate::wire::deserialize!($name);

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$unit => serializer.serialize_str($string),)*
                    $(Self::$variant(payload) => {
                        let mut map = serializer.serialize_map(Some(1))?;
                        ::serde::ser::SerializeMap::serialize_entry(&mut map, $key, payload)?;
                        ::serde::ser::SerializeMap::end(map)
                    })*
                    Self::Unrecognized(value) => value.serialize(serializer),
                }
            }
        }

        $crate::wire::schema! { $name, generator => $crate::wire::schema::mixed(
            &[$($string),*],
            vec![$(($key, generator.subschema_for::<$payload>())),*],
        ) }
    };
}

/// Tries to decode a variant of an untagged union; adds the reason to `errors` if it does not
/// match.
pub(crate) fn try_variant<T: Readable>(
    json: &str,
    variant: &str,
    errors: &mut String,
) -> Option<T> {
    use fmt::Write as _;

    // Every variant would match without its required fields.
    let mode = match mode() {
        Mode::Strict => Mode::Strict,
        _ => Mode::Complete,
    };
    match in_mode(mode, || from_json(json)) {
        Ok(value) => Some(value),
        Err(error) => {
            // Writing to a string cannot fail.
            let _ = write!(errors, "; not {variant}: {}", without_values(&error));
            None
        }
    }
}

/// Implements `Serialize` and `Deserialize` for an untagged enum. Decoding tries the variants in
/// the order of the table.
macro_rules! untagged {
    ($name:ident { $($variant:ident($type:ty)),* $(,)? }) => {
        impl $crate::wire::Readable for $name {
            #[inline]
            fn read<'de>(
                source: &mut dyn $crate::wire::Source<'de>,
            ) -> $crate::wire::Read<Self> {
                let json = source.value()?.to_string();
                let mut errors = String::new();
                $(if let Some(value) =
                    $crate::wire::try_variant::<$type>(&json, stringify!($variant), &mut errors)
                {
                    return Ok(Self::$variant(value));
                })*
                Err(source.fail(format_args!(
                    "{}: no variant matches{errors}",
                    stringify!($name),
                )))
            }

            #[inline]
            fn absent() -> Option<Self> {
                None
            }
        }

        $crate::wire::deserialize!($name);

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(value) => value.serialize(serializer),)*
                }
            }
        }

        $crate::wire::schema! { $name, generator => $crate::wire::schema::untagged(
            &[$(generator.subschema_for::<$type>()),*]
        ) }

        $(impl From<$type> for $name {
            fn from(value: $type) -> Self {
                Self::$variant(value)
            }
        })*
    };
}

pub(crate) use {mixed, untagged};
