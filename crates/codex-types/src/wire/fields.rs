//! Reads a JSON object entry by entry.

use std::{borrow::Cow, collections::BTreeMap, fmt, vec};

use serde::ser::SerializeMap;
use serde_json::{Map, Value, value::RawValue};

use super::{
    erased::read_json,
    mode::{Mode, mode},
    readable::{Readable, Slot, Substitute, from_json, read_or, read_or_rest},
    source::{Entries, Read, Source, Stop},
};
use crate::redact::shown_name;

/// A struct that is read from and written as the entries of a JSON object. A tagged union writes
/// its tag before these entries.
pub(crate) trait Object: Sized {
    /// Reads the entries of a value, or the remaining entries of a union.
    fn read<'de>(place: Place<'_, '_, 'de>) -> Read<Self>;

    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error>;
}

/// Reads a struct. All calls go through this function; [`read_value`](super::readable::read_value)
/// says why.
pub(crate) fn read_place<T: Object>(place: Place<'_, '_, '_>) -> Read<T> {
    T::read(place)
}

/// The entries to read a struct from.
pub(crate) enum Place<'a, 'b, 'de> {
    /// The entries of a value.
    Source(&'a mut dyn Source<'de>),
    /// The entries that follow the tag of a union.
    Fields(&'a mut Fields<'b, 'de>),
}

/// How a field is read. [`object`](crate::wire::object) documents the rules.
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Rule {
    required,
    natural,
    nullable,
    optional,
    clearable,
    omittable,
    default,
    #[allow(dead_code, reason = "no field of the pinned release has this rule")]
    default_or_null,
    envelope,
}

/// How entries that are not in the table of a struct are read.
pub(crate) enum Others<'a> {
    /// They are ignored.
    Skip,
    /// They are refused if the reading is strict.
    Unlisted,
    /// They are refused.
    Refuse,
    /// They are moved into the map `rest`.
    Rest(&'a mut dyn Rest),
}

/// The map of the entries that are not in the table of a struct.
pub(crate) trait Rest {
    /// Reads the value of `key`, which must be the key returned last.
    fn read(&mut self, key: &str, fields: &mut Fields<'_, '_>) -> Read<()>;
}

impl Rest for Map<String, Value> {
    fn read(&mut self, key: &str, fields: &mut Fields<'_, '_>) -> Read<()> {
        self.extend(fields.other(key)?);
        Ok(())
    }
}

impl<T: Readable> Rest for BTreeMap<String, T> {
    fn read(&mut self, key: &str, fields: &mut Fields<'_, '_>) -> Read<()> {
        self.extend(fields.other(key)?);
        Ok(())
    }
}

/// A struct as a table: its name, and the key and rule of each field.
pub(crate) struct ObjectTable {
    pub(crate) name: &'static str,
    pub(crate) fields: &'static [(&'static str, Rule)],
}

/// Reads the entries of an object into the slots of a struct. Without an error, the slots of
/// required and natural fields have a value.
pub(crate) fn read_object<'de>(
    place: Place<'_, '_, 'de>,
    table: &'static ObjectTable,
    slots: &mut [&mut dyn Slot],
    is_read: &mut [bool],
    mut others: Others<'_>,
) -> Read<()> {
    match place {
        Place::Fields(fields) => {
            fields.name = table.name;
            fields.read_object(table, slots, is_read, &mut others)
        }
        Place::Source(source) => {
            let expecting = format_args!("an object ({})", table.name);
            source.object(&expecting, &mut |entries| {
                Fields::new(table.name, Vec::new(), entries).read_object(
                    table,
                    slots,
                    is_read,
                    &mut others,
                )
            })
        }
    }
}

/// The remaining entries of an object.
pub(crate) struct Fields<'a, 'de> {
    /// Entries that precede the tag of a union. Empty if the tag comes first, as every known server
    /// sends it.
    early: vec::IntoIter<(String, Value)>,
    /// The value of the last key returned from `early`.
    early_value: Option<Value>,
    entries: &'a mut dyn Entries<'de>,
    mode: Mode,
    name: &'static str,
}

impl<'a, 'de> Fields<'a, 'de> {
    pub(crate) fn new(
        name: &'static str,
        early: Vec<(String, Value)>,
        entries: &'a mut dyn Entries<'de>,
    ) -> Self {
        Self {
            early: early.into_iter(),
            early_value: None,
            entries,
            mode: mode(),
            name,
        }
    }

    /// Returns the next key. The caller must then read or skip the value.
    pub(crate) fn next_key(&mut self) -> Read<Option<Cow<'de, str>>> {
        if let Some((key, value)) = self.early.next() {
            self.early_value = Some(value);
            return Ok(Some(Cow::Owned(key)));
        }
        self.entries.next_key()
    }

    fn read_object(
        &mut self,
        table: &'static ObjectTable,
        slots: &mut [&mut dyn Slot],
        is_read: &mut [bool],
        others: &mut Others<'_>,
    ) -> Read<()> {
        // Servers write the fields in the order of the table, mostly.
        let mut next = 0;
        while let Some(key) = self.next_key()? {
            let found = match table.fields.get(next) {
                Some((name, _)) if *name == key => Some(next),
                _ => table.fields.iter().position(|(name, _)| *name == key),
            };
            match found {
                Some(at) => {
                    let ((key, rule), slot) = (table.fields[at], &mut *slots[at]);
                    is_read[at] = self.field(key, rule, slot)?;
                    next = at + 1;
                }
                None => match others {
                    Others::Refuse => return Err(self.refuse(&key)),
                    // The schema of the object refuses such a key.
                    Others::Unlisted if self.refuses_unknown() => return Err(self.refuse(&key)),
                    Others::Skip | Others::Unlisted => self.skip()?,
                    Others::Rest(rest) => rest.read(&key, self)?,
                },
            }
        }
        for (((key, rule), slot), is_read) in table.fields.iter().zip(slots).zip(is_read) {
            let is_present = *is_read
                || match rule {
                    Rule::required => false,
                    Rule::natural => !self.requires_all() && slot.substitute(Substitute::Natural),
                    Rule::nullable => !self.refuses_unknown(),
                    _ => true,
                };
            if !is_present {
                return Err(self.missing(key));
            }
        }
        Ok(())
    }

    /// Reads the value of a field. Returns whether the field is present.
    fn field(&mut self, key: &str, rule: Rule, slot: &mut dyn Slot) -> Read<bool> {
        match rule {
            Rule::envelope => self.skip().map(|()| true),
            Rule::required => self.slot(key, slot).map(|()| true),
            Rule::natural => self.natural(key, slot),
            Rule::optional | Rule::nullable | Rule::default_or_null => {
                self.optional(key, slot).map(|_| true)
            }
            // `null` is a value of the field.
            Rule::clearable if self.mode != Mode::Lossy => self.slot(key, slot).map(|()| true),
            Rule::clearable => {
                let json = self.raw(key)?;
                read_or(&self.path(key), json.get(), slot, Substitute::Nothing);
                Ok(true)
            }
            Rule::omittable | Rule::default => match self.optional(key, slot)? {
                false if self.refuses_unknown() => Err(self.null(key)),
                _ => Ok(true),
            },
        }
    }

    /// Reads a value into a slot.
    fn slot(&mut self, key: &str, slot: &mut dyn Slot) -> Read<()> {
        self.read(key, |source| slot.read(source))
    }

    /// Reads a value into a slot unless it is `null`. Returns whether it is a value.
    fn slot_or_null(&mut self, key: &str, slot: &mut dyn Slot) -> Read<bool> {
        let mut is_value = false;
        self.read(key, |source| {
            is_value = source.option(&mut |source| slot.read(source))?;
            Ok(())
        })?;
        if !is_value {
            slot.substitute(Substitute::Nothing);
        }
        Ok(is_value)
    }

    /// Reads a value into a slot unless it is `null`. Returns whether it is a value. A value that
    /// cannot be read is an error, except in [`Mode::Lossy`], which records it.
    fn optional(&mut self, key: &str, slot: &mut dyn Slot) -> Read<bool> {
        if self.mode != Mode::Lossy {
            return self.slot_or_null(key, slot);
        }
        let json = self.raw(key)?;
        if json.get() == "null" {
            return Ok(slot.substitute(Substitute::Nothing));
        }
        read_or(&self.path(key), json.get(), slot, Substitute::Nothing);
        Ok(true)
    }

    /// Reads the value of a field that a server may leave out. Returns whether the field is
    /// present.
    fn natural(&mut self, key: &str, slot: &mut dyn Slot) -> Read<bool> {
        if self.mode == Mode::Lossy {
            let json = self.raw(key)?;
            if json.get() == "null" {
                return Ok(slot.substitute(Substitute::Nothing));
            }
            // The end of the object replaces a value that is missing.
            return Ok(read_or_rest(&self.path(key), json.get(), slot));
        }
        if self.slot_or_null(key, slot)? || slot.substitute(Substitute::Null) {
            return Ok(true);
        }
        match self.requires_all() {
            true => Err(self.null(key)),
            false => Ok(false),
        }
    }

    /// The path of a field, for the record of an unreadable part.
    fn path(&self, key: &str) -> String {
        format!("{}.{key}", self.name)
    }

    /// Reads the value of `key`, which must be the key returned last.
    #[inline]
    fn read(
        &mut self,
        key: &str,
        mut read: impl for<'any> FnMut(&mut dyn Source<'any>) -> Read<()>,
    ) -> Read<()> {
        let read = match &self.early_value {
            None => self.entries.value(&mut read),
            Some(_) => self.read_early(&mut read),
        };
        read.inspect_err(|Stop| self.entries.in_field(self.name, key))
    }

    /// Reads a value that precedes the tag of a union.
    #[cold]
    fn read_early(
        &mut self,
        read: &mut dyn for<'any> FnMut(&mut dyn Source<'any>) -> Read<()>,
    ) -> Read<()> {
        let value = self.early_value.take().unwrap_or_default();
        read_json(&value.to_string(), read)
            .map_err(|error| self.entries.fail(format_args!("{error}")))
    }

    /// Reads the value of `key`, which must be the key returned last.
    pub(crate) fn value<T: Readable>(&mut self, key: &str) -> Read<T> {
        let mut value = None;
        self.slot(key, &mut value)?;
        value.ok_or_else(|| self.missing(key))
    }

    /// Reads the value of `key` unless it is `null`.
    pub(crate) fn omittable<T: Readable>(&mut self, key: &str) -> Read<Option<T>> {
        let mut value = None;
        self.field(key, Rule::omittable, &mut value)?;
        Ok(value)
    }

    fn raw(&mut self, key: &str) -> Read<Box<RawValue>> {
        let mut raw = None;
        self.read(key, |source| {
            raw = Some(source.raw()?);
            Ok(())
        })?;
        raw.ok_or_else(|| self.missing(key))
    }

    /// Reads the params of a message; `null` counts as an empty object.
    pub(crate) fn params<T: Readable>(&mut self, method: &str) -> Read<T> {
        let mut params = None;
        if let Err(Stop) = self.read_params(&mut params) {
            return Err(self.malformed_params(method));
        }
        let params = params.map_or_else(|| from_json("{}"), Ok);
        params.map_err(|error| {
            self.entries.fail(format_args!("{error}"));
            self.malformed_params(method)
        })
    }

    fn read_params(&mut self, params: &mut dyn Slot) -> Read<()> {
        self.entries
            .value(&mut |source| source.option(&mut |source| params.read(source)).map(drop))
    }

    #[cold]
    fn malformed_params(&mut self, method: &str) -> Stop {
        let reason = self.entries.reason();
        let method = shown_name(method);
        self.entries
            .fail(format_args!("malformed params of `{method}`: {reason}"))
    }

    /// Skips the params of a message that has none. Strictly, those of a request must be `null`.
    pub(crate) fn no_params(&mut self, is_request: bool) -> Read<()> {
        match is_request && self.refuses_unknown() {
            true => self.read("params", |source| source.unit()),
            false => self.skip(),
        }
    }

    /// Skips the value of the key returned last.
    pub(crate) fn skip(&mut self) -> Read<()> {
        match self.early_value.take() {
            Some(_) => Ok(()),
            None => self.entries.skip(),
        }
    }

    /// Skips all remaining entries.
    pub(crate) fn skip_all(&mut self) -> Read<()> {
        while self.next_key()?.is_some() {
            self.skip()?;
        }
        Ok(())
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
    fn null(&mut self, key: &str) -> Stop {
        let (name, key) = (self.name, shown_name(key));
        self.fail(format_args!("{name}.{key}: must not be `null`"))
    }

    /// Reads an entry that is not in the table of the object. Returns `None` if the value cannot be
    /// read, which is an error except in [`Mode::Lossy`].
    fn other<T: Readable>(&mut self, key: &str) -> Read<Option<(String, T)>> {
        let mut value = None;
        self.field(key, Rule::clearable, &mut value)?;
        Ok(value.map(|value| (key.to_owned(), value)))
    }

    /// Fails because of an unknown tag.
    #[cold]
    pub(crate) fn refuse_tag(&mut self, tag: &str) -> Stop {
        let (name, tag) = (self.name, shown_name(tag));
        self.fail(format_args!("{name}: unknown tag `{tag}`"))
    }

    /// Fails because of an unknown method.
    #[cold]
    pub(crate) fn refuse_method(&mut self, method: &str) -> Stop {
        let method = shown_name(method);
        self.fail(format_args!("unknown method `{method}`"))
    }

    /// Fails because of an unknown key.
    #[cold]
    fn refuse(&mut self, key: &str) -> Stop {
        let (name, key) = (self.name, shown_name(key));
        self.fail(format_args!("{name}: unknown field `{key}`"))
    }

    /// Fails because of a missing field.
    #[cold]
    pub(crate) fn missing(&mut self, key: &str) -> Stop {
        let name = self.name;
        self.fail(format_args!("{name}: missing field `{key}`"))
    }

    /// Fails with a message.
    #[cold]
    pub(crate) fn fail(&mut self, message: fmt::Arguments<'_>) -> Stop {
        self.entries.fail(message)
    }

    /// Moves all remaining entries into a map.
    pub(crate) fn rest(&mut self, into: &mut Map<String, Value>) -> Read<()> {
        while let Some(key) = self.next_key()? {
            let value = self.value(&key)?;
            into.insert(key.into_owned(), value);
        }
        Ok(())
    }
}
