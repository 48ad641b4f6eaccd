//! The message unions: each message is a method with its params.

use std::fmt;

use serde::de::Error as _;
use serde_json::Value;

use super::{
    Fields,
    mode::refuses_unknown,
    readable::{Readable, from_json},
    source::{Read, Source, Stop},
};
use crate::redact::{Name, Opaque, shown_name, without_values};

/// The error when the params of a known method cannot be decoded.
#[non_exhaustive]
pub struct ParamsError {
    /// The method whose params were decoded.
    pub method: String,
    /// The fault, with the type and field, and the position in the params. Does not quote the
    /// value.
    pub source: serde_json::Error,
}

impl ParamsError {
    /// Keeps the position of the fault, but not the value that the message quotes.
    #[cold]
    fn new(method: &str, fault: &serde_json::Error) -> Self {
        // serde_json takes the position from the end of the message.
        let source = serde_json::Error::custom(without_values(fault));
        Self {
            method: method.to_owned(),
            source,
        }
    }
}

impl fmt::Display for ParamsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = shown_name(&self.method);
        write!(f, "malformed params of `{method}`: {}", self.source)
    }
}

impl std::error::Error for ParamsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// A message with a method unknown to this version, kept as received. `Debug` shows only the size
/// of the params, which may contain secrets.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct UnrecognizedMessage {
    /// The method.
    pub method: String,
    /// The params; `None` if absent.
    pub params: Option<Value>,
    /// When the server sent the notification, in milliseconds since the Unix epoch. `None` for
    /// requests.
    pub emitted_at_ms: Option<i64>,
}

impl fmt::Debug for UnrecognizedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnrecognizedMessage")
            .field("method", &Name(&self.method))
            .field("params", &self.params.as_ref().map(Opaque))
            .field("emitted_at_ms", &self.emitted_at_ms)
            .finish()
    }
}

impl fmt::Debug for ParamsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParamsError")
            .field("method", &Name(&self.method))
            .field("source", &self.source)
            .finish()
    }
}

impl UnrecognizedMessage {
    /// Creates a message.
    #[must_use]
    pub fn new(method: impl Into<String>, params: Option<Value>) -> Self {
        Self {
            method: method.into(),
            params,
            emitted_at_ms: None,
        }
    }

    /// Returns the string that a path of keys leads to in the params.
    pub(crate) fn string(&self, path: &[&str]) -> Option<&str> {
        let params = self.params.as_ref()?;
        path.iter()
            .try_fold(params, |value, key| value.get(key))?
            .as_str()
    }
}

/// Decodes params; absent params count as an empty object.
pub(crate) fn params<T: Readable>(method: &str, params: Option<&str>) -> Result<T, ParamsError> {
    from_json(params.unwrap_or("{}")).map_err(|source| ParamsError::new(method, &source))
}

/// Keeps a message with an unknown method.
pub(crate) fn unknown(
    method: &str,
    params: Option<&str>,
) -> Result<UnrecognizedMessage, ParamsError> {
    let params = params.map(serde_json::from_str).transpose();
    match params {
        Ok(_) if refuses_unknown() => Err(ParamsError::new(
            method,
            &serde_json::Error::custom("unknown method"),
        )),
        Ok(params) => Ok(UnrecognizedMessage::new(method, params)),
        Err(source) => Err(ParamsError::new(method, &source)),
    }
}

/// Checks the params of a method that has none: strictly, they must be absent or `null`.
pub(crate) fn no_params(method: &str, params: Option<&str>) -> Result<(), ParamsError> {
    match params {
        Some(params) if refuses_unknown() => {
            serde_json::from_str(params).map_err(|source| ParamsError::new(method, &source))
        }
        _ => Ok(()),
    }
}

/// A message union, read from the members of an object.
pub(crate) trait Message: Sized {
    /// Whether the messages are requests, which have an `id`.
    const HAS_ID: bool;

    /// Reads the current value as the params of a method.
    fn read_params(method: &str, fields: &mut Fields<'_, '_>) -> Read<Self>;

    /// Decodes the message from the JSON text of its params.
    fn from_text(method: &str, params: Option<&str>) -> Result<Self, ParamsError>;

    /// Sets the timestamp of the message.
    fn set_time(&mut self, emitted_at_ms: Option<i64>);
}

/// Reads a message. Reads straight from the input if the method precedes the params, as every known
/// server sends it.
pub(crate) fn read_message<T: Message>(source: &mut dyn Source<'_>) -> Read<T> {
    let (mut method, mut message, mut early, mut time) = (None::<String>, None, None, None);
    source.object(&"a message: an object with `method`", &mut |entries| {
        let mut fields = Fields::new("message", Vec::new(), entries);
        let mut has_id = !(T::HAS_ID && fields.refuses_unknown());
        while let Some(key) = fields.next_key()? {
            match (&*key, &method) {
                ("method", _) => method = Some(fields.value("method")?),
                ("params", Some(method)) => message = Some(T::read_params(method, &mut fields)?),
                ("params", None) => {
                    let params = fields.value::<Option<Value>>("params")?;
                    early = params.map(|params| params.to_string());
                }
                ("id", _) if T::HAS_ID && fields.refuses_unknown() => {
                    let id = fields.value::<Value>("id")?;
                    if !id.is_string() && !id.is_i64() {
                        return Err(fields.fail(format_args!("message.id: not a request id")));
                    }
                    has_id = true;
                }
                ("emittedAtMs", _) => time = fields.omittable("emittedAtMs")?,
                _ => fields.skip()?,
            }
        }
        let Some(method) = &method else {
            return Err(fields.missing("method"));
        };
        if message.is_none() {
            let decoded = T::from_text(method, early.as_deref());
            message = Some(decoded.map_err(|error| fields.fail(format_args!("{error}")))?);
        }
        match has_id {
            true => Ok(()),
            false => Err(fields.missing("id")),
        }
    })?;
    let mut message = message.ok_or(Stop)?;
    message.set_time(time);
    Ok(message)
}

/// Implements `METHODS`, `decode`, `method`, `Serialize` and `Deserialize` for a message union from
/// a table of its methods, with `Unrecognized(Box<UnrecognizedMessage>)` for all others.
///
/// On the wire, a message is an object with `method` and `params`. An `id` next to them is ignored,
/// except that a strict reading expects it of `requests`. Server notifications are `timed`: the
/// `emittedAtMs` next to their params is stored in the params.
macro_rules! messages {
    (timed $name:ident { $($method:literal => $variant:ident($params:ident)),* $(,)? }) => {
        $crate::wire::messages!(@common $name { $($method => $variant ($params),)* });

        impl $name {
            /// Decodes a message from its method, params and timestamp.
            ///
            /// An unknown method is not an error: the result is
            /// [`Unrecognized`](Self::Unrecognized).
            ///
            /// # Errors
            ///
            /// [`ParamsError`](crate::ParamsError) if the params do not match a known method.
            #[inline]
            pub fn decode(
                method: &str,
                params: Option<&::serde_json::value::RawValue>,
                emitted_at_ms: Option<i64>,
            ) -> Result<Self, $crate::ParamsError> {
                let params = params.map(::serde_json::value::RawValue::get);
                Self::decode_text(method, params, emitted_at_ms)
            }

            /// Like [`decode`](Self::decode), but takes unvalidated JSON text and reads it only
            /// once. Creating a [`RawValue`](::serde_json::value::RawValue) would read the text an
            /// additional time.
            ///
            /// # Errors
            ///
            /// The same as for [`decode`](Self::decode), and also if the text is not valid JSON.
            #[inline]
            pub fn decode_text(
                method: &str,
                params: Option<&str>,
                emitted_at_ms: Option<i64>,
            ) -> Result<Self, $crate::ParamsError> {
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

            /// Returns when the server sent the notification, in milliseconds since the Unix epoch.
            pub fn emitted_at_ms(&self) -> Option<i64> {
                match self {
                    $(Self::$variant(params) => params.emitted_at_ms,)*
                    Self::Unrecognized(message) => message.emitted_at_ms,
                }
            }
        }

        $crate::wire::messages!(@serde $name false [emitted_at_ms set_emitted_at_ms] {
            $($method => $variant ($params),)*
        });
    };
    (requests $name:ident { $($body:tt)* }) => {
        $crate::wire::messages!(@untimed $name [true] { $($body)* });
    };
    ($name:ident { $($body:tt)* }) => {
        $crate::wire::messages!(@untimed $name [false] { $($body)* });
    };
    (@untimed $name:ident [$has_id:literal] {
        $($method:literal => $variant:ident $(($params:ident))?),* $(,)?
    }) => {
        $crate::wire::messages!(@common $name { $($method => $variant $(($params))?,)* });

        impl $name {
            /// Decodes a message from its method and params.
            ///
            /// An unknown method is not an error: the result is
            /// [`Unrecognized`](Self::Unrecognized).
            ///
            /// # Errors
            ///
            /// [`ParamsError`](crate::ParamsError) if the params do not match a known method.
            #[inline]
            pub fn decode(
                method: &str,
                params: Option<&::serde_json::value::RawValue>,
            ) -> Result<Self, $crate::ParamsError> {
                Self::decode_params(method, params.map(::serde_json::value::RawValue::get))
            }
        }

        $crate::wire::messages!(@serde $name $has_id [] { $($method => $variant $(($params))?,)* });
    };
    (@common $name:ident { $($method:literal => $variant:ident $(($params:ident))?,)* }) => {
        impl $name {
            /// All methods of this union that this version knows.
            pub const METHODS: &'static [&'static str] = &[$($method),*];

            #[inline]
            fn decode_params(
                method: &str,
                params: Option<&str>,
            ) -> Result<Self, $crate::ParamsError> {
                Ok(match method {
                    $($method => $crate::wire::message_decode!(
                        $variant method params $(($params))?
                    ),)*
                    _ => Self::Unrecognized(Box::new($crate::wire::unknown(method, params)?)),
                })
            }

            /// Returns the method name.
            pub fn method(&self) -> &str {
                match self {
                    $(Self::$variant { .. } => $method,)*
                    Self::Unrecognized(message) => &message.method,
                }
            }
        }
    };
    (@serde $name:ident $has_id:literal [$($time:ident $set_time:ident)?] {
        $($method:literal => $variant:ident $(($params:ident))?,)*
    }) => {
        impl $crate::wire::Message for $name {
            const HAS_ID: bool = $has_id;

            #[inline]
            fn read_params(
                method: &str,
                fields: &mut $crate::wire::Fields<'_, '_>,
            ) -> $crate::wire::Read<Self> {
                Ok(match method {
                    $($method => $crate::wire::message_read!(
                        $variant method fields $(($params))?
                    ),)*
                    _ if fields.refuses_unknown() => return Err(fields.refuse_method(method)),
                    _ => {
                        let params = fields.value("params")?;
                        Self::Unrecognized(Box::new($crate::UnrecognizedMessage::new(method, params)))
                    }
                })
            }

            #[inline]
            fn from_text(method: &str, params: Option<&str>) -> Result<Self, $crate::ParamsError> {
                Self::decode_params(method, params)
            }

            #[allow(unused_variables)]
            fn set_time(&mut self, emitted_at_ms: Option<i64>) {
                $(self.$set_time(emitted_at_ms);)?
            }
        }

        $crate::wire::schema! { $name, generator => $crate::wire::schema::messages(
            vec![$(($method, $crate::wire::schema::body_schema!(generator $(($params))?)),)*],
            &[$(stringify!($time))?],
        ) }

        impl $crate::wire::Readable for $name {
            #[inline]
            fn read<'de>(
                source: &mut dyn $crate::wire::Source<'de>,
            ) -> $crate::wire::Read<Self> {
                $crate::wire::read_message(source)
            }

            #[inline]
            fn absent() -> Option<Self> {
                None
            }
        }

        $crate::wire::deserialize!($name);

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
    ($variant:ident $method:ident $json:ident) => {{
        $crate::wire::no_params(
            $method,
            $json.filter(|_| <Self as $crate::wire::Message>::HAS_ID),
        )?;
        Self::$variant
    }};
}

macro_rules! message_read {
    ($variant:ident $method:ident $fields:ident ($params:ident)) => {
        Self::$variant($fields.params::<$params>($method)?.into())
    };
    ($variant:ident $method:ident $fields:ident) => {{
        $fields.no_params(<Self as $crate::wire::Message>::HAS_ID)?;
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
