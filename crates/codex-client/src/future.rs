//! What the request builders of this crate share.

use std::{future::Future, pin::Pin};

/// The future of a request builder.
pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send + 'static>>;

/// Setters of a request builder, each for the field of the same name in its params, or for the one
/// that is named behind `=>`.
macro_rules! options {
    ($($(#[$doc:meta])* $name:ident $(=> $field:ident)?: $type:ty;)*) => {$(
        $(#[$doc])*
        pub fn $name(mut self, $name: impl Into<$type>) -> Self {
            let value: $type = $name.into();
            $crate::future::option!(self value $name $($field)?);
            self
        }
    )*};
}

macro_rules! option {
    ($self:ident $value:ident $name:ident) => {
        $self.params.$name = Some($value)
    };
    ($self:ident $value:ident $name:ident $field:ident) => {
        $self.params.$field = Some($value)
    };
}

pub(crate) use {option, options};
