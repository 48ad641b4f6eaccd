//! Progress with and without a terminal.
