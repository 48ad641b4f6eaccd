//! What the request builders of this crate share: the macros that give each of them its options
//! and its two ways of being sent.
//!
//! A builder is a struct around a [`RequestBuilder`](crate::builder::RequestBuilder) in its field `call`, generic over the
//! [mode](crate::mode). Its options are written once, for every mode.

use std::{future::Future, pin::Pin};

/// The future of a request builder.
pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send + 'static>>;

/// The setters of a request builder, each for the field of the same name in its params, or for the
/// one that is named behind `=>`. `[T]` takes any sequence, `{Value}` the members of a JSON object, `Path`
/// any path. The way to the params themselves is among them.
macro_rules! options {
    ($params:ty { $($options:tt)* }) => {
        $crate::builder_macros::options!(@each $($options)*);

        /// Changes the params themselves, for what has no setter here.
        pub fn params(mut self, change: impl FnOnce($params) -> $params) -> Self {
            self.request = self.request.params(change);
            self
        }
    };
    (@each) => {};
    (@each $(#[$doc:meta])* $name:ident: [$type:ty]; $($rest:tt)*) => {
        $crate::builder_macros::options!(@each $(#[$doc])* $name => $name: [$type]; $($rest)*);
    };
    (@each $(#[$doc:meta])* $name:ident => $field:ident: [$type:ty]; $($rest:tt)*) => {
        $(#[$doc])*
        pub fn $name<I>(self, $name: I) -> Self
        where
            I: IntoIterator,
            I::Item: Into<$type>,
        {
            let all: Vec<$type> = $name.into_iter().map(Into::into).collect();
            self.params(|params| params.$field(all))
        }
        $crate::builder_macros::options!(@each $($rest)*);
    };
    (@each $(#[$doc:meta])* $name:ident: bool; $($rest:tt)*) => {
        $crate::builder_macros::options!(@plain $(#[$doc])* $name: bool);
        $crate::builder_macros::options!(@each $($rest)*);
    };
    // With `Into`, a literal would not know its type.
    (@each $(#[$doc:meta])* $name:ident: u32; $($rest:tt)*) => {
        $crate::builder_macros::options!(@plain $(#[$doc])* $name: u32);
        $crate::builder_macros::options!(@each $($rest)*);
    };
    (@each $(#[$doc:meta])* $name:ident: {Value}; $($rest:tt)*) => {
        $(#[$doc])*
        pub fn $name<K, V>(self, $name: impl IntoIterator<Item = (K, V)>) -> Self
        where
            K: Into<String>,
            V: Into<serde_json::Value>,
        {
            let members = $name.into_iter();
            let all: serde_json::Map<String, serde_json::Value> =
                members.map(|(key, value)| (key.into(), value.into())).collect();
            self.params(|params| params.$name(all))
        }
        $crate::builder_macros::options!(@each $($rest)*);
    };
    (@each $(#[$doc:meta])* $name:ident: Path; $($rest:tt)*) => {
        $(#[$doc])*
        ///
        /// A path that is not Unicode cannot be sent: the request then is an
        /// [`InvalidInput`](crate::Error::InvalidInput).
        pub fn $name(mut self, $name: impl AsRef<std::path::Path>) -> Self {
            match $crate::path::text($name.as_ref()) {
                Ok(path) => self.params(|params| params.$name(path)),
                Err(fault) => {
                    self.request = self.request.refuse(fault);
                    self
                }
            }
        }
        $crate::builder_macros::options!(@each $($rest)*);
    };
    (@plain $(#[$doc:meta])* $name:ident: $type:ty) => {
        $(#[$doc])*
        pub fn $name(self, $name: $type) -> Self {
            self.params(|params| params.$name($name))
        }
    };
    (@each $(#[$doc:meta])* $name:ident: $type:ty; $($rest:tt)*) => {
        $crate::builder_macros::options!(@each $(#[$doc])* $name => $name: $type; $($rest)*);
    };
    (@each $(#[$doc:meta])* $name:ident => $field:ident: $type:ty; $($rest:tt)*) => {
        $(#[$doc])*
        pub fn $name(self, $name: impl Into<$type>) -> Self {
            let value: $type = $name.into();
            self.params(|params| params.$field(value))
        }
        $crate::builder_macros::options!(@each $($rest)*);
    };
}

/// How long a request builder waits for its answer.
macro_rules! timeouts {
    () => {
        /// Waits at most so long for the answer, instead of what the builder of the client says.
        pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
            self.request = self.request.timeout(timeout);
            self
        }

        /// Waits for the answer as long as it takes.
        pub fn no_timeout(mut self) -> Self {
            self.request = self.request.no_timeout();
            self
        }
    };
}

/// The two ways to send a request builder. Both do what its private `perform` does; the blocking
/// one may hand out another type that is made from the first. A parameter of the builder other than
/// the mode stands behind its name.
macro_rules! sends {
    ($(#[$doc:meta])* $builder:ident $(<$param:ident>)? -> $output:ty) => {
        $crate::builder_macros::sends!($(#[$doc])* $builder $(<$param>)? -> $output, blocking $output);
    };
    (
        $(#[$doc:meta])* $builder:ident $(<$param:ident>)? -> $output:ty, blocking $blocking:ty
    ) => {
        impl$(<$param>)? $builder$(<$param>)? {
            $(#[$doc])*
            pub async fn send(self) -> $crate::Result<$output> {
                self.perform().await
            }
        }

        impl$(<$param: 'static>)? std::future::IntoFuture for $builder$(<$param>)? {
            type Output = $crate::Result<$output>;
            type IntoFuture = $crate::builder_macros::BoxFuture<Self::Output>;

            fn into_future(self) -> Self::IntoFuture {
                Box::pin(self.perform())
            }
        }

        impl$(<$param>)? $builder<$($param,)? $crate::mode::Blocking> {
            $(#[$doc])*
            pub fn send(self) -> $crate::Result<$blocking> {
                $crate::blocking::wait(self.perform()).map(Into::into)
            }
        }
    };
}

pub(crate) use options;
pub(crate) use sends;
pub(crate) use timeouts;
