//! Decoding on recorded messages and on random changes to them.

use codex_tests::decoding::{check_any, input, recorded};
use proptest::{
    collection::vec,
    prelude::any,
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

/// Number of random changes to each recorded message.
const CHANGES: usize = 4;

/// Number of random values of the schema.
const VALUES: usize = 5_000;

/// Bytes with a meaning in JSON.
const SPECIAL: &[u8] = b"\"\\{}[]:,0-+.eEun \0\x1b\x7f";

/// Makes random bytes, the same ones in each run.
struct Random(TestRunner);

impl Random {
    fn new() -> Self {
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        Self(TestRunner::new_with_rng(Config::default(), rng))
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        let tree = vec(any::<u8>(), length).new_tree(&mut self.0);
        tree.unwrap().current()
    }

    /// Replaces, inserts and removes some bytes of the text in an input.
    fn change(&mut self, input: &[u8]) -> Vec<u8> {
        let mut input = input.to_vec();
        for change in self.bytes(16).chunks_exact(4).take(3) {
            let place = usize::from(u16::from_le_bytes([change[0], change[1]]));
            let at = 3 + place % (input.len() - 2);
            let special = SPECIAL[usize::from(change[2]) % SPECIAL.len()];
            match change[3] % 4 {
                0 => input.insert(at, special),
                1 if at < input.len() => input[at] = special,
                2 if at < input.len() => drop(input.remove(at)),
                _ => {}
            }
        }
        input
    }
}

#[test]
fn recorded_messages_and_changes_to_them_are_decoded_alike_in_every_mode() {
    let mut random = Random::new();
    let mut inputs = 0;
    for directory in ["recorded", "recorded-0.163.0"] {
        for (name, json) in recorded(directory) {
            let Some(input) = input(name, &json) else {
                continue;
            };
            check_any(&input);
            for _ in 0..CHANGES {
                check_any(&random.change(&input));
            }
            inputs += 1;
        }
    }
    assert!(inputs > 2_000, "only {inputs} messages");
}

#[test]
fn random_values_with_random_faults_are_decoded_alike_in_every_mode() {
    let mut random = Random::new();
    for _ in 0..VALUES {
        let mut input = random.bytes(64);
        // Makes a value of the schema rather than a text.
        input[2] |= 1;
        check_any(&input);
    }
}
