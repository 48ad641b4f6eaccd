//! Macros for the options of request builders.
//!
//! A builder is a struct that wraps a [`RequestBuilder`](crate::builder::RequestBuilder) in its
//! field `request` and is generic over the [mode](crate::mode). Its options are defined once, for
//! every mode.

/// Defines the setters of a request builder. Each sets the field of the params with the same name,
/// or with the name after `=>`. `[T]` accepts any sequence, and `Path` any path. The method
/// `params`, which changes the params directly, is included.
macro_rules! options {
    ($params:ty { $($options:tt)* }) => {
        $crate::builder_macros::options!(@each $($options)*);

        /// Changes the params directly, for fields that have no setter here.
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
    // With `Into`, the type of a literal would be ambiguous.
    (@each $(#[$doc:meta])* $name:ident: u32; $($rest:tt)*) => {
        $crate::builder_macros::options!(@plain $(#[$doc])* $name: u32);
        $crate::builder_macros::options!(@each $($rest)*);
    };
    (@each $(#[$doc:meta])* $name:ident: Path; $($rest:tt)*) => {
        $(#[$doc])*
        ///
        /// A path that is not valid Unicode cannot be sent and makes the request fail with
        /// [`InvalidInput`](crate::Error::InvalidInput).
        pub fn $name(mut self, $name: impl AsRef<std::path::Path>) -> Self {
            match $crate::path::text($name.as_ref()) {
                Ok(path) => self.params(|params| params.$name(path)),
                Err(error) => {
                    self.request = self.request.fail(error);
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

/// Defines the timeout setters of a request builder.
macro_rules! timeouts {
    () => {
        /// Sets the time to wait for the response, instead of the client's default.
        pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
            self.request = self.request.timeout(timeout);
            self
        }

        /// Waits for the response without a timeout.
        pub fn no_timeout(mut self) -> Self {
            self.request = self.request.no_timeout();
            self
        }
    };
}

pub(crate) use options;
pub(crate) use timeouts;
