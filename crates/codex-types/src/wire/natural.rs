//! The values of fields that a server leaves out or writes in a different shape.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value, value::RawValue};

use crate::redact::shown_name;

use super::mode::{record, take_unreadable, unreadable_count};

/// A type whose values have a natural substitute.
pub(crate) trait Natural: DeserializeOwned {
    /// Whether `null` is a value of the type.
    const ACCEPTS_NULL: bool = false;

    /// The value of an absent field: empty, zero, `false`, unrecognized. `None` if only the server
    /// can know it.
    fn absent() -> Option<Self>;

    /// Returns the readable rest of a value that cannot be read as a whole.
    fn unreadable(_field: &str, _json: &str) -> Option<Self> {
        Self::absent()
    }
}

macro_rules! natural_default {
    ($($type:ty),*) => {
        $(impl Natural for $type {
            fn absent() -> Option<Self> {
                Some(Self::default())
            }
        })*
    };
}

natural_default!(bool, i32, i64, u16, u32, u64, String, Map<String, Value>);

impl Natural for Number {
    fn absent() -> Option<Self> {
        Some(Self::from(0))
    }
}

impl<T: Natural> Natural for Option<T> {
    const ACCEPTS_NULL: bool = true;

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn unreadable(field: &str, json: &str) -> Option<Self> {
        T::unreadable(field, json).map(Some)
    }
}

impl Natural for Value {
    const ACCEPTS_NULL: bool = true;

    fn absent() -> Option<Self> {
        Some(Self::Null)
    }
}

/// Reads the elements one by one. Those that cannot be read are recorded and left out, unless their
/// type can keep them as unrecognized.
impl<T: Natural> Natural for Vec<T> {
    fn absent() -> Option<Self> {
        Some(Self::new())
    }

    fn unreadable(field: &str, json: &str) -> Option<Self> {
        let mut readable = Self::new();
        for_each_element(json, &mut |index, element| {
            readable.extend(read_or_record(&format!("{field}[{index}]"), element));
        });
        Some(readable)
    }
}

// Not generic, like `for_each_entry`, so that it is compiled once.
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

/// Reads the entries one by one, like the elements of a list.
impl<T: Natural> Natural for BTreeMap<String, T> {
    fn absent() -> Option<Self> {
        Some(Self::new())
    }

    fn unreadable(field: &str, json: &str) -> Option<Self> {
        let mut readable = Self::new();
        for_each_entry(json, &mut |key, entry| {
            if let Some(value) = read_or_record(&format!("{field}.{}", shown_name(&key)), entry) {
                readable.insert(key, value);
            }
        });
        Some(readable)
    }
}

/// Reads a value, or the readable rest of it. Records the parts that cannot be read, or the whole
/// value.
pub(crate) fn read_or_record<T: Natural>(field: &str, json: &str) -> Option<T> {
    read_or(field, json, || T::unreadable(field, json))
}

/// Reads a value, or takes its rest if it cannot be read. Records the value, unless taking the rest
/// has recorded parts of it.
pub(crate) fn read_or<T: DeserializeOwned>(
    field: &str,
    json: &str,
    rest: impl FnOnce() -> Option<T>,
) -> Option<T> {
    let before = unreadable_count();
    let error = match serde_json::from_str(json) {
        Ok(value) => return Some(value),
        Err(error) => error,
    };
    // Taking the rest reads these parts again.
    drop(take_unreadable(before));
    let rest = rest();
    if unreadable_count() == before {
        record(field, json, &error);
    }
    rest
}

impl<T: Natural> Natural for Box<T> {
    fn absent() -> Option<Self> {
        T::absent().map(Self::new)
    }

    fn unreadable(field: &str, json: &str) -> Option<Self> {
        T::unreadable(field, json).map(Self::new)
    }
}
