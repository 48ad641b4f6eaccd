//! Any value, as a type of its own.

/// Implements `Debug`, `Serialize`, `Deserialize` and `From<Value>` for a newtype around a
/// [`Value`](::serde_json::Value). `Debug` shows only the size of the value, which may contain
/// secrets.
// The pinned release has no such type.
#[allow(unused_macros)]
macro_rules! any {
    ($name:ident) => {
        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_tuple(stringify!($name))
                    .field(&$crate::redact::Opaque(&self.0))
                    .finish()
            }
        }

        impl $crate::wire::Readable for $name {
            const ACCEPTS_NULL: bool = true;

            fn read<'de>(source: &mut dyn $crate::wire::Source<'de>) -> $crate::wire::Read<Self> {
                source.value().map(Self)
            }

            #[inline]
            fn absent() -> Option<Self> {
                Some(Self(::serde_json::Value::Null))
            }
        }

        $crate::wire::deserialize!($name);

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.0.serialize(serializer)
            }
        }

        $crate::wire::schema! { $name, _generator => true.into() }

        impl From<::serde_json::Value> for $name {
            fn from(value: ::serde_json::Value) -> Self {
                Self(value)
            }
        }
    };
}

#[allow(unused_imports)]
pub(crate) use any;
