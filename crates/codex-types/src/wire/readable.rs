//! Types that are read from a source, and the values of fields that a server leaves out or writes
//! in a different shape.

use std::collections::BTreeMap;

use serde::Deserializer;
use serde_json::{Map, Number, Value, value::RawValue};

use super::{
    erased::{Erased, read_json},
    mode::{record, take_unreadable, unreadable_count},
    source::{Primitive, Read, Source, Stop},
};
use crate::redact::shown_name;

/// A type that is read from a source, and whose values may have a natural substitute.
pub(crate) trait Readable: Sized {
    /// Whether `null` is a value of the type.
    const ACCEPTS_NULL: bool = false;

    /// Reads a value.
    fn read<'de>(source: &mut dyn Source<'de>) -> Read<Self>;

    /// The value of an absent field: empty, zero, `false`, unrecognized. `None` if only the server
    /// can know it.
    fn absent() -> Option<Self>;

    /// Returns the readable rest of a value that cannot be read as a whole.
    fn unreadable(_field: &str, _json: &str) -> Option<Self> {
        Self::absent()
    }
}

/// Reads a value.
///
/// The methods of `Readable` are `inline`, so that they are compiled only in the crates that use
/// them: compiling the readers of all types would take longer than the rest of this crate. All
/// calls go through this function, which a crate compiles once for each type.
pub(crate) fn read_value<T: Readable>(source: &mut dyn Source<'_>) -> Read<T> {
    T::read(source)
}

/// Reads a value with a deserializer.
pub(crate) fn read_with<'de, T: Readable, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let mut source = Erased::new(deserializer);
    read_value(&mut source).map_err(|Stop| source.into_error())
}

/// The place of a value, while the fields of an object are read.
pub(crate) trait Slot {
    /// Reads the value.
    fn read<'de>(&mut self, source: &mut dyn Source<'de>) -> Read<()>;

    /// Sets the value to a substitute. Returns whether it is a value.
    fn substitute(&mut self, substitute: Substitute<'_>) -> bool;
}

/// A substitute for a value that is not read.
#[derive(Clone, Copy)]
pub(crate) enum Substitute<'a> {
    /// No value.
    Nothing,
    /// The value for `null`, if `null` is a value of the type.
    Null,
    /// The natural value.
    Natural,
    /// The readable rest of the JSON text of a field.
    Rest { field: &'a str, json: &'a str },
}

impl<T: Readable> Slot for Option<T> {
    fn read<'de>(&mut self, source: &mut dyn Source<'de>) -> Read<()> {
        *self = Some(read_value::<T>(source)?);
        Ok(())
    }

    fn substitute(&mut self, substitute: Substitute<'_>) -> bool {
        *self = match substitute {
            Substitute::Null if T::ACCEPTS_NULL => T::absent(),
            Substitute::Nothing | Substitute::Null => None,
            Substitute::Natural => T::absent(),
            Substitute::Rest { field, json } => T::unreadable(field, json),
        };
        self.is_some()
    }
}

/// Reads a value from JSON text.
pub(crate) fn from_json<T: Readable>(json: &str) -> serde_json::Result<T> {
    let mut value = None;
    read_slot(json, &mut value)?;
    // `read_slot` fails if it reads no value.
    value.ok_or_else(|| serde::de::Error::custom("no value"))
}

// Not generic, like the functions below, so that it is compiled once.
fn read_slot(json: &str, slot: &mut dyn Slot) -> serde_json::Result<()> {
    read_json(json, &mut |source| slot.read(source))
}

macro_rules! primitive {
    ($($type:ty => $primitive:ident),*) => {
        $(impl Readable for $type {
            fn read<'de>(source: &mut dyn Source<'de>) -> Read<Self> {
                let mut value = Self::default();
                source.primitive(Primitive::$primitive(&mut value)).map(|()| value)
            }

            fn absent() -> Option<Self> {
                Some(Self::default())
            }
        })*
    };
}

// The types that the generator writes: it widens smaller integers, and writes `Number` for floats.
primitive!(bool => Bool, i32 => I32, i64 => I64, u16 => U16, u32 => U32, u64 => U64);

impl Readable for String {
    fn read<'de>(source: &mut dyn Source<'de>) -> Read<Self> {
        source.string()
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }
}

impl Readable for Number {
    fn read<'de>(source: &mut dyn Source<'de>) -> Read<Self> {
        source.number()
    }

    fn absent() -> Option<Self> {
        Some(Self::from(0))
    }
}

impl Readable for Map<String, Value> {
    fn read<'de>(source: &mut dyn Source<'de>) -> Read<Self> {
        source.map()
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }
}

impl Readable for Value {
    const ACCEPTS_NULL: bool = true;

    fn read<'de>(source: &mut dyn Source<'de>) -> Read<Self> {
        source.value()
    }

    fn absent() -> Option<Self> {
        Some(Self::Null)
    }
}

impl<T: Readable> Readable for Option<T> {
    const ACCEPTS_NULL: bool = true;

    fn read<'de>(source: &mut dyn Source<'de>) -> Read<Self> {
        let mut value = None;
        read_option(source, &mut value)?;
        Ok(value)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn unreadable(field: &str, json: &str) -> Option<Self> {
        T::unreadable(field, json).map(Some)
    }
}

fn read_option<'de>(source: &mut dyn Source<'de>, slot: &mut dyn Slot) -> Read<bool> {
    source.option(&mut |source| slot.read(source))
}

/// Reads the elements one by one. Those that cannot be read are recorded and left out, unless their
/// type can keep them as unrecognized.
impl<T: Readable> Readable for Vec<T> {
    fn read<'de>(source: &mut dyn Source<'de>) -> Read<Self> {
        let mut elements = Self::new();
        source.list(&mut |source| {
            elements.push(read_value::<T>(source)?);
            Ok(())
        })?;
        Ok(elements)
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }

    fn unreadable(field: &str, json: &str) -> Option<Self> {
        let mut readable = Self::new();
        for_each_element(json, &mut |index, element| {
            let mut value = None;
            read_or_rest(&format!("{field}[{index}]"), element, &mut value);
            readable.extend(value);
        });
        Some(readable)
    }
}

/// Reads the entries one by one, like the elements of a list.
impl<T: Readable> Readable for BTreeMap<String, T> {
    fn read<'de>(source: &mut dyn Source<'de>) -> Read<Self> {
        let mut entries = Self::new();
        source.object(&"a map", &mut |map| {
            while let Some(key) = map.next_key()? {
                map.value(&mut |source| {
                    entries.insert(key.clone().into_owned(), read_value::<T>(source)?);
                    Ok(())
                })?;
            }
            Ok(())
        })?;
        Ok(entries)
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }

    fn unreadable(field: &str, json: &str) -> Option<Self> {
        let mut readable = Self::new();
        for_each_entry(json, &mut |key, entry| {
            let mut value = None;
            read_or_rest(&format!("{field}.{}", shown_name(&key)), entry, &mut value);
            readable.extend(value.map(|value| (key, value)));
        });
        Some(readable)
    }
}

fn for_each_element(json: &str, visit: &mut dyn FnMut(usize, &str)) {
    let elements: Vec<Box<RawValue>> = serde_json::from_str(json).unwrap_or_default();
    for (index, element) in elements.iter().enumerate() {
        visit(index, element.get());
    }
}

fn for_each_entry(json: &str, visit: &mut dyn FnMut(String, &str)) {
    let entries: BTreeMap<String, Box<RawValue>> = serde_json::from_str(json).unwrap_or_default();
    for (key, entry) in entries {
        visit(key, entry.get());
    }
}

/// Reads a value, or the readable rest of it. Records the parts that cannot be read, or the whole
/// value. Returns whether there is a value.
pub(crate) fn read_or_rest(field: &str, json: &str, slot: &mut dyn Slot) -> bool {
    read_or(field, json, slot, Substitute::Rest { field, json })
}

/// Reads a value, or takes its substitute if it cannot be read. Records the value, unless taking
/// the substitute has recorded parts of it. Returns whether there is a value.
pub(crate) fn read_or(
    field: &str,
    json: &str,
    slot: &mut dyn Slot,
    substitute: Substitute<'_>,
) -> bool {
    let before = unreadable_count();
    let Err(error) = read_slot(json, slot) else {
        return true;
    };
    // Taking the rest reads these parts again.
    drop(take_unreadable(before));
    let is_value = slot.substitute(substitute);
    if unreadable_count() == before {
        record(field, json, &error);
    }
    is_value
}

impl<T: Readable> Readable for Box<T> {
    fn read<'de>(source: &mut dyn Source<'de>) -> Read<Self> {
        read_value::<T>(source).map(Self::new)
    }

    fn absent() -> Option<Self> {
        T::absent().map(Self::new)
    }

    fn unreadable(field: &str, json: &str) -> Option<Self> {
        T::unreadable(field, json).map(Self::new)
    }
}

/// Implements `Deserialize` for a type that is read from a source.
macro_rules! deserialize {
    ($name:ty) => {
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                $crate::wire::read_with(deserializer)
            }
        }
    };
}

pub(crate) use deserialize;
