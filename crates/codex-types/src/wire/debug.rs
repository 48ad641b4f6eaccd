//! `Debug` implementations that redact secrets.

use std::fmt;

use serde_json::Value;

use crate::redact::{Name, Opaque};

/// Implements `Debug` for a struct. Each field is `plain`, `masked` (keys and tokens in its text are
/// masked) or `hidden` (shown as `[redacted]`).
macro_rules! redacted {
    ($name:ident { $($shown:ident $field:ident),* $(,)? }) => {
        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_struct(stringify!($name))
                    $(.field(stringify!($field), $crate::wire::redacted_field!($shown self $field)))*
                    .finish()
            }
        }
    };
}

/// The value that [`redacted`] shows for a field.
macro_rules! redacted_field {
    (plain $self:ident $field:ident) => {
        &$self.$field
    };
    (masked $self:ident $field:ident) => {
        &$crate::redact::Masked(&$self.$field)
    };
    (hidden $self:ident $field:ident) => {
        &format_args!("[redacted]")
    };
}

/// Shows the name of an unrecognized value, and only the size of its contents.
pub(crate) fn unrecognized_debug(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    contents: Option<&Value>,
) -> fmt::Result {
    let mut shown = f.debug_tuple("Unrecognized");
    if contents.is_none() || !name.is_empty() {
        shown.field(&Name(name));
    }
    if let Some(contents) = contents {
        shown.field(&Opaque(contents));
    }
    shown.finish()
}

/// Shows a known variant of a union.
macro_rules! variant_debug {
    ($f:ident $body:ident $variant:ident ($type:ident)) => {
        $f.debug_tuple(stringify!($variant)).field($body).finish()
    };
    ($f:ident $body:ident $variant:ident) => {
        $f.write_str(stringify!($variant))
    };
}

pub(crate) use {redacted, redacted_field, variant_debug};
