//! Resolves the wrapper script that npm installs.
//!
//! The program of the package `@openai/codex` is a `node` script. The native program is in a
//! separate package for the platform. Depending on the package manager, that package is next to
//! `@openai/codex`, below it, or in any `node_modules` above it.

use std::{
    env::consts::{ARCH, EXE_SUFFIX, OS},
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use crate::binary::executable::is_executable;

/// Returns the native program that the script `wrapper` starts. `None` if the file is not such a
/// script, or if the native program is not found.
pub(crate) fn resolve(wrapper: &Path) -> Option<PathBuf> {
    let (platform, triple) = platform(OS, ARCH)?;
    let package = package(wrapper)?;
    // Searches as `node` does, in the `node_modules` of each directory upwards. Older releases have
    // the program in the `vendor` directory of the package itself.
    let vendors = package
        .ancestors()
        .map(|dir| {
            dir.join("node_modules/@openai")
                .join(platform)
                .join("vendor")
        })
        .chain([package.join("vendor")]);
    let name = format!("codex{EXE_SUFFIX}");
    vendors
        .flat_map(|vendor| ["bin", "codex"].map(|dir| vendor.join(triple).join(dir).join(&name)))
        .find(|program| is_executable(program))
}

/// Returns the root of the npm package `@openai/codex` that a script belongs to.
fn package(wrapper: &Path) -> Option<PathBuf> {
    let is_cmd = wrapper.extension().is_some_and(|it| it == "cmd");
    // npm creates a link to the script, but not on Windows, where a canonical path has a prefix
    // that not every program understands.
    let script = match is_cmd {
        true => wrapper.to_owned(),
        false => wrapper.canonicalize().ok()?,
    };
    let mut start = Vec::new();
    let file = File::open(&script).ok()?;
    file.take(SHIM_LENGTH).read_to_end(&mut start).ok()?;
    if !start.starts_with(b"#!") && !is_cmd {
        return None;
    }
    let above = |script: &Path| {
        let package = script.parent()?.parent()?;
        let is_codex =
            package.file_name()? == "codex" && package.parent()?.file_name()? == "@openai";
        is_codex.then(|| package.to_owned())
    };
    // pnpm, and npm on Windows, create a script that names the script of the package.
    let named = || shim_target(&String::from_utf8_lossy(&start));
    above(&script).or_else(|| above(&script.parent()?.join(named()?)))
}

/// Maximum length of a shim, in bytes.
const SHIM_LENGTH: u64 = 16 * 1024;

/// Returns the path of the script that a shim of npm or pnpm runs, relative to the shim.
fn shim_target(shim: &str) -> Option<PathBuf> {
    let end = shim.find("codex.js\"")? + "codex.js".len();
    let start = shim[..end].rfind('"')? + 1;
    let target = &shim[start..end];
    // The directory of the shim: in a shell, and in the two forms of the command interpreter.
    let relative = ["$basedir", "%~dp0", "%dp0%"]
        .iter()
        .find_map(|dir| target.strip_prefix(dir))?;
    Some(
        relative
            .split(['/', '\\'])
            .filter(|part| !part.is_empty())
            .collect(),
    )
}

/// Returns the npm package for a platform and its target triple.
fn platform(os: &str, arch: &str) -> Option<(&'static str, &'static str)> {
    Some(match (os, arch) {
        ("linux" | "android", "x86_64") => ("codex-linux-x64", "x86_64-unknown-linux-musl"),
        ("linux" | "android", "aarch64") => ("codex-linux-arm64", "aarch64-unknown-linux-musl"),
        ("macos", "x86_64") => ("codex-darwin-x64", "x86_64-apple-darwin"),
        ("macos", "aarch64") => ("codex-darwin-arm64", "aarch64-apple-darwin"),
        ("windows", "x86_64") => ("codex-win32-x64", "x86_64-pc-windows-msvc"),
        ("windows", "aarch64") => ("codex-win32-arm64", "aarch64-pc-windows-msvc"),
        _ => return None,
    })
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;
    use crate::binary::executable::create;

    fn write(path: &Path, contents: &[u8]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        create(path, contents);
    }

    /// Creates an npm installation with the native program in the package `vendor_of`. Returns the
    /// link in `PATH` and the native program.
    fn install(root: &Path, vendor_of: &str) -> (PathBuf, PathBuf) {
        let script = root.join("lib/node_modules/@openai/codex/bin/codex.js");
        write(&script, b"#!/usr/bin/env node\n");
        let link = root.join("bin/codex");
        fs::create_dir_all(root.join("bin")).unwrap();
        symlink(&script, &link).unwrap();
        let (package, triple) = platform(OS, ARCH).unwrap();
        let native = root
            .join("lib/node_modules/@openai")
            .join(vendor_of.replace("PLATFORM", package))
            .join("vendor")
            .join(triple)
            .join("bin/codex");
        write(&native, b"\x7fELF");
        (link, native.canonicalize().unwrap())
    }

    #[test]
    fn the_native_program_is_found_beside_below_and_inside_the_package() {
        for vendor_of in ["PLATFORM", "codex/node_modules/@openai/PLATFORM", "codex"] {
            let dir = tempfile::tempdir().unwrap();
            let (link, native) = install(dir.path(), vendor_of);
            assert_eq!(resolve(&link), Some(native), "{vendor_of}");
        }
    }

    #[test]
    fn the_scripts_of_pnpm_and_of_npm_on_windows_are_resolved() {
        for (name, shim) in [
            (
                "codex",
                "#!/bin/sh\nexec node  \"$basedir/lib/node_modules/@openai/codex/bin/codex.js\" \"$@\"\n",
            ),
            (
                "codex.cmd",
                "@ECHO off\r\n\"%_prog%\"  \"%dp0%\\lib\\node_modules\\@openai\\codex\\bin\\codex.js\" %*\r\n",
            ),
            (
                "codex.cmd",
                "@node  \"%~dp0\\lib\\node_modules\\@openai\\codex\\bin\\codex.js\" %*\r\n",
            ),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let (_, native) = install(dir.path(), "PLATFORM");
            let shim_file = dir.path().join(name);
            write(&shim_file, shim.as_bytes());
            assert_eq!(resolve(&shim_file), Some(native), "{shim}");
        }
    }

    #[test]
    fn other_scripts_and_native_programs_are_not_resolved() {
        let dir = tempfile::tempdir().unwrap();
        let (_, native) = install(dir.path(), "PLATFORM");
        assert_eq!(resolve(&native), None);
        let script = dir.path().join("codex");
        write(&script, b"#!/bin/sh\nexec codex \"$@\"\n");
        assert_eq!(resolve(&script), None);
    }

    #[test]
    fn a_wrapper_without_its_platform_package_is_not_resolved() {
        let dir = tempfile::tempdir().unwrap();
        let (link, native) = install(dir.path(), "PLATFORM");
        fs::remove_file(native).unwrap();
        assert_eq!(resolve(&link), None);
    }
}
