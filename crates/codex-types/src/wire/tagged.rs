//! Tagged unions: objects that a tag property distinguishes.

use std::{fmt, marker::PhantomData};

use serde::de::{Error, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::{BorrowedStr, Fields};

/// A tagged union, read from the entries that follow its tag.
pub(crate) trait Tagged: Sized {
    /// The name of the Rust type, for errors.
    const NAME: &'static str;
    /// The name of the tag property.
    const TAG: &'static str;

    /// Reads the variant for a tag; `fields` holds the other entries of the object.
    fn read<'de, A: MapAccess<'de>>(
        tag: &str,
        fields: &mut Fields<'de, A>,
    ) -> Result<Self, A::Error>;
}

/// Reads a tagged union. Decodes straight from the input if the tag is the first entry, as every
/// known server sends it; otherwise buffers the entries that precede the tag.
pub(crate) struct TaggedVisitor<T>(pub(crate) PhantomData<T>);

impl<'de, T: Tagged> Visitor<'de> for TaggedVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with `{}` ({})", T::TAG, T::NAME)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let mut early = Vec::new();
        while let Some(BorrowedStr(key)) = map.next_key()? {
            if key == T::TAG {
                let BorrowedStr(tag) = map
                    .next_value()
                    .map_err(|error| super::in_field(T::NAME, T::TAG, &error))?;
                return T::read(&tag, &mut Fields::new(T::NAME, early, map));
            }
            early.push((key.into_owned(), map.next_value()?));
        }
        Err(A::Error::custom(format_args!(
            "{}: missing field `{}`",
            T::NAME,
            T::TAG
        )))
    }
}

/// Keeps an object with an unknown tag.
pub(crate) fn unrecognized<'de, A: MapAccess<'de>>(
    tag_name: &str,
    tag: &str,
    fields: &mut Fields<'de, A>,
) -> Result<Value, A::Error> {
    if fields.refuses_unknown() {
        return fields.refuse_tag(tag);
    }
    let mut object = Map::new();
    object.insert(tag_name.to_owned(), Value::from(tag));
    fields.rest(&mut object)?;
    Ok(Value::Object(object))
}

/// Returns a string member of an object that was kept as received.
pub(crate) fn string_at<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str()
}

/// Implements `Serialize` and `Deserialize` for an enum of structs from a table of its tags, with
/// `Unrecognized(Value)` for all others. `tag()` returns the tag of a value.
macro_rules! tagged {
    ($name:ident by $tag:literal { $($wire:literal => $variant:ident $(($body:ident))?),* $(,)? }) => {
        impl $name {
            #[doc = concat!("Returns the wire value of the tag property `", $tag, "`.")]
            pub fn tag(&self) -> &str {
                match self {
                    $(Self::$variant { .. } => $wire,)*
                    Self::Unrecognized(value) => $crate::wire::string_at(value, $tag).unwrap_or(""),
                }
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self {
                    $($crate::wire::tagged_body!(body $variant $(($body))?) => {
                        $crate::wire::variant_debug!(f body $variant $(($body))?)
                    })*
                    Self::Unrecognized(value) => {
                        $crate::wire::unrecognized_debug(f, self.tag(), Some(value))
                    }
                }
            }
        }

        impl $crate::wire::Tagged for $name {
            const NAME: &'static str = stringify!($name);
            const TAG: &'static str = $tag;

            fn read<'de, A: ::serde::de::MapAccess<'de>>(
                tag: &str,
                fields: &mut $crate::wire::Fields<'de, A>,
            ) -> Result<Self, A::Error> {
                match tag {
                    $($wire => $crate::wire::tagged_read!(fields $variant $(($body))?),)*
                    _ => $crate::wire::unrecognized($tag, tag, fields).map(Self::Unrecognized),
                }
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
                deserializer.deserialize_map($crate::wire::TaggedVisitor(::std::marker::PhantomData))
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if let Self::Unrecognized(value) = self {
                    return value.serialize(serializer);
                }
                let mut map = serializer.serialize_map(None)?;
                ::serde::ser::SerializeMap::serialize_entry(&mut map, $tag, self.tag())?;
                match self {
                    $($crate::wire::tagged_body!(body $variant $(($body))?) => {
                        $crate::wire::tagged_write!(map body $(($body))?);
                    })*
                    Self::Unrecognized(_) => {}
                }
                ::serde::ser::SerializeMap::end(map)
            }
        }

        $crate::wire::schema! { $name, generator => $crate::wire::schema::tagged($tag, vec![
            $(($wire, $crate::wire::schema::body_schema!(generator $(($body))?)),)*
        ]) }

        $($($crate::wire::tagged_from!($name $variant $body);)?)*
    };
}

macro_rules! tagged_read {
    ($fields:ident $variant:ident ($body:ident)) => {
        $fields
            .object::<$body>()
            .map(|body| Self::$variant(body.into()))
    };
    ($fields:ident $variant:ident) => {{
        $fields.skip_all()?;
        Ok(Self::$variant)
    }};
}

macro_rules! tagged_body {
    ($body:ident $variant:ident ($type:ident)) => {
        Self::$variant($body)
    };
    ($body:ident $variant:ident) => {
        Self::$variant
    };
}

macro_rules! tagged_write {
    ($map:ident $body:ident ($type:ident)) => {
        <$type as $crate::wire::Object>::write($body, &mut $map)?
    };
    ($map:ident $body:ident) => {};
}

/// Converts a body to its variant, and boxes it if necessary.
macro_rules! tagged_from {
    ($name:ident $variant:ident $body:ident) => {
        impl From<$body> for $name {
            fn from(body: $body) -> Self {
                Self::$variant(body.into())
            }
        }
    };
}

pub(crate) use {tagged, tagged_body, tagged_from, tagged_read, tagged_write};
