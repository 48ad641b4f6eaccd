//! Token counts.

use std::{
    iter::Sum,
    ops::{Add, AddAssign},
};

use codex_types::TokenUsageBreakdown;
use serde::{Deserialize, Serialize};

/// Numbers of tokens, such as those of a [turn](crate::TurnResult::tokens).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Tokens {
    /// The input, including the cached part.
    pub input: u64,
    /// The part of the input that was read from the provider's cache.
    pub cached_input: u64,
    /// The part of the input that was written to the provider's cache.
    pub cache_write_input: u64,
    /// The output, including the reasoning.
    pub output: u64,
    /// The part of the output that is reasoning.
    pub reasoning_output: u64,
    /// The input and the output.
    pub total: u64,
}

impl Tokens {
    /// Returns the difference to smaller counts. A count that is not smaller leaves nothing.
    pub(crate) fn since(self, earlier: Self) -> Self {
        self.combine(earlier, u64::saturating_sub)
    }

    fn combine(self, other: Self, count: fn(u64, u64) -> u64) -> Self {
        Self {
            input: count(self.input, other.input),
            cached_input: count(self.cached_input, other.cached_input),
            cache_write_input: count(self.cache_write_input, other.cache_write_input),
            output: count(self.output, other.output),
            reasoning_output: count(self.reasoning_output, other.reasoning_output),
            total: count(self.total, other.total),
        }
    }
}

/// A negative count becomes zero.
impl From<&TokenUsageBreakdown> for Tokens {
    fn from(counts: &TokenUsageBreakdown) -> Self {
        let count = |count: i64| u64::try_from(count).unwrap_or(0);
        Self {
            input: count(counts.input_tokens),
            cached_input: count(counts.cached_input_tokens),
            cache_write_input: count(counts.cache_write_input_tokens),
            output: count(counts.output_tokens),
            reasoning_output: count(counts.reasoning_output_tokens),
            total: count(counts.total_tokens),
        }
    }
}

impl From<TokenUsageBreakdown> for Tokens {
    fn from(counts: TokenUsageBreakdown) -> Self {
        Self::from(&counts)
    }
}

impl Add for Tokens {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.combine(other, u64::saturating_add)
    }
}

impl AddAssign for Tokens {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Tokens {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), Add::add)
    }
}

impl<'a> Sum<&'a Self> for Tokens {
    fn sum<I: Iterator<Item = &'a Self>>(counts: I) -> Self {
        counts.copied().sum()
    }
}
