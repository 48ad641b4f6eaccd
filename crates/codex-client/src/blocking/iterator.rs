//! Streams as iterators.
//!
//! Two iterators are not defined by the macro. The items of [`RequestInbox`] are not results, so it
//! ends where others yield an error. [`Pages`] is the type of the async API in blocking mode and
//! has no inner stream.
//!
//! [`RequestInbox`]: crate::blocking::RequestInbox
//! [`Pages`]: crate::blocking::Pages

/// Defines a type that iterates over a stream of the async API. Iterating blocks the thread.
///
/// Inside an async runtime, where blocking is not possible, the iterator yields the error once and
/// then ends, so that a loop that skips errors terminates.
macro_rules! iterator {
    ($(#[$doc:meta])* $name:ident($stream:path) => $item:ty) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name {
            pub(crate) inner: $stream,
            /// Whether the error for a thread that cannot block has been yielded.
            has_failed: bool,
        }

        impl Iterator for $name {
            type Item = $crate::Result<$item>;

            fn next(&mut self) -> Option<Self::Item> {
                $crate::blocking::worker::receive(&mut self.has_failed, |context| {
                    futures_core::Stream::poll_next(std::pin::Pin::new(&mut self.inner), context)
                })
            }
        }

        /// Converts the async type into the blocking one.
        impl From<$stream> for $name {
            fn from(inner: $stream) -> Self {
                Self {
                    inner,
                    has_failed: false,
                }
            }
        }
    };
}

pub(crate) use iterator;
