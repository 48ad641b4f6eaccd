//! Reads a JSON object entry by entry.

use std::{borrow::Cow, fmt, marker::PhantomData, vec};

use serde::{
    de::{DeserializeOwned, Error, IgnoredAny, MapAccess, Visitor},
    ser::SerializeMap,
};
use serde_json::{Map, Value, value::RawValue};

use super::{
    BorrowedStr,
    mode::{Mode, mode},
    natural::{Natural, read_or, read_or_record},
};
use crate::redact::{shown_name, without_values};

/// A struct that is read from and written as the entries of a JSON object. A tagged union writes
/// its tag before these entries.
pub(crate) trait Object: Sized {
    /// The name of the Rust type, for errors.
    const NAME: &'static str;

    fn read<'de, A: MapAccess<'de>>(fields: &mut Fields<'de, A>) -> Result<Self, A::Error>;

    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error>;
}

/// The remaining entries of an object.
pub(crate) struct Fields<'de, A> {
    /// Entries that precede the tag of a union. Empty if the tag comes first, as every known server
    /// sends it.
    early: vec::IntoIter<(String, Value)>,
    /// The value of the last key returned from `early`.
    early_value: Option<Value>,
    map: A,
    mode: Mode,
    name: &'static str,
    marker: PhantomData<&'de ()>,
}

impl<'de, A: MapAccess<'de>> Fields<'de, A> {
    pub(crate) fn new(name: &'static str, early: Vec<(String, Value)>, map: A) -> Self {
        Self {
            early: early.into_iter(),
            early_value: None,
            map,
            mode: mode(),
            name,
            marker: PhantomData,
        }
    }

    /// Returns the next key. The caller must then call `value` or `skip`.
    pub(crate) fn next_key(&mut self) -> Result<Option<Cow<'de, str>>, A::Error> {
        if let Some((key, value)) = self.early.next() {
            self.early_value = Some(value);
            return Ok(Some(Cow::Owned(key)));
        }
        Ok(self.map.next_key::<BorrowedStr<'de>>()?.map(|key| key.0))
    }

    /// Decodes the value of `key`, which must be the key returned last.
    pub(crate) fn value<T: DeserializeOwned>(&mut self, key: &str) -> Result<T, A::Error> {
        let value = match self.early_value.take() {
            // Decodes from text: decoding every type from `Value` as well would double the compiled
            // code.
            Some(value) => serde_json::from_str(&value.to_string()).map_err(Error::custom),
            None => self.map.next_value(),
        };
        value.map_err(|error| in_field(self.name, key, &error))
    }

    /// Decodes the value of `key` if it can be read. A value that cannot be read is an error,
    /// except in [`Mode::Lossy`], which records it.
    pub(crate) fn optional<T: DeserializeOwned>(
        &mut self,
        key: &str,
    ) -> Result<Option<T>, A::Error> {
        if self.mode != Mode::Lossy {
            return self.value(key).map(Some);
        }
        let json = self.raw(key)?;
        Ok(read_or(&format!("{}.{key}", self.name), json.get(), || {
            None
        }))
    }

    /// Like [`optional`](Self::optional), for a field that may be absent but not `null`.
    pub(crate) fn omittable<T: DeserializeOwned>(
        &mut self,
        key: &str,
    ) -> Result<Option<Option<T>>, A::Error> {
        match self.optional::<Option<T>>(key)? {
            Some(None) if self.refuses_unknown() => Err(self.null(key)),
            value => Ok(value),
        }
    }

    /// Decodes the value of `key`, which a server may leave out: `None` for `null`.
    pub(crate) fn natural<T: Natural>(&mut self, key: &str) -> Result<Option<T>, A::Error> {
        if self.mode == Mode::Lossy {
            let json = self.raw(key)?;
            return Ok(match json.get() {
                "null" => None,
                json => read_or_record(&format!("{}.{key}", self.name), json),
            });
        }
        match self.value::<Option<T>>(key)? {
            None if T::ACCEPTS_NULL => Ok(T::absent()),
            None if self.requires_all() => Err(self.null(key)),
            value => Ok(value),
        }
    }

    /// Unwraps a field that a server may leave out.
    pub(crate) fn or_absent<T: Natural>(&self, value: Option<T>, key: &str) -> Result<T, A::Error> {
        let value = match value {
            None if !self.requires_all() => T::absent(),
            value => value,
        };
        self.required(value, key)
    }

    fn raw(&mut self, key: &str) -> Result<Box<RawValue>, A::Error> {
        match self.early_value.take() {
            Some(value) => serde_json::value::to_raw_value(&value).map_err(Error::custom),
            None => self.map.next_value(),
        }
        .map_err(|error| in_field(self.name, key, &error))
    }

    /// Decodes the params of a message; `null` counts as an empty object.
    pub(crate) fn params<T: DeserializeOwned>(&mut self, method: &str) -> Result<T, A::Error> {
        let params = self
            .map
            .next_value::<Option<T>>()
            .and_then(|params| match params {
                Some(params) => Ok(params),
                None => serde_json::from_str("{}").map_err(Error::custom),
            });
        params.map_err(|error| {
            let reason = without_values(&error);
            let method = shown_name(method);
            Error::custom(format_args!("malformed params of `{method}`: {reason}"))
        })
    }

    /// Skips the params of a message that has none. Strictly, those of a request must be `null`.
    pub(crate) fn no_params(&mut self, is_request: bool) -> Result<(), A::Error> {
        match is_request && self.refuses_unknown() {
            true => self.value::<()>("params"),
            false => self.skip(),
        }
    }

    /// Skips the value of the key returned last.
    pub(crate) fn skip(&mut self) -> Result<(), A::Error> {
        match self.early_value.take() {
            Some(_) => Ok(()),
            None => self.map.next_value::<IgnoredAny>().map(drop),
        }
    }

    /// Skips all remaining entries.
    pub(crate) fn skip_all(&mut self) -> Result<(), A::Error> {
        while self.next_key()?.is_some() {
            self.skip()?;
        }
        Ok(())
    }

    /// Reads a struct from the remaining entries.
    pub(crate) fn object<T: Object>(&mut self) -> Result<T, A::Error> {
        self.name = T::NAME;
        T::read(self)
    }

    /// Whether a required field must be present.
    fn requires_all(&self) -> bool {
        matches!(self.mode, Mode::Strict | Mode::Complete)
    }

    /// Whether values that the schema does not list are errors.
    pub(crate) fn refuses_unknown(&self) -> bool {
        self.mode == Mode::Strict
    }

    #[cold]
    fn null(&self, key: &str) -> A::Error {
        in_field(self.name, key, &A::Error::custom("must not be `null`"))
    }

    /// Unwraps a required field that may be `null`.
    pub(crate) fn or_null<T>(
        &self,
        value: Option<Option<T>>,
        key: &str,
    ) -> Result<Option<T>, A::Error> {
        match value {
            None if self.refuses_unknown() => self.required(value, key),
            value => Ok(value.flatten()),
        }
    }

    /// Skips the value of a key that is not in the schema of the object. The schema refuses such a
    /// key.
    pub(crate) fn unlisted(&mut self, key: &str) -> Result<(), A::Error> {
        match self.refuses_unknown() {
            true => self.refuse(key),
            false => self.skip(),
        }
    }

    /// Fails because of an unknown tag.
    #[cold]
    pub(crate) fn refuse_tag<T>(&self, tag: &str) -> Result<T, A::Error> {
        let (name, tag) = (self.name, shown_name(tag));
        Err(Error::custom(format_args!("{name}: unknown tag `{tag}`")))
    }

    /// Fails because of an unknown method.
    #[cold]
    pub(crate) fn refuse_method<T>(&self, method: &str) -> Result<T, A::Error> {
        let method = shown_name(method);
        Err(Error::custom(format_args!("unknown method `{method}`")))
    }

    /// Fails because of an unknown key.
    pub(crate) fn refuse<T>(&self, key: &str) -> Result<T, A::Error> {
        Err(Error::custom(format_args!(
            "{}: unknown field `{}`",
            self.name,
            shown_name(key)
        )))
    }

    /// Unwraps a required field.
    pub(crate) fn required<T>(&self, value: Option<T>, key: &str) -> Result<T, A::Error> {
        match value {
            Some(value) => Ok(value),
            None => Err(Error::custom(format_args!(
                "{}: missing field `{key}`",
                self.name
            ))),
        }
    }

    /// Moves all remaining entries into a map.
    pub(crate) fn rest(&mut self, into: &mut Map<String, Value>) -> Result<(), A::Error> {
        while let Some(key) = self.next_key()? {
            let value = self.value(&key)?;
            into.insert(key.into_owned(), value);
        }
        Ok(())
    }
}

/// Adds the type and key to an error. serde_json keeps the line and column of the inner error.
#[cold]
pub(crate) fn in_field<E: Error>(name: &str, key: &str, error: &E) -> E {
    let (key, reason) = (shown_name(key), without_values(error));
    E::custom(format_args!("{name}.{key}: {reason}"))
}

/// Reads an object as a struct.
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
