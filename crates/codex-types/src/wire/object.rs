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
/// The natural value is that of [`Readable::absent`](super::readable::Readable::absent): empty,
/// zero, `false`, or unrecognized. [`Mode`](super::mode::Mode) says when it applies.
///
/// Unknown keys are ignored. `open` before the name keeps them in the map `rest`; `strict` rejects
/// them; `closed` rejects them if the reading is strict.
macro_rules! object {
    (closed $name:ident { $($body:tt)* }) => {
        $crate::wire::object!(@impl $name [unlisted Unlisted] { $($body)* });
    };
    (strict $name:ident { $($body:tt)* }) => {
        $crate::wire::object!(@impl $name [refuse Refuse] { $($body)* });
    };
    (open $name:ident { $($body:tt)* }) => {
        $crate::wire::object!(@impl $name [rest Rest rest] { $($body)* });
    };
    ($name:ident { $($body:tt)* }) => {
        $crate::wire::object!(@impl $name [skip Skip] { $($body)* });
    };
    (@impl $name:ident [$unknown:ident $others:ident $($rest:ident)?] {
        $($field:ident : $rule:ident $(($default:expr))? $key:literal),* $(,)?
    }) => {
        impl $crate::wire::Object for $name {
            #[allow(irrefutable_let_patterns)]
            #[inline]
            fn read<'de>(
                place: $crate::wire::Place<'_, '_, 'de>,
            ) -> $crate::wire::Read<Self> {
                const TABLE: &$crate::wire::ObjectTable = &$crate::wire::ObjectTable {
                    name: stringify!($name),
                    fields: &[$(($key, $crate::wire::Rule::$rule)),*],
                };
                $(let mut $field = None;)*
                $(let mut $rest = ::std::default::Default::default();)?
                $crate::wire::read_object(
                    place,
                    TABLE,
                    &mut [$(&mut $field),*],
                    &mut [false; TABLE.fields.len()],
                    $crate::wire::Others::$others $((&mut $rest))?,
                )?;
                // Holds, because `read_object` has filled the slots.
                let ($($crate::wire::object_slot!($rule $field),)*) = ($($field,)*) else {
                    return Err($crate::wire::Stop);
                };
                Ok(Self {
                    $($field: $crate::wire::object_finish!($rule $field $(($default))?),)*
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

        impl $crate::wire::Readable for $name {
            #[inline]
            fn read<'de>(
                source: &mut dyn $crate::wire::Source<'de>,
            ) -> $crate::wire::Read<Self> {
                $crate::wire::read_place($crate::wire::Place::Source(source))
            }

            #[inline]
            fn absent() -> Option<Self> {
                $crate::wire::from_json("{}").ok()
            }
        }

        $crate::wire::deserialize!($name);

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                $crate::wire::Object::write(self, &mut map)?;
                ::serde::ser::SerializeMap::end(map)
            }
        }
    };
}

/// The pattern of a slot at the end of the object.
macro_rules! object_slot {
    (required $field:ident) => {
        Some($field)
    };
    (natural $field:ident) => {
        Some($field)
    };
    ($rule:ident $field:ident) => {
        $field
    };
}

/// The value of a field at the end of the object.
macro_rules! object_finish {
    (default $field:ident ($default:expr)) => {
        match $field {
            Some(value) => value,
            None => $default,
        }
    };
    (default_or_null $field:ident ($default:expr)) => {
        $crate::wire::object_finish!(default $field($default))
    };
    ($rule:ident $field:ident) => {
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
pub(crate) use {object, object_finish, object_others, object_slot, object_write};
