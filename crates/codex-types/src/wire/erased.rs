//! Adapters of a deserializer to the traits of `source`.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess,
    Unexpected, Visitor,
};
use serde_json::{Map, Number, Value, value::RawValue};

use super::{
    BorrowedStr,
    source::{
        Entries, Primitive, Read, ReadEntries, ReadValue, Scalar, Source, Stop, TextOrObject,
    },
};
use crate::redact::{shown_name, without_values};

/// Reads a value from JSON text.
pub(crate) fn read_json(
    json: &str,
    read: &mut dyn for<'de> FnMut(&mut dyn Source<'de>) -> Read<()>,
) -> serde_json::Result<()> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    Seed(&mut |source| read(source)).deserialize(&mut deserializer)?;
    deserializer.end()
}

/// A deserializer, and its error once reading has failed.
pub(crate) struct Erased<'de, D: Deserializer<'de>> {
    deserializer: Option<D>,
    error: Option<D::Error>,
    marker: PhantomData<&'de ()>,
}

impl<'de, D: Deserializer<'de>> Erased<'de, D> {
    pub(crate) fn new(deserializer: D) -> Self {
        Self {
            deserializer: Some(deserializer),
            error: None,
            marker: PhantomData,
        }
    }

    pub(crate) fn into_error(self) -> D::Error {
        error_or_default(self.error)
    }

    /// Reads the value.
    fn read<T>(&mut self, read: impl FnOnce(D) -> Result<T, D::Error>) -> Read<T> {
        let deserializer = self.deserializer.take().ok_or(Stop)?;
        read(deserializer).map_err(|error| {
            self.error = Some(error);
            Stop
        })
    }

    fn deserialize<T: Deserialize<'de>>(&mut self) -> Read<T> {
        self.read(T::deserialize)
    }

    fn store<T: Deserialize<'de>>(&mut self, into: &mut T) -> Read<()> {
        *into = self.deserialize()?;
        Ok(())
    }
}

/// Returns the stored error. Readers fail only with one.
#[cold]
fn error_or_default<E: Error>(error: Option<E>) -> E {
    error.unwrap_or_else(|| E::custom("the value could not be read"))
}

impl<'de, D: Deserializer<'de>> Source<'de> for Erased<'de, D> {
    fn primitive(&mut self, into: Primitive<'_>) -> Read<()> {
        match into {
            Primitive::Bool(into) => self.store(into),
            Primitive::I32(into) => self.store(into),
            Primitive::I64(into) => self.store(into),
            Primitive::U16(into) => self.store(into),
            Primitive::U32(into) => self.store(into),
            Primitive::U64(into) => self.store(into),
        }
    }

    fn string(&mut self) -> Read<String> {
        self.deserialize()
    }

    fn scalar(&mut self, expecting: &'static str) -> Read<Scalar> {
        self.read(|deserializer| deserializer.deserialize_any(ScalarVisitor(expecting)))
    }

    fn text(&mut self, name: &'static str, convert: &mut dyn FnMut(&str) -> bool) -> Read<()> {
        self.read(|deserializer| deserializer.deserialize_str(TextVisitor { name, convert }))
    }

    fn text_or_object(
        &mut self,
        name: &'static str,
        union: &mut dyn TextOrObject<'de>,
    ) -> Read<()> {
        self.read(|deserializer| deserializer.deserialize_any(UnionVisitor { name, union }))
    }

    fn object(&mut self, expecting: &dyn fmt::Display, read: ReadEntries<'_, 'de>) -> Read<()> {
        self.read(|deserializer| deserializer.deserialize_map(MapVisitor { expecting, read }))
    }

    fn list(&mut self, each: ReadValue<'_, 'de>) -> Read<()> {
        self.read(|deserializer| deserializer.deserialize_seq(ListVisitor(each)))
    }

    fn option(&mut self, some: ReadValue<'_, 'de>) -> Read<bool> {
        self.read(|deserializer| deserializer.deserialize_option(OptionVisitor(some)))
    }

    fn unit(&mut self) -> Read<()> {
        self.deserialize()
    }

    fn value(&mut self) -> Read<Value> {
        self.deserialize()
    }

    fn number(&mut self) -> Read<Number> {
        self.deserialize()
    }

    fn map(&mut self) -> Read<Map<String, Value>> {
        self.deserialize()
    }

    fn raw(&mut self) -> Read<Box<RawValue>> {
        self.deserialize()
    }

    #[cold]
    fn fail(&mut self, message: fmt::Arguments<'_>) -> Stop {
        self.error = Some(Error::custom(message));
        Stop
    }
}

/// Reads a value with the deserializer that a serde trait hands out.
struct Seed<'a, 'de>(ReadValue<'a, 'de>);

impl<'de> DeserializeSeed<'de> for Seed<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let mut source = Erased::new(deserializer);
        (self.0)(&mut source).map_err(|Stop| source.into_error())
    }
}

struct ScalarVisitor(&'static str);

impl Visitor<'_> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_i64<E: Error>(self, integer: i64) -> Result<Scalar, E> {
        Ok(Scalar::Integer(integer))
    }

    fn visit_u64<E: Error>(self, integer: u64) -> Result<Scalar, E> {
        i64::try_from(integer)
            .map(Scalar::Integer)
            .map_err(|_| E::invalid_value(Unexpected::Unsigned(integer), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Scalar, E> {
        Ok(Scalar::Text(text))
    }
}

struct TextVisitor<'a> {
    name: &'static str,
    convert: &'a mut dyn FnMut(&str) -> bool,
}

impl Visitor<'_> for TextVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a string ({})", self.name)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        known((self.convert)(text), self.name, text)
    }
}

/// Fails if a string is not known.
fn known<E: Error>(is_known: bool, name: &str, text: &str) -> Result<(), E> {
    match is_known {
        true => Ok(()),
        false => {
            let value = shown_name(text);
            Err(E::custom(format_args!("{name}: unknown value `{value}`")))
        }
    }
}

struct UnionVisitor<'a, 'de> {
    name: &'static str,
    union: &'a mut dyn TextOrObject<'de>,
}

impl<'de> Visitor<'de> for UnionVisitor<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a string or an object ({})", self.name)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        known(self.union.text(text), self.name, text)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        read_map(map, &mut |entries| self.union.object(entries))
    }
}

struct MapVisitor<'a, 'de> {
    expecting: &'a dyn fmt::Display,
    read: ReadEntries<'a, 'de>,
}

impl<'de> Visitor<'de> for MapVisitor<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expecting.fmt(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        read_map(map, self.read)
    }
}

struct ListVisitor<'a, 'de>(ReadValue<'a, 'de>);

impl<'de> Visitor<'de> for ListVisitor<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Seed(&mut *self.0))?.is_some() {}
        Ok(())
    }
}

struct OptionVisitor<'a, 'de>(ReadValue<'a, 'de>);

impl<'de> Visitor<'de> for OptionVisitor<'_, 'de> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("option")
    }

    fn visit_none<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        Seed(self.0).deserialize(deserializer).map(|()| true)
    }
}

/// Reads the entries of an object.
fn read_map<'de, A: MapAccess<'de>>(map: A, read: ReadEntries<'_, 'de>) -> Result<(), A::Error> {
    let mut entries = ErasedMap { map, error: None };
    read(&mut entries).map_err(|Stop| error_or_default(entries.error))
}

/// The entries of an object, and the error once reading has failed.
struct ErasedMap<A, E> {
    map: A,
    error: Option<E>,
}

impl<A, E> ErasedMap<A, E> {
    fn keep<T>(&mut self, result: Result<T, E>) -> Read<T> {
        result.map_err(|error| {
            self.error = Some(error);
            Stop
        })
    }
}

impl<'de, A: MapAccess<'de>> Entries<'de> for ErasedMap<A, A::Error> {
    fn next_key(&mut self) -> Read<Option<Cow<'de, str>>> {
        let key = self.map.next_key::<BorrowedStr<'de>>();
        self.keep(key).map(|key| key.map(|key| key.0))
    }

    fn value(&mut self, read: ReadValue<'_, 'de>) -> Read<()> {
        let value = self.map.next_value_seed(Seed(read));
        self.keep(value)
    }

    fn text(&mut self) -> Read<Cow<'de, str>> {
        let text = self.map.next_value::<BorrowedStr<'de>>();
        self.keep(text).map(|text| text.0)
    }

    fn skip(&mut self) -> Read<()> {
        let value = self.map.next_value::<IgnoredAny>();
        self.keep(value).map(drop)
    }

    // serde_json keeps the line and column of the inner error.
    #[cold]
    fn in_field(&mut self, name: &str, key: &str) {
        let (key, reason) = (shown_name(key), self.reason());
        self.error = Some(A::Error::custom(format_args!("{name}.{key}: {reason}")));
    }

    #[cold]
    fn reason(&mut self) -> String {
        without_values(&error_or_default(self.error.take()))
    }

    #[cold]
    fn fail(&mut self, message: fmt::Arguments<'_>) -> Stop {
        self.error = Some(A::Error::custom(message));
        Stop
    }
}
