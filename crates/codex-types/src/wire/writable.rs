//! Types that are written through trait objects, so that the writer of each type is compiled once,
//! and not again for each serializer.

use std::collections::BTreeMap;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Map, Number, Value};

/// A value as its serializer sees it.
pub(crate) enum View<'a> {
    Null,
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Text(&'a str),
    Number(&'a Number),
    Value(&'a Value),
    Map(&'a Map<String, Value>),
    List(&'a dyn Elements),
    Object(&'a dyn Members),
}

/// A type that is written.
pub(crate) trait Writable {
    fn view(&self) -> View<'_>;
}

/// The elements of a list.
pub(crate) trait Elements {
    fn write(&self, element: &mut dyn FnMut(View<'_>));
}

/// The members of an object.
pub(crate) trait Members {
    fn write(&self, member: &mut dyn FnMut(&str, View<'_>));
}

/// Returns the view of a value. [`read_value`](super::readable::read_value) says why all calls go
/// through a function.
pub(crate) fn view<T: Writable>(value: &T) -> View<'_> {
    value.view()
}

/// Writes a value with a serializer.
pub(crate) fn write_with<T: Writable, S: Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    view(value).serialize(serializer)
}

impl Serialize for View<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Null => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(value),
            Self::Signed(value) => serializer.serialize_i64(value),
            Self::Unsigned(value) => serializer.serialize_u64(value),
            Self::Float(value) => serializer.serialize_f64(value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Number(value) => value.serialize(serializer),
            Self::Value(value) => value.serialize(serializer),
            Self::Map(value) => value.serialize(serializer),
            Self::List(elements) => {
                let mut list = serializer.serialize_seq(None)?;
                let mut result = Ok(());
                elements.write(&mut |element| {
                    if result.is_ok() {
                        result = list.serialize_element(&element);
                    }
                });
                result?;
                list.end()
            }
            Self::Object(members) => {
                let mut map = serializer.serialize_map(None)?;
                let mut result = Ok(());
                members.write(&mut |key, value| {
                    if result.is_ok() {
                        result = map.serialize_entry(key, &value);
                    }
                });
                result?;
                map.end()
            }
        }
    }
}

macro_rules! primitive {
    ($($type:ty => $view:ident),*) => {
        $(impl Writable for $type {
            fn view(&self) -> View<'_> {
                View::$view((*self).into())
            }
        })*
    };
}

primitive!(
    bool => Bool, i32 => Signed, i64 => Signed, u16 => Unsigned, u32 => Unsigned, u64 => Unsigned,
    f64 => Float
);

impl Writable for String {
    fn view(&self) -> View<'_> {
        View::Text(self)
    }
}

impl Writable for Number {
    fn view(&self) -> View<'_> {
        View::Number(self)
    }
}

impl Writable for Value {
    fn view(&self) -> View<'_> {
        View::Value(self)
    }
}

impl Writable for Map<String, Value> {
    fn view(&self) -> View<'_> {
        View::Map(self)
    }
}

impl<T: Writable> Writable for Option<T> {
    fn view(&self) -> View<'_> {
        self.as_ref().map_or(View::Null, view)
    }
}

impl<T: Writable> Writable for Box<T> {
    fn view(&self) -> View<'_> {
        view(&**self)
    }
}

impl<T: Writable> Writable for Vec<T> {
    fn view(&self) -> View<'_> {
        View::List(self)
    }
}

impl<T: Writable> Elements for Vec<T> {
    fn write(&self, element: &mut dyn FnMut(View<'_>)) {
        for value in self {
            element(view(value));
        }
    }
}

impl<T: Writable> Writable for BTreeMap<String, T> {
    fn view(&self) -> View<'_> {
        View::Object(self)
    }
}

impl<T: Writable> Members for BTreeMap<String, T> {
    fn write(&self, member: &mut dyn FnMut(&str, View<'_>)) {
        for (key, value) in self {
            member(key, view(value));
        }
    }
}

/// Implements `Serialize` for a type that is written through its view.
macro_rules! serialize {
    ($name:ty) => {
        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::wire::write_with(self, serializer)
            }
        }
    };
}

pub(crate) use serialize;
