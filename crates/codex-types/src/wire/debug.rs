//! `Debug` implementations that redact secrets.

/// Implements `Debug` for a struct, with `[redacted]` in place of the secret fields.
macro_rules! redacted {
    ($name:ident { $($field:ident),* $(,)? } hides { $($secret:ident),* $(,)? }) => {
        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_struct(stringify!($name))
                    $(.field(stringify!($field), &self.$field))*
                    $(.field(stringify!($secret), &format_args!("[redacted]")))*
                    .finish()
            }
        }
    };
}

/// Implements `Debug` for a tagged union with secrets in some variants. An unrecognized object may
/// contain secrets too, so only its tag is shown.
macro_rules! redacted_union {
    ($name:ident { $($variant:ident $(($body:ident))?),* $(,)? }) => {
        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self {
                    $($crate::wire::tagged_body!(body $variant $(($body))?) => {
                        $crate::wire::redacted_variant!(f body $variant $(($body))?)
                    })*
                    Self::Unrecognized(_) => f
                        .debug_tuple("Unrecognized")
                        .field(&self.tag())
                        .field(&format_args!("[redacted]"))
                        .finish(),
                }
            }
        }
    };
}

macro_rules! redacted_variant {
    ($f:ident $body:ident $variant:ident ($type:ident)) => {
        $f.debug_tuple(stringify!($variant)).field($body).finish()
    };
    ($f:ident $body:ident $variant:ident) => {
        $f.write_str(stringify!($variant))
    };
}

pub(crate) use {redacted, redacted_union, redacted_variant};
