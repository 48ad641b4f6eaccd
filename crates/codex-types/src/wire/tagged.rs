//! Tagged unions: objects that a tag property distinguishes.

use serde_json::{Map, Value};

use super::{
    Fields,
    source::{Read, Source},
};

/// Reads a tagged union. Reads straight from the input if the tag is the first entry, as every
/// known server sends it; otherwise buffers the entries that precede the tag. `read` gets the tag,
/// and the other entries of the object.
pub(crate) fn read_tagged<'de>(
    source: &mut dyn Source<'de>,
    name: &'static str,
    tag_name: &'static str,
    read: &mut dyn FnMut(&str, &mut Fields<'_, 'de>) -> Read<()>,
) -> Read<()> {
    let expecting = format_args!("an object with `{tag_name}` ({name})");
    source.object(&expecting, &mut |entries| {
        let mut early = Vec::new();
        while let Some(key) = entries.next_key()? {
            if key == tag_name {
                let tag = entries
                    .text()
                    .inspect_err(|_| entries.in_field(name, tag_name))?;
                return read(&tag, &mut Fields::new(name, early, entries));
            }
            let mut value = Value::Null;
            entries.value(&mut |source| {
                value = source.value()?;
                Ok(())
            })?;
            early.push((key.into_owned(), value));
        }
        Err(entries.fail(format_args!("{name}: missing field `{tag_name}`")))
    })
}

/// Keeps an object with an unknown tag.
pub(crate) fn unrecognized(tag_name: &str, tag: &str, fields: &mut Fields<'_, '_>) -> Read<Value> {
    if fields.refuses_unknown() {
        return Err(fields.refuse_tag(tag));
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

        impl $crate::wire::Readable for $name {
            #[inline]
            fn read<'de>(
                source: &mut dyn $crate::wire::Source<'de>,
            ) -> $crate::wire::Read<Self> {
                let mut value = None;
                $crate::wire::read_tagged(source, stringify!($name), $tag, &mut |tag, fields| {
                    value = Some(match tag {
                        $($wire => $crate::wire::tagged_read!(fields $variant $(($body))?),)*
                        _ => Self::Unrecognized($crate::wire::unrecognized($tag, tag, fields)?),
                    });
                    Ok(())
                })?;
                value.ok_or($crate::wire::Stop)
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
        Self::$variant(
            $crate::wire::read_place::<$body>($crate::wire::Place::Fields($fields))?.into(),
        )
    };
    ($fields:ident $variant:ident) => {{
        $fields.skip_all()?;
        Self::$variant
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
