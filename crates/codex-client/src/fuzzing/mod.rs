//! Properties that hold for every input.
//!
//! The fuzz targets in `fuzz/` call these functions with the inputs that libFuzzer finds, and the
//! unit tests with recorded messages and random mutations of them. A function panics if its
//! property does not hold.

mod connection;
mod envelope;
mod json;
mod lines;
mod queue;
mod scanner;

pub use self::{
    connection::connection, envelope::envelope, lines::lines, queue::queue, scanner::scanner,
};

#[cfg(test)]
mod tests;
