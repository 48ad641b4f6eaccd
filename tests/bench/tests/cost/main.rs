//! The cost of a delta, without measuring time, and the programs of `cargo xtask bench`.
//!
//! The allocator of this test binary counts allocations.

// Helpers panic on behalf of the tests, but clippy exempts only the test functions themselves.
#![expect(clippy::unwrap_used)]

mod allocations;
mod instructions;
mod programs;
