//! Unions of strings and single-key objects, and untagged unions.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error, MapAccess, Visitor},
};
use serde_json::{Map, Value};

use super::{
    BorrowedStr,
    mode::{Mode, in_mode, mode, refuses_unknown},
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
    fn keyed<'de, A: MapAccess<'de>>(key: &str, map: &mut A) -> Result<Option<Self>, A::Error>;

    /// Keeps an unknown value.
    fn unrecognized(value: Value) -> Self;
}

/// Reads a mixed union.
pub(crate) struct MixedVisitor<T>(pub(crate) std::marker::PhantomData<T>);

impl<'de, T: Mixed> Visitor<'de> for MixedVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a string or an object ({})", T::NAME)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        match T::from_string(text) {
            Some(value) => Ok(value),
            None if T::COMPLETE && refuses_unknown() => Err(unknown(T::NAME, text)),
            None => Ok(T::unrecognized(Value::from(text))),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let mut rest = Map::new();
        if let Some(BorrowedStr(key)) = map.next_key()? {
            let known = T::keyed(&key, &mut map);
            match known.map_err(|error| super::in_field(T::NAME, &key, &error))? {
                Some(value) => {
                    while let Some((BorrowedStr(other), serde::de::IgnoredAny)) =
                        map.next_entry()?
                    {
                        if T::COMPLETE && refuses_unknown() {
                            return Err(unknown(T::NAME, &other));
                        }
                    }
                    return Ok(value);
                }
                None if T::COMPLETE && refuses_unknown() => return Err(unknown(T::NAME, &key)),
                None => drop(rest.insert(key.into_owned(), map.next_value()?)),
            }
        }
        while let Some((key, value)) = map.next_entry()? {
            rest.insert(key, value);
        }
        match rest.is_empty() && T::COMPLETE && refuses_unknown() {
            true => Err(unknown(T::NAME, "")),
            false => Ok(T::unrecognized(Value::Object(rest))),
        }
    }
}

#[cold]
fn unknown<E: Error>(name: &str, value: &str) -> E {
    let value = shown_name(value);
    E::custom(format_args!("{name}: unknown value `{value}`"))
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

            fn keyed<'de, A: ::serde::de::MapAccess<'de>>(
                key: &str,
                map: &mut A,
            ) -> Result<Option<Self>, A::Error> {
                Ok(match key {
                    $($key => Some(Self::$variant(map.next_value::<$payload>()?.into())),)*
                    _ => None,
                })
            }

            fn unrecognized(value: ::serde_json::Value) -> Self {
                Self::Unrecognized(value)
            }
        }

        impl $crate::wire::Natural for $name {
            #[inline]
            fn absent() -> Option<Self> {
                Some(Self::Unrecognized(::serde_json::Value::Null))
            }

            #[inline]
            fn unreadable(_field: &str, json: &str) -> Option<Self> {
                ::serde_json::from_str(json).ok().map(Self::Unrecognized)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any($crate::wire::MixedVisitor(::std::marker::PhantomData))
            }
        }

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
pub(crate) fn try_variant<T: DeserializeOwned>(
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
    match in_mode(mode, || serde_json::from_str(json)) {
        Ok(value) => Some(value),
        Err(error) => {
            // Writing to a string cannot fail.
            let _ = write!(errors, "; not {variant}: {}", without_values(&error));
            None
        }
    }
}

/// Returns the JSON text of a value.
pub(crate) fn json_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Value::deserialize(deserializer).map(|value| value.to_string())
}

/// Implements `Serialize` and `Deserialize` for an untagged enum. Decoding tries the variants in
/// the order of the table.
macro_rules! untagged {
    ($name:ident { $($variant:ident($type:ty)),* $(,)? }) => {
        impl $crate::wire::Natural for $name {
            #[inline]
            fn absent() -> Option<Self> {
                None
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let json = $crate::wire::json_text(deserializer)?;
                let mut errors = String::new();
                $(if let Some(value) =
                    $crate::wire::try_variant::<$type>(&json, stringify!($variant), &mut errors)
                {
                    return Ok(Self::$variant(value));
                })*
                Err(::serde::de::Error::custom(format_args!(
                    "{}: no variant matches{errors}",
                    stringify!($name),
                )))
            }
        }

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
