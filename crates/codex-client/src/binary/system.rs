//! The operating system that a search is for.

use std::env::consts::{ARCH, OS};

/// An operating system, as far as the names and the places of programs differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    /// Linux and other systems that resemble it.
    Linux,
    MacOs,
    Windows,
}

/// The extensions of programs on Windows, the preferred one first.
const WINDOWS_EXTENSIONS: [&str; 4] = ["exe", "cmd", "bat", "com"];

impl System {
    /// Returns the system that this program runs on.
    pub(crate) fn current() -> Self {
        match OS {
            "windows" => Self::Windows,
            "macos" => Self::MacOs,
            _ => Self::Linux,
        }
    }

    /// Returns the file names of `codex`, the preferred one first.
    pub(crate) fn program_names(self) -> Vec<String> {
        let mut names = self.file_names("codex");
        if self == Self::Windows {
            // A release asset, which WinGet installs under this name.
            names.push(format!("codex-{ARCH}-pc-windows-msvc.exe"));
        }
        names
    }

    /// Returns the file names that a program name stands for. On Windows, a name without an
    /// extension never stands for itself: npm installs a shell script under that name, which
    /// Windows cannot run.
    pub(crate) fn file_names(self, name: &str) -> Vec<String> {
        if self != Self::Windows || has_program_extension(name) {
            return vec![name.to_owned()];
        }
        WINDOWS_EXTENSIONS
            .iter()
            .map(|extension| format!("{name}.{extension}"))
            .collect()
    }
}

fn has_program_extension(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    extension.is_some_and(|extension| {
        WINDOWS_EXTENSIONS
            .iter()
            .any(|known| known.eq_ignore_ascii_case(extension))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_on_windows_stands_for_programs_and_never_for_a_script_without_extension() {
        for (name, first) in [
            ("codex", "codex.exe"),
            ("codex-0.169", "codex-0.169.exe"),
            ("codex.CMD", "codex.CMD"),
        ] {
            let names = System::Windows.file_names(name);
            assert_eq!(names[0], first);
            assert!(!names.contains(&"codex".to_owned()));
        }
        let names = System::Windows.program_names();
        let exe = names.iter().position(|name| name == "codex.exe");
        let cmd = names.iter().position(|name| name == "codex.cmd");
        assert!(exe < cmd, "{names:?}");
        assert_eq!(System::Linux.program_names(), ["codex"]);
        assert_eq!(System::MacOs.file_names("codex-nightly"), ["codex-nightly"]);
    }
}
