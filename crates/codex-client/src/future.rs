//! Boxed futures.

use std::{future::Future, pin::Pin};

/// An owned future that can be sent to another thread.
pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send + 'static>>;
