//! The entries of a JSON object, handed out one by one.

use std::{borrow::Cow, fmt, marker::PhantomData, vec};

use serde::{
    de::{DeserializeOwned, Error, IgnoredAny, MapAccess, Visitor},
    ser::SerializeMap,
};
use serde_json::{Map, Value};

use super::BorrowedStr;

/// A struct that is read from, and written as, the entries of a JSON object. A tagged union puts
/// its tag in front of the same entries.
pub(crate) trait Object: Sized {
    /// Name of the Rust type, for errors.
    const NAME: &'static str;

    fn read<'de, A: MapAccess<'de>>(fields: &mut Fields<'de, A>) -> Result<Self, A::Error>;

    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error>;
}

/// What is left of an object that is being read.
pub(crate) struct Fields<'de, A> {
    /// Entries that came before the tag of a union. Empty when the tag came first, as it does from
    /// every known server.
    early: vec::IntoIter<(String, Value)>,
    /// The value of the early key that was handed out last.
    early_value: Option<Value>,
    map: A,
    name: &'static str,
    marker: PhantomData<&'de ()>,
}

impl<'de, A: MapAccess<'de>> Fields<'de, A> {
    pub(crate) fn new(name: &'static str, early: Vec<(String, Value)>, map: A) -> Self {
        Self {
            early: early.into_iter(),
            early_value: None,
            map,
            name,
            marker: PhantomData,
        }
    }

    /// The next key; its value must be taken with `value` or `skip`.
    pub(crate) fn next_key(&mut self) -> Result<Option<Cow<'de, str>>, A::Error> {
        if let Some((key, value)) = self.early.next() {
            self.early_value = Some(value);
            return Ok(Some(Cow::Owned(key)));
        }
        Ok(self.map.next_key::<BorrowedStr<'de>>()?.map(|key| key.0))
    }

    /// The value of `key`, which was the last one handed out.
    pub(crate) fn value<T: DeserializeOwned>(&mut self, key: &str) -> Result<T, A::Error> {
        let value = match self.early_value.take() {
            // Through text: decoding every type from `Value` too would double the code.
            Some(value) => serde_json::from_str(&value.to_string()).map_err(Error::custom),
            None => self.map.next_value(),
        };
        value.map_err(|error| in_field(self.name, key, &error))
    }

    /// The params of a message with this method; `null` is an empty object.
    pub(crate) fn params<T: DeserializeOwned>(&mut self, method: &str) -> Result<T, A::Error> {
        let params = self
            .map
            .next_value::<Option<T>>()
            .and_then(|params| match params {
                Some(params) => Ok(params),
                None => serde_json::from_str("{}").map_err(Error::custom),
            });
        params
            .map_err(|error| Error::custom(format_args!("malformed params of `{method}`: {error}")))
    }

    /// Passes over the value of a key that is not known.
    pub(crate) fn skip(&mut self) -> Result<(), A::Error> {
        match self.early_value.take() {
            Some(_) => Ok(()),
            None => self.map.next_value::<IgnoredAny>().map(drop),
        }
    }

    /// Passes over all that is left.
    pub(crate) fn skip_all(&mut self) -> Result<(), A::Error> {
        while self.next_key()?.is_some() {
            self.skip()?;
        }
        Ok(())
    }

    /// Reads a struct from what is left.
    pub(crate) fn object<T: Object>(&mut self) -> Result<T, A::Error> {
        self.name = T::NAME;
        T::read(self)
    }

    /// Refuses a key that is not known, where that tells the members of a union apart.
    pub(crate) fn refuse<T>(&self, key: &str) -> Result<T, A::Error> {
        Err(Error::custom(format_args!(
            "{}: unknown field `{key}`",
            self.name
        )))
    }

    /// The value of a required field.
    pub(crate) fn required<T>(&self, value: Option<T>, key: &str) -> Result<T, A::Error> {
        match value {
            Some(value) => Ok(value),
            None => Err(Error::custom(format_args!(
                "{}: missing field `{key}`",
                self.name
            ))),
        }
    }

    /// All entries that are left.
    pub(crate) fn rest(&mut self, into: &mut Map<String, Value>) -> Result<(), A::Error> {
        while let Some(key) = self.next_key()? {
            let value = self.value(&key)?;
            into.insert(key.into_owned(), value);
        }
        Ok(())
    }
}

/// Says where an error happened; serde_json keeps the line and column of the inner one.
#[cold]
pub(crate) fn in_field<E: Error>(name: &str, key: &str, error: &E) -> E {
    E::custom(format_args!("{name}.{key}: {error}"))
}

/// Reads a plain object.
pub(crate) struct ObjectVisitor<T>(pub(crate) PhantomData<T>);

impl<'de, T: Object> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object ({})", T::NAME)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::read(&mut Fields::new(T::NAME, Vec::new(), map))
    }
}
