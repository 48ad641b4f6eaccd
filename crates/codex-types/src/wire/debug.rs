//! `Debug` that keeps secrets.

/// Implements `Debug` for a struct with all fields but the secret ones, which show only whether
/// they are there.
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

pub(crate) use redacted;
