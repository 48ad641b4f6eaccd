//! The directories of each system, on any system.

use super::*;

/// Returns the directories of a system with these variables, where these directories have entries.
/// Separators are written as `/`.
fn dirs(system: System, variables: &[(&str, &str)], entries: &[(&str, &[&str])]) -> Vec<String> {
    let slashes = |path: &Path| path.to_string_lossy().replace('\\', "/");
    let found = install_dirs(
        system,
        &Surroundings {
            variable: &|name| {
                let mut variables = variables.iter();
                let found = variables.find(|(known, _)| *known == name);
                found.map(|(_, value)| OsString::from(value))
            },
            entries: &|dir| {
                let mut entries = entries.iter();
                let found = entries.find(|(known, _)| *known == slashes(dir));
                let names = found.map_or(&[][..], |(_, names)| names);
                names.iter().map(|name| (*name).to_owned()).collect()
            },
        },
    );
    found.iter().map(|dir| slashes(dir)).collect()
}

/// Asserts that the directories contain these, in this order.
fn assert_in_order(found: &[String], expected: &[&str]) {
    let mut rest = found.iter();
    for dir in expected {
        assert!(
            rest.any(|found| found == dir),
            "{dir} is missing or not in this order: {found:#?}"
        );
    }
}

const WINDOWS: &[(&str, &str)] = &[
    ("USERPROFILE", "C:/Users/u"),
    ("APPDATA", "C:/Users/u/AppData/Roaming"),
    ("LOCALAPPDATA", "C:/Users/u/AppData/Local"),
    ("ProgramFiles", "C:/Program Files"),
    ("ProgramData", "C:/ProgramData"),
];

#[test]
fn programs_are_found_where_each_package_manager_of_windows_installs_them() {
    let packages = "C:/Users/u/AppData/Local/Microsoft/WinGet/Packages";
    let found = dirs(
        System::Windows,
        WINDOWS,
        &[
            (
                packages,
                &["Git.Git_x", "OpenAI.Codex_Microsoft.Winget.Source_8"],
            ),
            (
                "C:/Users/u/AppData/Local/mise/installs/node",
                &["9.2.0", "24.1.0"],
            ),
            ("C:/Users/u/AppData/Roaming/fnm/node-versions", &["v22.1.0"]),
            ("C:/Users/u/AppData/Roaming/nvm", &["v18.0.0"]),
            ("C:/Users/u/AppData/Roaming/Python", &["Python312"]),
        ],
    );
    assert_in_order(
        &found,
        &[
            "C:/Users/u/AppData/Local/Programs/OpenAI/Codex/bin",
            "C:/Users/u/.codex/packages/standalone/current/bin",
            "C:/Users/u/AppData/Roaming/npm",
            "C:/Users/u/.cargo/bin",
            "C:/Users/u/AppData/Local/Microsoft/WinGet/Links",
            &format!("{packages}/OpenAI.Codex_Microsoft.Winget.Source_8"),
            "C:/Users/u/scoop/apps/codex/current",
            "C:/Users/u/scoop/shims",
            "C:/ProgramData/chocolatey/bin",
            "C:/Users/u/AppData/Local/Volta/bin",
            "C:/Users/u/AppData/Local/pnpm",
            "C:/Users/u/.bun/bin",
            "C:/Users/u/AppData/Local/mise/installs/node/24.1.0",
            "C:/Users/u/AppData/Local/mise/installs/node/9.2.0",
            "C:/Users/u/AppData/Local/mise/shims",
            "C:/Users/u/AppData/Roaming/fnm/node-versions/v22.1.0/installation",
            "C:/Users/u/AppData/Roaming/nvm/v18.0.0",
            "C:/Program Files/nodejs",
            "C:/Users/u/AppData/Roaming/Python/Python312/site-packages/codex_cli_bin/bin",
        ],
    );
    assert!(!found.iter().any(|dir| dir.contains("Git.Git")));
    assert!(!found.iter().any(|dir| dir.starts_with('/')), "{found:#?}");
}

#[test]
fn programs_are_found_where_each_package_manager_of_macos_installs_them() {
    let found = dirs(
        System::MacOs,
        &[("HOME", "/Users/u"), ("USER", "u")],
        &[
            (
                "/Users/u/.local/share/mise/installs/node",
                &["22.1.0", "latest"],
            ),
            ("/Users/u/.asdf/installs/nodejs", &["20.9.0"]),
            (
                "/Users/u/Library/Application Support/fnm/node-versions",
                &["v22.1.0"],
            ),
            (
                "/Users/u/.nvm/versions/node",
                &["v9.2.0", "v20.11.0", "v20.9.1"],
            ),
        ],
    );
    assert_in_order(
        &found,
        &[
            "/Users/u/.local/bin",
            "/Users/u/.codex/packages/standalone/current/bin",
            "/Users/u/.codex/packages/standalone/current",
            "/Users/u/.npm-global/bin",
            "/opt/homebrew/bin",
            "/usr/local/bin",
            "/Users/u/.nix-profile/bin",
            "/etc/profiles/per-user/u/bin",
            "/run/current-system/sw/bin",
            "/Users/u/.volta/bin",
            "/Users/u/.bun/bin",
            "/Users/u/Library/pnpm",
            "/Users/u/.local/share/mise/installs/node/latest/bin",
            "/Users/u/.local/share/mise/installs/node/22.1.0/bin",
            "/Users/u/.local/share/mise/shims",
            "/Users/u/.asdf/installs/nodejs/20.9.0/bin",
            "/Users/u/.asdf/shims",
            "/Users/u/Library/Application Support/fnm/node-versions/v22.1.0/installation/bin",
            "/Users/u/.nvm/versions/node/v20.11.0/bin",
            "/Users/u/.nvm/versions/node/v20.9.1/bin",
            "/Users/u/.nvm/versions/node/v9.2.0/bin",
            "/Applications/Codex.app/Contents/Resources",
            "/Users/u/Applications/Codex.app/Contents/Resources",
            "/Applications/ChatGPT.app/Contents/Resources",
        ],
    );
}

#[test]
fn programs_are_found_where_each_package_manager_of_linux_installs_them() {
    let found = dirs(
        System::Linux,
        &[("HOME", "/home/u"), ("npm_config_prefix", "/prefix")],
        &[
            ("/home/u/.local/share/mise/installs/codex", &["0.169.0"]),
            ("/home/u/.local/share/fnm/node-versions", &["v22.1.0"]),
            ("/home/u/.local/lib", &["python3.9", "python3.12"]),
        ],
    );
    assert_in_order(
        &found,
        &[
            "/prefix/bin",
            "/home/u/.local/bin",
            "/home/u/.codex/packages/standalone/current/bin",
            "/home/u/.cargo/bin",
            "/usr/local/bin",
            "/home/linuxbrew/.linuxbrew/bin",
            "/nix/var/nix/profiles/default/bin",
            "/home/u/.local/share/pnpm",
            "/home/u/.local/share/mise/installs/codex/0.169.0/bin",
            "/home/u/.local/share/mise/installs/codex/0.169.0",
            "/home/u/.local/share/fnm/aliases/default/bin",
            "/home/u/.local/share/fnm/node-versions/v22.1.0/installation/bin",
            "/home/u/.local/lib/python3.12/site-packages/codex_cli_bin/bin",
            "/home/u/.local/lib/python3.9/site-packages/codex_cli_bin/bin",
        ],
    );
    assert!(
        !found
            .iter()
            .any(|dir| dir.contains("homebrew/bin") || dir.contains(".app"))
    );
}

#[test]
fn variables_of_the_package_managers_replace_their_defaults() {
    let variables = [
        ("HOME", "/home/u"),
        ("CODEX_HOME", "/c"),
        ("VOLTA_HOME", "/v"),
        ("BUN_INSTALL", "/b"),
        ("PNPM_HOME", "/p"),
        ("MISE_DATA_DIR", "/m"),
        ("ASDF_DATA_DIR", "/a"),
        ("NVM_DIR", "/n"),
        ("N_PREFIX", ""),
    ];
    let found = dirs(
        System::Linux,
        &variables,
        &[("/n/versions/node", &["v1.0.0"])],
    );
    for dir in [
        "/c/packages/standalone/current/bin",
        "/v/bin",
        "/b/bin",
        "/p",
        "/m/shims",
        "/a/shims",
        "/n/versions/node/v1.0.0/bin",
        "/home/u/n/bin",
    ] {
        assert!(found.contains(&dir.to_owned()), "{dir}: {found:#?}");
    }
    assert!(!found.contains(&"/home/u/.volta/bin".to_owned()));
}

#[test]
fn without_a_home_only_fixed_directories_are_searched() {
    let found = dirs(System::MacOs, &[], &[]);
    assert!(found.contains(&"/opt/homebrew/bin".to_owned()));
    assert!(found.iter().all(|dir| dir.starts_with('/')), "{found:#?}");
    assert!(dirs(System::Windows, &[], &[]).is_empty());
}
