//! A fake `codex`, whose script is in the test that starts it.

fn main() -> std::process::ExitCode {
    codex_testing::run_fake_codex()
}
