//! Unions of strings and objects of one key, and unions that differ in shape only.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error, MapAccess, Visitor},
};
use serde_json::{Map, Value};

use super::BorrowedStr;

/// A union whose variants are words, or objects with one key that names the variant.
pub(crate) trait Mixed: Sized {
    /// Name of the Rust type, for errors.
    const NAME: &'static str;

    /// The variant of a word, if it is known.
    fn word(word: &str) -> Option<Self>;

    /// Reads the variant of a key, if it is known.
    fn keyed<'de, A: MapAccess<'de>>(key: &str, map: &mut A) -> Result<Option<Self>, A::Error>;

    /// Keeps what is not known.
    fn unrecognized(value: Value) -> Self;
}

/// Reads a mixed union.
pub(crate) struct MixedVisitor<T>(pub(crate) std::marker::PhantomData<T>);

impl<'de, T: Mixed> Visitor<'de> for MixedVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a string or an object ({})", T::NAME)
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<T, E> {
        Ok(T::word(word).unwrap_or_else(|| T::unrecognized(Value::from(word))))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let mut rest = Map::new();
        if let Some(BorrowedStr(key)) = map.next_key()? {
            let known = T::keyed(&key, &mut map);
            match known.map_err(|error| super::in_field(T::NAME, &key, &error))? {
                Some(value) => {
                    while map
                        .next_entry::<BorrowedStr<'de>, serde::de::IgnoredAny>()?
                        .is_some()
                    {}
                    return Ok(value);
                }
                None => drop(rest.insert(key.into_owned(), map.next_value()?)),
            }
        }
        while let Some((key, value)) = map.next_entry()? {
            rest.insert(key, value);
        }
        Ok(T::unrecognized(Value::Object(rest)))
    }
}

/// Implements `Serialize` and `Deserialize` for an enum of words and keyed payloads from a table of
/// both, with `Unrecognized(Value)` for the others. A word that comes as a key, or a key that comes as
/// a word, is one of these others: a later version may give a word a body, or take it away.
macro_rules! mixed {
    ($name:ident {
        $($word:literal => $unit:ident,)*
        $({ $key:literal: $payload:ty } => $variant:ident,)*
    }) => {
        impl $crate::wire::Mixed for $name {
            const NAME: &'static str = stringify!($name);

            fn word(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$unit),)*
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

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any($crate::wire::MixedVisitor(::std::marker::PhantomData))
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$unit => serializer.serialize_str($word),)*
                    $(Self::$variant(payload) => {
                        let mut map = serializer.serialize_map(Some(1))?;
                        ::serde::ser::SerializeMap::serialize_entry(&mut map, $key, payload)?;
                        ::serde::ser::SerializeMap::end(map)
                    })*
                    Self::Unrecognized(value) => value.serialize(serializer),
                }
            }
        }
    };
}

/// One try of an untagged union: the value, or why it does not fit.
pub(crate) fn fit<T: DeserializeOwned>(
    json: &str,
    variant: &str,
    misfits: &mut String,
) -> Option<T> {
    use fmt::Write as _;

    match serde_json::from_str(json) {
        Ok(value) => Some(value),
        Err(error) => {
            // Writing to a string cannot fail.
            let _ = write!(misfits, "; not {variant}: {error}");
            None
        }
    }
}

/// The JSON text of a value that is to be tried as several types.
pub(crate) fn text_of<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Value::deserialize(deserializer).map(|value| value.to_string())
}

/// Implements `Serialize` and `Deserialize` for an enum whose variants differ in shape only. They
/// are tried in the order of the table.
macro_rules! untagged {
    ($name:ident { $($variant:ident($type:ty)),* $(,)? }) => {
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let json = $crate::wire::text_of(deserializer)?;
                let mut misfits = String::new();
                $(if let Some(value) =
                    $crate::wire::fit::<$type>(&json, stringify!($variant), &mut misfits)
                {
                    return Ok(Self::$variant(value));
                })*
                Err(::serde::de::Error::custom(format_args!(
                    "{}: no variant fits{misfits}",
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

        $(impl From<$type> for $name {
            fn from(value: $type) -> Self {
                Self::$variant(value)
            }
        })*
    };
}

pub(crate) use {mixed, untagged};
