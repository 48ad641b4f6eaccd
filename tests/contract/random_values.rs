//! Random values of the schema decode to known, typed values and encode to the same JSON: every
//! definition and every variant, in any order of members.
//!
//! `PROPTEST_CASES=500` generates more values of each definition, and `PROPTEST_RNG_SEED=7`
//! generates different ones.

use std::cell::Cell;

use codex_tests::{
    protocol::{RoundTrip, definitions, envelope, unions},
    schema::{Choices, Order, Schema, Shape, is_pinned, text},
};
use proptest::{
    collection::vec,
    prelude::any,
    test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner},
};
use serde_json::Value;

/// Returns what is wrong with the round trip of a value, if anything is.
fn fault(schema: &Schema, name: &str, round_trip: RoundTrip, value: &Value) -> Option<String> {
    let orders = [Order::TagFirst, Order::TagLast, Order::BackwardsAndEscaped];
    orders.into_iter().find_map(|order| {
        let error = match round_trip(&text(value, order)) {
            Err(error) => error.to_string(),
            Ok((_, debug)) if debug.contains("Unrecognized") => format!("unrecognized: {debug}"),
            Ok((after, _)) => schema.same(name, value, &after).err()?,
        };
        Some(format!("{name} ({order:?}): {error}\n  the value: {value}"))
    })
}

/// Returns every definition of the schema with its round trip. Messages include their ids.
fn all(schema: &Schema) -> Vec<(&str, RoundTrip)> {
    let (types, unions, envelope) = (definitions(), unions(), envelope());
    let typed = |name| {
        let round_trip = unions.get(name).or(envelope.get(name));
        *round_trip
            .or(types.get(name))
            .unwrap_or_else(|| panic!("`{name}` has no type"))
    };
    schema.names().map(|name| (name, typed(name))).collect()
}

/// Returns the number of alternatives in the first choice that a value makes.
fn variants(schema: &Value) -> u32 {
    let count = match Shape::of(schema) {
        Shape::Union(members) => members.len(),
        Shape::Words(words) => words.len(),
        _ => 1,
    };
    u32::try_from(count).expect("few variants")
}

fn config() -> Config {
    let mut config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 4;
    }
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(169);
    }
    config
}

#[test]
fn every_definition_of_the_schema_has_a_type_of_the_same_name() {
    let definitions = all(&Schema::pinned()).len();
    assert!(definitions == 939 || !is_pinned(), "{definitions}");
}

#[test]
fn every_variant_round_trips_with_all_optional_fields_absent_present_or_null() {
    let schema = Schema::pinned();
    let mut values = 0;
    let mut faults = Vec::new();
    for (name, round_trip) in all(&schema) {
        let definition = schema.definition(name);
        for variant in 0..variants(definition) {
            for always in 0..6 {
                let first = [variant];
                // An object makes no choice before those of its fields.
                let given: &[u32] = if variants(definition) > 1 {
                    &first
                } else {
                    &[]
                };
                let value = schema.make(definition, &mut Choices::new(given).then(always));
                faults.extend(fault(&schema, name, round_trip, &value));
                values += 1;
            }
        }
    }
    assert!(faults.is_empty(), "{}\n{}", faults.len(), faults.join("\n"));
    assert!(values > 10_000 || !is_pinned(), "only {values} values");
}

#[test]
fn random_values_of_every_definition_round_trip() {
    let schema = Schema::pinned();
    let mut faults = Vec::new();
    let values = Cell::new(0);
    let mut seeds = TestRunner::new(config());
    for (name, round_trip) in all(&schema) {
        let definition = schema.definition(name);
        for variant in 0..variants(definition) {
            let choices = vec(any::<u32>(), 0..120);
            // A runner cannot be reused after its cases, so each variant gets its own.
            let mut runner = TestRunner::new_with_rng(config(), seeds.new_rng());
            let outcome = runner.run(&choices, |mut choices| {
                if variants(definition) > 1 {
                    choices.insert(0, variant);
                }
                let value = schema.make(definition, &mut Choices::new(&choices));
                values.set(values.get() + 1);
                match fault(&schema, name, round_trip, &value) {
                    Some(fault) => Err(TestCaseError::fail(fault)),
                    None => Ok(()),
                }
            });
            match outcome {
                Ok(()) => {}
                Err(TestError::Fail(reason, _)) => faults.push(reason.to_string()),
                Err(TestError::Abort(reason)) => panic!("{name}: {reason}"),
            }
        }
    }
    assert!(faults.is_empty(), "{}\n{}", faults.len(), faults.join("\n"));
    let values = values.get();
    assert!(values > 7_000 || !is_pinned(), "only {values} values");
}
