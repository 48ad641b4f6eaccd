//! Enums of strings, and newtypes around strings.

use super::mode::refuses_unknown;

/// Returns a value of an open enum that is not in its table, unless the schema lists all values and
/// the reading is strict.
#[cold]
pub(crate) fn unlisted<T>(value: T, complete: bool) -> Option<T> {
    (!complete || !refuses_unknown()).then_some(value)
}

/// Implements conversions, `Display`, `Serialize` and `Deserialize` for an enum of strings from a
/// table of its values. An open enum has a variant `Unrecognized(String)` for all other values.
/// `partial` before the name says that the schema accepts values that are not in the table.
macro_rules! strings {
    (partial $name:ident { $($body:tt)* }) => {
        $crate::wire::strings!(@open $name [false] { $($body)* });
    };
    ($name:ident { $($body:tt)* }) => {
        $crate::wire::strings!(@open $name [true] { $($body)* });
    };
    (@open $name:ident [$complete:literal] { $($wire:literal => $variant:ident),* $(,)? }) => {
        impl $name {
            /// Returns the wire value.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $wire,)*
                    Self::Unrecognized(value) => value,
                }
            }
        }

        impl From<&str> for $name {
            fn from(value: &str) -> Self {
                match value {
                    $($wire => Self::$variant,)*
                    _ => Self::Unrecognized(value.to_owned()),
                }
            }
        }

        impl From<String> for $name {
            fn from(value: String) -> Self {
                Self::from(value.as_str())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = ::std::convert::Infallible;

            fn from_str(value: &str) -> Result<Self, Self::Err> {
                Ok(Self::from(value))
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self {
                    $(Self::$variant => f.write_str(stringify!($variant)),)*
                    Self::Unrecognized(value) => $crate::wire::unrecognized_debug(f, value, None),
                }
            }
        }

        impl $crate::wire::Readable for $name {
            #[inline]
            fn read<'de>(
                source: &mut dyn $crate::wire::Source<'de>,
            ) -> $crate::wire::Read<Self> {
                let mut value = None;
                source.text(stringify!($name), &mut |text| {
                    value = match Self::from(text) {
                        value @ Self::Unrecognized(_) => $crate::wire::unlisted(value, $complete),
                        value => Some(value),
                    };
                    value.is_some()
                })?;
                value.ok_or($crate::wire::Stop)
            }

            #[inline]
            fn absent() -> Option<Self> {
                Some(Self::Unrecognized(String::new()))
            }
        }

        $crate::wire::deserialize!($name);

        $crate::wire::as_string!($name);
        $crate::wire::schema! {
            $name, generator => $crate::wire::schema::strings(&[$($wire),*], true)
        }
    };
    (closed $name:ident { $($wire:literal => $variant:ident),* $(,)? }) => {
        impl $name {
            /// Returns the wire value.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $wire,)*
                }
            }
        }

        impl $crate::wire::Readable for $name {
            #[inline]
            fn read<'de>(
                source: &mut dyn $crate::wire::Source<'de>,
            ) -> $crate::wire::Read<Self> {
                let mut value = None;
                source.text(stringify!($name), &mut |text| {
                    value = match text {
                        $($wire => Some(Self::$variant),)*
                        _ => None,
                    };
                    value.is_some()
                })?;
                value.ok_or($crate::wire::Stop)
            }

            #[inline]
            fn absent() -> Option<Self> {
                None
            }
        }

        $crate::wire::deserialize!($name);

        $crate::wire::as_string!($name);
        $crate::wire::schema! {
            $name, generator => $crate::wire::schema::strings(&[$($wire),*], false)
        }
    };
}

/// Implements conversions and serialisation for a newtype around a string.
macro_rules! string_newtype {
    ($name:ident) => {
        impl $name {
            /// Returns the string.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(value: &str) -> Self {
                Self(value.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(value: String) -> Self {
                Self(value)
            }
        }

        impl $crate::wire::Readable for $name {
            fn read<'de>(source: &mut dyn $crate::wire::Source<'de>) -> $crate::wire::Read<Self> {
                source.string().map(Self)
            }

            #[inline]
            fn absent() -> Option<Self> {
                Some(Self(String::new()))
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl ::std::ops::Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        $crate::wire::deserialize!($name);

        $crate::wire::as_string!($name);
        $crate::wire::schema! {
            $name, generator => ::schemars::json_schema!({ "type": "string" })
        }
    };
}

/// Implements the traits that all types with a string representation share.
macro_rules! as_string {
    ($name:ident) => {
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

pub(crate) use {as_string, string_newtype, strings};
