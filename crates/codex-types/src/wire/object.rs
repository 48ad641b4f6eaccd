//! Structs as JSON objects.

/// Implements [`Object`](super::Object), `Serialize` and `Deserialize` for a struct from a table of
/// its fields: `rust_name: rule "wireName"`. The rules are:
///
/// | rule | Rust type | absent | `null` | written |
/// |---|---|---|---|---|
/// | `required` | `T` | error | error, unless `T` accepts it | always |
/// | `natural` | `T` | natural value | natural value | always |
/// | `nullable` | `Option<T>` | `None`, strictly an error | `None` | always |
/// | `optional` | `Option<T>` | `None` | `None` | if `Some` |
/// | `omittable` | `Option<T>` | `None` | `None`, strictly an error | if `Some` |
/// | `clearable` | `Option<Option<T>>` | `None` | `Some(None)` | if `Some` |
/// | `default(value)` | `T` | `value` | `value`, strictly an error | always |
/// | `default_or_null(value)` | `T` | `value` | `value` | always |
/// | `envelope` | `Option<T>` | – | – | never: it is not part of the params |
///
/// The natural value is that of [`Natural`](super::natural::Natural): empty, zero, `false`, or
/// unrecognized. [`Mode`](super::mode::Mode) says when it applies.
///
/// Unknown keys are ignored. `open` before the name keeps them in the map `rest`; `strict` rejects
/// them; `closed` rejects them if the reading is strict.
macro_rules! object {
    (closed $name:ident { $($body:tt)* }) => {
        $crate::wire::object!(@impl $name [unlisted] { $($body)* });
    };
    (strict $name:ident { $($body:tt)* }) => {
        $crate::wire::object!(@impl $name [refuse] { $($body)* });
    };
    (open $name:ident { $($body:tt)* }) => {
        $crate::wire::object!(@impl $name [rest rest] { $($body)* });
    };
    ($name:ident { $($body:tt)* }) => {
        $crate::wire::object!(@impl $name [skip] { $($body)* });
    };
    (@impl $name:ident [$unknown:ident $($rest:ident)?] {
        $($field:ident : $rule:ident $(($default:expr))? $key:literal),* $(,)?
    }) => {
        impl $crate::wire::Object for $name {
            const NAME: &'static str = stringify!($name);

            #[allow(unused_mut, unused_variables, clippy::match_single_binding)]
            fn read<'de, A: ::serde::de::MapAccess<'de>>(
                fields: &mut $crate::wire::Fields<'de, A>,
            ) -> Result<Self, A::Error> {
                $(let mut $field = None;)*
                $(let mut $rest = ::std::default::Default::default();)?
                while let Some(key) = fields.next_key()? {
                    match &*key {
                        $($key => $crate::wire::object_read!($rule $field fields $key),)*
                        _ => $crate::wire::object_read!($unknown fields key $($rest)?),
                    }
                }
                Ok(Self {
                    $($field: $crate::wire::object_finish!(
                        $rule $field fields $key $(($default))?
                    ),)*
                    $($rest,)?
                })
            }

            #[allow(unused_variables)]
            fn write<M: ::serde::ser::SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
                $($crate::wire::object_write!($rule self $field map $key);)*
                $(for (key, value) in &self.$rest {
                    map.serialize_entry(key, value)?;
                })?
                Ok(())
            }
        }

        $crate::wire::schema! { $name, generator => {
            #[allow(unused_mut)]
            let mut object = $crate::wire::schema::ObjectSchema::default();
            $($crate::wire::schema::field_schema!(
                $rule object generator $key |it: &Self| &it.$field
            );)*
            $crate::wire::object_others!($unknown object generator $($rest)?);
            object.finish()
        } }

        impl $crate::wire::Natural for $name {
            // `inline`, so that decoding is compiled in the crates that use it.
            #[inline]
            fn absent() -> Option<Self> {
                ::serde_json::from_str("{}").ok()
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_map($crate::wire::ObjectVisitor(::std::marker::PhantomData))
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                $crate::wire::Object::write(self, &mut map)?;
                ::serde::ser::SerializeMap::end(map)
            }
        }
    };
}

/// Handles the value of one key.
macro_rules! object_read {
    (envelope $field:ident $fields:ident $key:literal) => {
        $fields.skip()?
    };
    (required $field:ident $fields:ident $key:literal) => {
        $field = Some($fields.value($key)?)
    };
    (natural $field:ident $fields:ident $key:literal) => {
        $field = $fields.natural($key)?
    };
    (omittable $field:ident $fields:ident $key:literal) => {
        $field = $fields.omittable($key)?
    };
    (default $field:ident $fields:ident $key:literal) => {
        $field = $fields.omittable($key)?
    };
    ($rule:ident $field:ident $fields:ident $key:literal) => {
        $field = $fields.optional($key)?
    };
    (skip $fields:ident $key:ident) => {
        $fields.skip()?
    };
    (unlisted $fields:ident $key:ident) => {
        $fields.unlisted(&$key)?
    };
    (refuse $fields:ident $key:ident) => {
        return $fields.refuse(&$key)
    };
    (rest $fields:ident $key:ident $rest:ident) => {{
        let value = $fields.optional(&$key)?;
        ::std::iter::Extend::extend(&mut $rest, value.map(|value| ($key.into_owned(), value)));
    }};
}

/// The value of a field at the end of the object.
macro_rules! object_finish {
    (required $field:ident $fields:ident $key:literal) => {
        $fields.required($field, $key)?
    };
    (natural $field:ident $fields:ident $key:literal) => {
        $fields.or_absent($field, $key)?
    };
    (nullable $field:ident $fields:ident $key:literal) => {
        $fields.or_null($field, $key)?
    };
    (omittable $field:ident $fields:ident $key:literal) => {
        $field.unwrap_or(None)
    };
    (optional $field:ident $fields:ident $key:literal) => {
        $field.unwrap_or(None)
    };
    (clearable $field:ident $fields:ident $key:literal) => {
        $field
    };
    (default_or_null $field:ident $fields:ident $key:literal ($default:expr)) => {
        $crate::wire::object_finish!(default $field $fields $key ($default))
    };
    (default $field:ident $fields:ident $key:literal ($default:expr)) => {
        match $field {
            Some(Some(value)) => value,
            _ => $default,
        }
    };
    (envelope $field:ident $fields:ident $key:literal) => {
        $field
    };
}

/// Writes one field.
macro_rules! object_write {
    (required $self:ident $field:ident $map:ident $key:literal) => {
        $map.serialize_entry($key, &$self.$field)?
    };
    (natural $self:ident $field:ident $map:ident $key:literal) => {
        $map.serialize_entry($key, &$self.$field)?
    };
    (nullable $self:ident $field:ident $map:ident $key:literal) => {
        $map.serialize_entry($key, &$self.$field)?
    };
    (default $self:ident $field:ident $map:ident $key:literal) => {
        $map.serialize_entry($key, &$self.$field)?
    };
    (default_or_null $self:ident $field:ident $map:ident $key:literal) => {
        $map.serialize_entry($key, &$self.$field)?
    };
    (envelope $self:ident $field:ident $map:ident $key:literal) => {};
    ($rule:ident $self:ident $field:ident $map:ident $key:literal) => {
        if let Some(value) = &$self.$field {
            $map.serialize_entry($key, value)?;
        }
    };
}

/// Adds the members that have no field to the schema.
#[allow(unused_macros)]
macro_rules! object_others {
    (skip $object:ident $generator:ident) => {};
    (unlisted $object:ident $generator:ident) => {};
    (refuse $object:ident $generator:ident) => {
        $object.refuse()
    };
    (rest $object:ident $generator:ident $rest:ident) => {
        $object.rest($generator, |it: &Self| &it.$rest)
    };
}

#[allow(unused_imports)]
pub(crate) use {object, object_finish, object_others, object_read, object_write};
