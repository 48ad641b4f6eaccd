//! The unions of messages: a method, and the params that belong to it.

use std::{fmt, marker::PhantomData};

use serde::de::{DeserializeOwned, Error as _, MapAccess, Visitor};
use serde_json::Value;

use super::Fields;

/// The params of a method that is known do not fit it.
#[derive(Debug)]
#[non_exhaustive]
pub struct DecodeError {
    /// The method whose params were decoded.
    pub method: String,
    /// Which type and field, what was expected, and where in the params.
    pub source: serde_json::Error,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed params of `{}`: {}", self.method, self.source)
    }
}

impl std::error::Error for DecodeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// A message with a method that this version does not know, as it was.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UnrecognizedMessage {
    /// The method.
    pub method: String,
    /// Its params; `None` if absent.
    pub params: Option<Value>,
    /// When the server sent it, in milliseconds since the Unix epoch; for notifications.
    pub emitted_at_ms: Option<i64>,
}

impl UnrecognizedMessage {
    /// A message of this method.
    #[must_use]
    pub fn new(method: impl Into<String>, params: Option<Value>) -> Self {
        Self {
            method: method.into(),
            params,
            emitted_at_ms: None,
        }
    }

    /// A string in the params, by a path of keys.
    pub(crate) fn string(&self, path: &[&str]) -> Option<&str> {
        let params = self.params.as_ref()?;
        path.iter()
            .try_fold(params, |value, key| value.get(key))?
            .as_str()
    }
}

/// Decodes params; absent ones are an empty object.
#[inline]
pub(crate) fn params<T: DeserializeOwned>(
    method: &str,
    params: Option<&str>,
) -> Result<T, DecodeError> {
    serde_json::from_str(params.unwrap_or("{}")).map_err(|source| DecodeError {
        method: method.to_owned(),
        source,
    })
}

/// Keeps the message of a method that is not known.
pub(crate) fn unknown(
    method: &str,
    params: Option<&str>,
) -> Result<UnrecognizedMessage, DecodeError> {
    let params = params.map(serde_json::from_str).transpose();
    match params {
        Ok(params) => Ok(UnrecognizedMessage::new(method, params)),
        Err(source) => Err(DecodeError {
            method: method.to_owned(),
            source,
        }),
    }
}

/// A union of messages that is read from the members of an object.
pub(crate) trait Message: Sized {
    /// Reads the params of this method, which are the value at hand.
    fn read<'de, A: MapAccess<'de>>(
        method: &str,
        fields: &mut Fields<'de, A>,
    ) -> Result<Self, A::Error>;

    /// Makes the message from the JSON of its params.
    fn from_text(method: &str, params: Option<&str>) -> Result<Self, DecodeError>;

    /// Takes the time that stands beside the params.
    fn set_time(&mut self, emitted_at_ms: Option<i64>);
}

/// Reads a message: straight from the input if the method comes before the params, as it does from
/// every known server.
pub(crate) struct MessageVisitor<T>(pub(crate) PhantomData<T>);

impl<'de, T: Message> Visitor<'de> for MessageVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message: an object with `method`")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        let mut fields = Fields::new("message", Vec::new(), map);
        let (mut method, mut message, mut early, mut time) = (None::<String>, None, None, None);
        while let Some(key) = fields.next_key()? {
            match (&*key, &method) {
                ("method", _) => method = Some(fields.value("method")?),
                ("params", Some(method)) => message = Some(T::read(method, &mut fields)?),
                ("params", None) => {
                    let params = fields.value::<Option<Value>>("params")?;
                    early = params.map(|params| params.to_string());
                }
                ("emittedAtMs", _) => time = fields.value("emittedAtMs")?,
                _ => fields.skip()?,
            }
        }
        let method = fields.required(method, "method")?;
        let mut message = match message {
            Some(message) => message,
            None => T::from_text(&method, early.as_deref()).map_err(A::Error::custom)?,
        };
        message.set_time(time);
        Ok(message)
    }
}

/// Implements `METHODS`, `decode`, `method`, `Serialize` and `Deserialize` for a union of messages
/// from a table of its methods, with `Unrecognized(Box<UnrecognizedMessage>)` for the others. On the
/// wire it is an object with `method` and `params`; an `id` beside them is the business of
/// [`WithId`](crate::rpc::WithId). Notifications of the server are `timed`: they have
/// `emittedAtMs` beside their params, which is handed to the params.
macro_rules! messages {
    (timed $name:ident { $($method:literal => $variant:ident($params:ident)),* $(,)? }) => {
        $crate::wire::messages!(@common $name { $($method => $variant ($params),)* });

        impl $name {
            /// Decodes the params of a message. `emitted_at_ms` is what stands beside them.
            ///
            /// A method that is not known is [`Unrecognized`](Self::Unrecognized), not an error.
            ///
            /// # Errors
            ///
            /// [`DecodeError`](crate::DecodeError) if the method is known and the params do not
            /// fit it.
            #[inline]
            pub fn decode(
                method: &str,
                params: Option<&::serde_json::value::RawValue>,
                emitted_at_ms: Option<i64>,
            ) -> Result<Self, $crate::DecodeError> {
                let params = params.map(::serde_json::value::RawValue::get);
                Self::decode_text(method, params, emitted_at_ms)
            }

            /// Decodes params that are JSON text. It need not be known to be valid: to make sure
            /// of that first, as a [`RawValue`](::serde_json::value::RawValue) does, is to read it
            /// twice.
            ///
            /// # Errors
            ///
            /// As [`decode`](Self::decode), and if the text is no JSON.
            #[inline]
            pub fn decode_text(
                method: &str,
                params: Option<&str>,
                emitted_at_ms: Option<i64>,
            ) -> Result<Self, $crate::DecodeError> {
                let mut message = Self::decode_params(method, params)?;
                message.set_emitted_at_ms(emitted_at_ms);
                Ok(message)
            }

            fn set_emitted_at_ms(&mut self, emitted_at_ms: Option<i64>) {
                match self {
                    $(Self::$variant(params) => params.emitted_at_ms = emitted_at_ms,)*
                    Self::Unrecognized(message) => message.emitted_at_ms = emitted_at_ms,
                }
            }

            /// When the server sent it, in milliseconds since the Unix epoch.
            pub fn emitted_at_ms(&self) -> Option<i64> {
                match self {
                    $(Self::$variant(params) => params.emitted_at_ms,)*
                    Self::Unrecognized(message) => message.emitted_at_ms,
                }
            }
        }

        $crate::wire::messages!(@serde $name [emitted_at_ms set_emitted_at_ms] {
            $($method => $variant ($params),)*
        });
    };
    ($name:ident { $($method:literal => $variant:ident $(($params:ident))?),* $(,)? }) => {
        $crate::wire::messages!(@common $name { $($method => $variant $(($params))?,)* });

        impl $name {
            /// Decodes the params of a message.
            ///
            /// A method that is not known is [`Unrecognized`](Self::Unrecognized), not an error.
            ///
            /// # Errors
            ///
            /// [`DecodeError`](crate::DecodeError) if the method is known and the params do not
            /// fit it.
            #[inline]
            pub fn decode(
                method: &str,
                params: Option<&::serde_json::value::RawValue>,
            ) -> Result<Self, $crate::DecodeError> {
                Self::decode_params(method, params.map(::serde_json::value::RawValue::get))
            }
        }

        $crate::wire::messages!(@serde $name [] { $($method => $variant $(($params))?,)* });
    };
    (@common $name:ident { $($method:literal => $variant:ident $(($params:ident))?,)* }) => {
        impl $name {
            /// Every method of this union that this version knows.
            pub const METHODS: &'static [&'static str] = &[$($method),*];

            #[inline]
            fn decode_params(
                method: &str,
                params: Option<&str>,
            ) -> Result<Self, $crate::DecodeError> {
                Ok(match method {
                    $($method => $crate::wire::message_decode!(
                        $variant method params $(($params))?
                    ),)*
                    _ => Self::Unrecognized(Box::new($crate::wire::unknown(method, params)?)),
                })
            }

            /// The method on the wire.
            pub fn method(&self) -> &str {
                match self {
                    $(Self::$variant { .. } => $method,)*
                    Self::Unrecognized(message) => &message.method,
                }
            }
        }
    };
    (@serde $name:ident [$($time:ident $set_time:ident)?] {
        $($method:literal => $variant:ident $(($params:ident))?,)*
    }) => {
        impl $crate::wire::Message for $name {
            fn read<'de, A: ::serde::de::MapAccess<'de>>(
                method: &str,
                fields: &mut $crate::wire::Fields<'de, A>,
            ) -> Result<Self, A::Error> {
                Ok(match method {
                    $($method => $crate::wire::message_read!(
                        $variant method fields $(($params))?
                    ),)*
                    _ => {
                        let params = fields.value("params")?;
                        Self::Unrecognized(Box::new($crate::UnrecognizedMessage::new(method, params)))
                    }
                })
            }

            // Inlined, as all that decodes here, so that it is compiled where it is used and not here: it is
            // more than half of what this crate would cost.
            #[inline]
            fn from_text(method: &str, params: Option<&str>) -> Result<Self, $crate::DecodeError> {
                Self::decode_params(method, params)
            }

            #[allow(unused_variables)]
            fn set_time(&mut self, emitted_at_ms: Option<i64>) {
                $(self.$set_time(emitted_at_ms);)?
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_map($crate::wire::MessageVisitor(::std::marker::PhantomData))
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use ::serde::ser::SerializeMap as _;

                let mut map = serializer.serialize_map(None)?;
                map.serialize_entry("method", self.method())?;
                match self {
                    $($crate::wire::tagged_body!(params $variant $(($params))?) => {
                        $crate::wire::message_write!(map params $(($params))?);
                    })*
                    Self::Unrecognized(message) => {
                        if let Some(params) = &message.params {
                            map.serialize_entry("params", params)?;
                        }
                    }
                }
                $(if let Some(time) = self.$time() {
                    map.serialize_entry("emittedAtMs", &time)?;
                })?
                map.end()
            }
        }
    };
}

macro_rules! message_decode {
    ($variant:ident $method:ident $json:ident ($params:ident)) => {
        Self::$variant($crate::wire::params::<$params>($method, $json)?.into())
    };
    ($variant:ident $method:ident $json:ident) => {
        Self::$variant
    };
}

macro_rules! message_read {
    ($variant:ident $method:ident $fields:ident ($params:ident)) => {
        Self::$variant($fields.params::<$params>($method)?.into())
    };
    ($variant:ident $method:ident $fields:ident) => {{
        $fields.skip()?;
        Self::$variant
    }};
}

macro_rules! message_write {
    ($map:ident $value:ident ($params:ident)) => {
        $map.serialize_entry("params", $value)?
    };
    ($map:ident $value:ident) => {};
}

pub(crate) use {message_decode, message_read, message_write, messages};
