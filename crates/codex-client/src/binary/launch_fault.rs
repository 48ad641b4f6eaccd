//! The reasons why a program cannot be run, beyond the error code of the operating system.
//!
//! The code names the program even if something else is missing: `execve` fails with `ENOENT` if
//! the interpreter of a script does not exist.

use std::{
    env::consts::{ARCH, OS},
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use crate::binary::executable::is_executable;

/// Length of the part of a file that is read, in bytes. Linux reads 256 for the first line of a
/// script.
const HEAD_LENGTH: u64 = 256;

/// Returns the reason why a path is not a program: it continues a sentence about the path.
pub(crate) fn of_path(path: &Path) -> String {
    let Ok(metadata) = path.metadata() else {
        return missing(path);
    };
    if metadata.is_dir() {
        return "is a directory".to_owned();
    }
    "is not executable (`chmod +x` makes it so)".to_owned()
}

fn missing(path: &Path) -> String {
    if let Ok(target) = fs::read_link(path) {
        let target = target.display();
        return format!("is a link to `{target}`, which does not exist");
    }
    let is_home =
        |part: std::path::Component<'_>| part.as_os_str().to_string_lossy().starts_with('~');
    if path.components().any(is_home) {
        return "does not exist (only shells replace `~` with the home directory)".to_owned();
    }
    "does not exist".to_owned()
}

/// Explains why a program could not be started. Keeps the kind of the error; its source is the
/// error of the operating system.
pub(crate) fn explain(program: &Path, cwd: Option<&Path>, error: io::Error) -> io::Error {
    match reason(program, cwd, &error) {
        Some(reason) => io::Error::new(error.kind(), Explained { reason, error }),
        None => error,
    }
}

/// An error of the operating system with its reason.
#[derive(Debug, thiserror::Error)]
#[error("{reason} ({error})")]
struct Explained {
    reason: String,
    #[source]
    error: io::Error,
}

fn reason(program: &Path, cwd: Option<&Path>, error: &io::Error) -> Option<String> {
    if let Some(cwd) = cwd.filter(|cwd| !cwd.is_dir()) {
        let state = match cwd.exists() {
            true => "is not a directory",
            false => "does not exist",
        };
        return Some(format!("the working directory `{}` {state}", cwd.display()));
    }
    if !is_executable(program) {
        return Some(format!("it {}", of_path(program)));
    }
    match error.kind() {
        io::ErrorKind::ExecutableFileBusy => {
            return Some("another program is writing to it, such as an update".to_owned());
        }
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => {}
        // `ENOEXEC` and its counterparts have no kind.
        _ if !is_wrong_format(error) => return None,
        _ => {}
    }
    let head = head(program).ok()?;
    if head.is_empty() {
        return Some("the file is empty".to_owned());
    }
    if let Some(interpreter) = interpreter(&head) {
        return interpreter_fault(&interpreter);
    }
    match error.kind() {
        io::ErrorKind::NotFound if head.starts_with(b"\x7fELF") => Some(
            "its dynamic loader does not exist: it is built for another distribution or C library"
                .to_owned(),
        ),
        io::ErrorKind::PermissionDenied => Some(
            "this user may not execute it, or its file system is mounted with `noexec`".to_owned(),
        ),
        io::ErrorKind::NotFound => None,
        _ => Some(format!(
            "it is not a program for this system ({OS}, {ARCH})"
        )),
    }
}

/// Whether the operating system does not recognize a file as a program.
fn is_wrong_format(error: &io::Error) -> bool {
    // ENOEXEC; EBADARCH of macOS; ERROR_BAD_EXE_FORMAT and ERROR_EXE_MACHINE_TYPE_MISMATCH.
    let codes: &[i32] = match OS {
        "windows" => &[193, 216],
        "macos" => &[8, 86],
        _ => &[8],
    };
    error
        .raw_os_error()
        .is_some_and(|code| codes.contains(&code))
}

fn head(program: &Path) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    File::open(program)?
        .take(HEAD_LENGTH)
        .read_to_end(&mut head)?;
    Ok(head)
}

/// Returns the interpreter in the first line of a script.
fn interpreter(head: &[u8]) -> Option<PathBuf> {
    let line = head
        .strip_prefix(b"#!")?
        .split(|byte| *byte == b'\n')
        .next()?;
    let line = String::from_utf8_lossy(line);
    let line = line.trim_start_matches([' ', '\t']);
    let end = line.find([' ', '\t']).unwrap_or(line.len());
    Some(PathBuf::from(&line[..end]))
}

fn interpreter_fault(interpreter: &Path) -> Option<String> {
    // Debug formatting shows the carriage return that Windows editors leave.
    let shown = format!("{interpreter:?}").replace('"', "`");
    if !interpreter.exists() {
        return Some(format!(
            "it is a script, and its interpreter {shown} does not exist: install that, or install \
             codex again"
        ));
    }
    (!is_executable(interpreter)).then(|| {
        format!(
            "it is a script, and its interpreter {shown} {}",
            of_path(interpreter)
        )
    })
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::binary::executable::create;

    fn program(dir: &Path, contents: &[u8]) -> PathBuf {
        let path = dir.join("codex");
        create(&path, contents);
        path
    }

    fn text_file(dir: &Path) -> PathBuf {
        let path = dir.join("text");
        fs::write(&path, b"text").unwrap();
        path
    }

    /// Returns the message of the failed start of a program.
    fn failure(program: &Path, cwd: Option<&Path>) -> String {
        let mut command = Command::new(program);
        if let Some(cwd) = cwd {
            command.current_dir(cwd);
        }
        let error = command.spawn().unwrap_err();
        let (kind, code) = (error.kind(), error.raw_os_error());
        let explained = explain(program, cwd, error);
        assert_eq!(explained.kind(), kind);
        let source = explained.get_ref().and_then(std::error::Error::source);
        let source = source.and_then(|source| source.downcast_ref::<io::Error>());
        assert_eq!(source.and_then(io::Error::raw_os_error), code);
        explained.to_string()
    }

    #[test]
    fn a_missing_interpreter_is_named() {
        let dir = tempfile::tempdir().unwrap();
        for (line, interpreter) in [
            ("#!/nonexistent/node\n", "`/nonexistent/node`"),
            ("#! /nonexistent/node --flag\nbody", "`/nonexistent/node`"),
            ("#!/nonexistent/node", "`/nonexistent/node`"),
            ("#!/bin/sh\r\nexit 0\r\n", "`/bin/sh\\r`"),
        ] {
            let program = program(dir.path(), line.as_bytes());
            let text = failure(&program, None);
            assert!(
                text.contains(&format!("its interpreter {interpreter} does not exist")),
                "{text}"
            );
        }
    }

    #[test]
    fn an_interpreter_that_is_not_executable_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let interpreter = dir.path().join("node");
        fs::write(&interpreter, "").unwrap();
        let line = format!("#!{}\n", interpreter.display());
        let program = program(dir.path(), line.as_bytes());
        let text = failure(&program, None);
        assert!(text.contains("node` is not executable"), "{text}");
    }

    #[test]
    fn a_missing_working_directory_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let cwd = dir.path().join("none");
        let text = failure(Path::new("/bin/sh"), Some(&cwd));
        let expected = format!("the working directory `{}` does not exist", cwd.display());
        assert!(text.contains(&expected), "{text}");
        let text = failure(Path::new("/bin/sh"), Some(&text_file(dir.path())));
        assert!(text.contains("text` is not a directory"), "{text}");
    }

    #[test]
    fn files_that_are_no_programs_of_this_system_are_distinguished() {
        let dir = tempfile::tempdir().unwrap();
        let wrong = || io::Error::from_raw_os_error(8);
        let empty = program(dir.path(), b"");
        let text = explain(&empty, None, wrong()).to_string();
        assert!(text.contains("the file is empty"), "{text}");
        let other = program(dir.path(), b"MZ\x90\0");
        let text = explain(&other, None, wrong()).to_string();
        assert!(text.contains("not a program for this system"), "{text}");
        let elf = program(dir.path(), b"\x7fELF");
        let error = io::Error::from(io::ErrorKind::NotFound);
        let text = explain(&elf, None, error).to_string();
        assert!(text.contains("its dynamic loader does not exist"), "{text}");
    }

    #[test]
    fn paths_that_are_no_programs_are_distinguished() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(of_path(dir.path()), "is a directory");
        let text = text_file(dir.path());
        assert!(of_path(&text).starts_with("is not executable"));
        assert_eq!(of_path(&dir.path().join("none")), "does not exist");
        assert!(of_path(Path::new("/x/~/codex")).contains("only shells replace `~`"));
        let link = dir.path().join("link");
        std::os::unix::fs::symlink("gone/codex", &link).unwrap();
        assert_eq!(
            of_path(&link),
            "is a link to `gone/codex`, which does not exist"
        );
    }
}
