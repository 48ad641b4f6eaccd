//! Programs of the system that chores run: finds and installs them.

use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The package manager whose lists of packages may be missing or old.
const APT: &str = "apt-get";

/// Returns a program in `PATH`.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    find(program, &env::var_os("PATH")?)
}

fn find(program: &str, path: &OsStr) -> Option<PathBuf> {
    env::split_paths(path)
        .map(|directory| directory.join(program))
        .find(|path| path.is_file())
}

/// Tries to install something with this command, if its program exists. Prints the output of the
/// command only if it fails.
pub(crate) fn install(name: &str, command: &[&str]) {
    if on_path(command[0]).is_none() {
        return;
    }
    eprintln!("installing {name}: {}", command.join(" "));
    if command[0] == APT {
        run_quietly(&[APT, "update"]);
    }
    run_quietly(command);
}

/// Runs a command without input.
fn run_quietly(words: &[&str]) {
    let output = Command::new(words[0])
        .args(&words[1..])
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => {}
        Ok(output) => eprintln!(
            "`{}` failed: {}",
            words.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        ),
        Err(error) => eprintln!("cannot run `{}`: {error}", words.join(" ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_program_is_found_in_the_first_directory_that_has_it() {
        let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let path = env::join_paths(directories.iter().map(tempfile::TempDir::path)).unwrap();
        assert_eq!(find("wine", &path), None);
        fs::write(directories[1].path().join("wine"), "").unwrap();
        assert_eq!(
            find("wine", &path),
            Some(directories[1].path().join("wine"))
        );
    }
}
