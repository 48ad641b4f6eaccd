//! The two ways to read a stream: its `next` method and `futures_core::Stream`.

/// Implements `next` and `Stream` for a type with a private
/// `poll(&mut self, &mut Context<'_>) -> Poll<Option<Item>>`.
macro_rules! stream {
    ($(#[$doc:meta])* $stream:ident $(<$param:ident: $bound:ident>)? => $item:ty) => {
        impl $(<$param: $bound>)? $stream $(<$param>)? {
            $(#[$doc])*
            ///
            /// Cancel safe: no item is lost if the future is dropped before it completes.
            pub async fn next(&mut self) -> Option<$item> {
                std::future::poll_fn(|context| self.poll(context)).await
            }
        }

        impl $(<$param: $bound>)? futures_core::Stream for $stream $(<$param>)? {
            type Item = $item;

            fn poll_next(
                mut self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Option<Self::Item>> {
                self.poll(context)
            }
        }
    };
}

pub(crate) use stream;
