//! The cost of a delta, without measuring time, and the programs of `cargo xtask bench`.
//!
//! The allocator of this test binary counts allocations.

mod allocations;
mod instructions;
mod programs;
