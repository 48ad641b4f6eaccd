//! Executable files.

use std::path::Path;

/// Whether the path is an executable file.
#[cfg(unix)]
pub(crate) fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;

    let metadata = path.metadata();
    metadata.is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// Whether the path is an executable file.
#[cfg(not(unix))]
pub(crate) fn is_executable(path: &Path) -> bool {
    path.is_file()
}

/// Creates an executable file for a test.
///
/// The file is written by a process of its own. While this program has it open for writing, a
/// process that another test starts inherits the descriptor, and no file can be executed
/// (`ETXTBSY`) that some process has open for writing.
#[cfg(unix)]
#[cfg(test)]
pub(crate) fn create(path: &Path, contents: &[u8]) {
    use std::{
        io::Write,
        process::{Command, Stdio},
    };

    let mut shell = Command::new("/bin/sh")
        .args(["-c", r#"cat > "$0" && chmod 755 "$0""#])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    shell.stdin.take().unwrap().write_all(contents).unwrap();
    assert!(shell.wait().unwrap().success());
}
