//! The values of fields that a server leaves out or writes in a different shape.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, value::RawValue};

use super::mode::{fault_count, record, take_faults};

/// A type whose values have a natural substitute.
pub(crate) trait Natural: DeserializeOwned {
    /// The value of an absent field: empty, zero, `false`, unrecognized. `None` if only the server
    /// can know it.
    fn absent() -> Option<Self>;

    /// What remains of a value that cannot be read as a whole.
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

natural_default!(bool, f64, i32, i64, u16, u32, u64, String, Value, Map<String, Value>);

/// Reads the elements one by one. Those that cannot be read are recorded and left out, unless their
/// type can keep them as unrecognized.
impl<T: Natural> Natural for Vec<T> {
    fn absent() -> Option<Self> {
        Some(Self::new())
    }

    fn unreadable(field: &str, json: &str) -> Option<Self> {
        let elements: Vec<Box<RawValue>> = serde_json::from_str(json).unwrap_or_default();
        let elements = elements.iter().enumerate();
        let readable = elements.filter_map(|(index, element)| {
            read_or_record(&format!("{field}[{index}]"), element.get())
        });
        Some(readable.collect())
    }
}

/// Reads the entries one by one, like the elements of a list.
impl<T: Natural> Natural for BTreeMap<String, T> {
    fn absent() -> Option<Self> {
        Some(Self::new())
    }

    fn unreadable(field: &str, json: &str) -> Option<Self> {
        let entries: BTreeMap<String, Box<RawValue>> =
            serde_json::from_str(json).unwrap_or_default();
        let readable = entries.into_iter().filter_map(|(key, entry)| {
            let value = read_or_record(&format!("{field}.{key}"), entry.get())?;
            Some((key, value))
        });
        Some(readable.collect())
    }
}

/// Reads a value, or what remains of a value that cannot be read. Records the parts that cannot be
/// read, or the whole value.
pub(crate) fn read_or_record<T: Natural>(field: &str, json: &str) -> Option<T> {
    let before = fault_count();
    let error = match serde_json::from_str(json) {
        Ok(value) => return Some(value),
        Err(error) => error,
    };
    drop(take_faults(before));
    let rest = T::unreadable(field, json);
    if fault_count() == before {
        record(field.to_owned(), json, error);
    }
    rest
}

/// Reads `null`, and a value that cannot be read, as `None`.
impl<T: Natural> Natural for Option<T> {
    fn absent() -> Option<Self> {
        Some(None)
    }

    fn unreadable(field: &str, json: &str) -> Option<Self> {
        T::unreadable(field, json).map(Some)
    }
}

impl<T: Natural> Natural for Box<T> {
    fn absent() -> Option<Self> {
        T::absent().map(Self::new)
    }

    fn unreadable(field: &str, json: &str) -> Option<Self> {
        T::unreadable(field, json).map(Self::new)
    }
}
