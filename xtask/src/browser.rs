//! `cargo xtask browser`: tests pages in a headless Chromium: that of the example `docs/examples/web`,
//! and that of a recording.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::ensure;

use crate::programs::{self, on_path};
use crate::{cargo, suite, workspace};

/// The variable that names a browser to use instead of an installed one.
const CHROMIUM: &str = "CHROMIUM";

/// The programs that are Chromium, under the names that systems give them.
const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// Installs Chromium on Debian, and a font, without which the page has no text.
const INSTALL: [&str; 6] = [
    "apt-get",
    "install",
    "-y",
    "--no-install-recommends",
    "chromium",
    "fonts-liberation",
];

/// The tests, which do not run without this chore.
const TESTS: [&str; 10] = [
    "-p",
    "codex-web",
    "--test",
    "web",
    "-p",
    "codex-browser",
    "--test",
    "trace",
    "--",
    "--ignored",
];

/// The variable that makes the tests write the committed pictures into this directory.
const PICTURES: &str = "CODEX_PICTURES";

/// Arguments of `cargo xtask browser`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Install Chromium if it is missing, with apt-get.
    #[arg(long)]
    install: bool,
    /// If Chromium is missing, report that the tests are left out instead of failing.
    #[arg(long)]
    allow_missing: bool,
    /// Renew the pictures of the pages: `docs/web.png` and `docs/trace.png`.
    #[arg(long)]
    picture: bool,
    /// Arguments for the tests: filters, or options such as `--nocapture`.
    #[arg(last = true, value_name = "ARGUMENTS")]
    arguments: Vec<OsString>,
}

/// Runs the chore. Ends with the exit code of `cargo test`, whose summary is printed last.
pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    if args.install && chromium().is_none() {
        programs::install("Chromium", &INSTALL);
    }
    let Some(chromium) = chromium() else {
        let reason = left_out();
        ensure!(args.allow_missing, "{reason}");
        eprintln!("{reason}");
        return Ok(());
    };
    let words = TESTS.iter().map(OsString::from).chain(args.arguments);
    let mut test = suite::command(words.collect(), None)?;
    test.env(CHROMIUM, chromium);
    if args.picture {
        test.env(PICTURES, workspace::root()?.join("docs"));
    }
    cargo::hand_over(test)
}

/// Returns the browser, if there is one.
fn chromium() -> Option<PathBuf> {
    let named = env::var_os(CHROMIUM).map(PathBuf::from);
    named.or_else(|| NAMES.into_iter().find_map(on_path))
}

/// Says that the tests do not run, and how to get Chromium.
fn left_out() -> String {
    format!(
        "the tests of the page in a browser do not run: Chromium is missing (`{}`, or name it in \
         {CHROMIUM})",
        INSTALL.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_is_left_out_is_named_with_the_command_that_installs_it() {
        let reason = left_out();
        assert!(reason.contains("do not run"), "{reason}");
        assert!(reason.contains("`apt-get install -y"), "{reason}");
        assert!(reason.contains("CHROMIUM"), "{reason}");
    }

    #[test]
    fn the_variables_are_those_that_the_tests_read() {
        let root = workspace::root().unwrap();
        for (file, variable) in [
            ("tests/browser/src/lib.rs", CHROMIUM),
            ("tests/browser/tests/trace.rs", PICTURES),
            ("docs/examples/web/tests/web/page.rs", PICTURES),
        ] {
            let text = fs::read_to_string(root.join(file)).unwrap();
            assert!(
                text.contains(&format!("\"{variable}\"")),
                "{file}: {variable}"
            );
        }
    }
}
