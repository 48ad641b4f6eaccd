//! The directories where package managers install programs.
//!
//! A desktop application is often started without the `PATH` of a shell. The list is a pure function
//! of the system, the environment and the directories that exist.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use crate::binary::system::System;

/// The environment and the file system, as far as the list depends on them.
pub(crate) struct Surroundings<'a> {
    /// Returns an environment variable.
    pub(crate) variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// Returns the names of the entries of a directory.
    pub(crate) entries: &'a dyn Fn(&Path) -> Vec<String>,
}

/// Returns the directories, the most likely first. Not all of them exist.
pub(crate) fn install_dirs(system: System, surroundings: &Surroundings<'_>) -> Vec<PathBuf> {
    let mut dirs = Dirs {
        surroundings,
        home: surroundings.dir(match system {
            System::Windows => "USERPROFILE",
            _ => "HOME",
        }),
        found: Vec::new(),
    };
    match system {
        System::Windows => dirs.windows(),
        System::Linux | System::MacOs => dirs.unix(system),
    }
    dirs.found
}

impl Surroundings<'_> {
    /// Returns a directory from an environment variable. An empty variable counts as unset.
    fn dir(&self, name: &str) -> Option<PathBuf> {
        let value = (self.variable)(name).filter(|value| !value.is_empty());
        value.map(PathBuf::from)
    }

    /// Returns the subdirectories whose names have a version, the highest first, and before them
    /// the one that is named `first`.
    fn versions(&self, dir: &Path, first: &str) -> Vec<PathBuf> {
        let mut names = (self.entries)(dir);
        names.sort_by_key(|name| (name != first, std::cmp::Reverse(version(name))));
        names.iter().map(|name| dir.join(name)).collect()
    }
}

/// Collects the list.
struct Dirs<'a> {
    surroundings: &'a Surroundings<'a>,
    home: Option<PathBuf>,
    found: Vec<PathBuf>,
}

impl Dirs<'_> {
    fn unix(&mut self, system: System) {
        // The installer of Codex, then npm with a configured prefix.
        self.variables(&["CODEX_INSTALL_DIR"], "");
        self.variables(&["npm_config_prefix", "NPM_CONFIG_PREFIX", "PREFIX"], "bin");
        self.homes(&[".local/bin"]);
        self.standalone();
        self.homes(&[".npm-global/bin", ".cargo/bin"]);
        match system {
            System::MacOs => self.fixed(&["/opt/homebrew/bin", "/usr/local/bin", "/opt/local/bin"]),
            _ => self.fixed(&[
                "/usr/local/bin",
                "/home/linuxbrew/.linuxbrew/bin",
                "/usr/bin",
            ]),
        }
        self.nix();
        // Package managers of JavaScript.
        self.either("VOLTA_HOME", ".volta", "bin");
        self.either("BUN_INSTALL", ".bun", "bin");
        self.variables(&["PNPM_HOME"], "");
        if system == System::MacOs {
            self.homes(&["Library/pnpm"]);
        }
        self.either("XDG_DATA_HOME", ".local/share", "pnpm");
        self.homes(&[".yarn/bin", ".config/yarn/global/node_modules/.bin"]);
        self.either("N_PREFIX", "n", "bin");
        // Version managers.
        let data = self.base("XDG_DATA_HOME", ".local/share");
        self.mise(data.as_deref().map(|data| data.join("mise")), "bin");
        self.asdf();
        let mut fnm = vec![
            self.surroundings.dir("FNM_DIR"),
            data.map(|data| data.join("fnm")),
        ];
        if system == System::MacOs {
            fnm.push(self.at_home("Library/Application Support/fnm"));
        }
        fnm.push(self.at_home(".fnm"));
        for root in fnm.into_iter().flatten() {
            self.found.push(join(&root, "aliases/default/bin"));
            self.each_version(&join(&root, "node-versions"), "", "installation/bin");
        }
        if let Some(nvm) = self.base("NVM_DIR", ".nvm") {
            self.each_version(&join(&nvm, "versions/node"), "", "bin");
        }
        if system == System::MacOs {
            // The desktop apps include the program.
            for app in ["Codex.app", "ChatGPT.app"] {
                let resources = format!("Applications/{app}/Contents/Resources");
                self.found.push(join(Path::new("/"), &resources));
                self.homes(&[&resources]);
            }
        }
        // pip: the package that contains the program, in a virtual environment or for the user.
        let roots = [self.surroundings.dir("VIRTUAL_ENV"), self.at_home(".local")];
        for root in roots.into_iter().flatten() {
            self.each_version(&root.join("lib"), "", "site-packages/codex_cli_bin/bin");
        }
    }

    fn windows(&mut self) {
        self.variables(&["CODEX_INSTALL_DIR"], "");
        self.variables(&["LOCALAPPDATA"], "Programs/OpenAI/Codex/bin");
        self.standalone();
        // On Windows, npm installs programs into the prefix itself.
        self.variables(&["npm_config_prefix", "NPM_CONFIG_PREFIX"], "");
        self.variables(&["APPDATA"], "npm");
        self.homes(&[".local/bin", ".cargo/bin"]);
        self.variables(&["LOCALAPPDATA"], "Microsoft/WinGet/Links");
        if let Some(local) = self.surroundings.dir("LOCALAPPDATA") {
            let packages = join(&local, "Microsoft/WinGet/Packages");
            for name in (self.surroundings.entries)(&packages) {
                if name.starts_with("OpenAI.Codex_") {
                    self.found.push(packages.join(name));
                }
            }
        }
        self.variables(&["ProgramFiles"], "WinGet/Links");
        if let Some(scoop) = self.base("SCOOP", "scoop") {
            // The program itself, then the directory of `npm install -g`, then the shims.
            let below = ["apps/codex/current", "persist/nodejs/bin", "shims"];
            self.found.extend(below.map(|dir| join(&scoop, dir)));
        }
        self.variables(&["SCOOP_GLOBAL"], "shims");
        self.variables(&["ProgramData"], "scoop/shims");
        self.variables(&["ChocolateyInstall"], "bin");
        self.variables(&["ProgramData"], "chocolatey/bin");
        // Package managers of JavaScript.
        self.variables(&["VOLTA_HOME"], "bin");
        self.variables(&["LOCALAPPDATA"], "Volta/bin");
        self.variables(&["PNPM_HOME"], "");
        self.variables(&["LOCALAPPDATA"], "pnpm");
        self.either("BUN_INSTALL", ".bun", "bin");
        self.variables(&["LOCALAPPDATA"], "Yarn/bin");
        // Version managers.
        let local = self.surroundings.dir("LOCALAPPDATA");
        self.mise(local.map(|local| local.join("mise")), "");
        let roaming = self.surroundings.dir("APPDATA");
        let fnm = [
            self.surroundings.dir("FNM_DIR"),
            roaming.as_deref().map(|it| it.join("fnm")),
        ];
        for root in fnm.into_iter().flatten() {
            self.found.push(join(&root, "aliases/default"));
            self.each_version(&join(&root, "node-versions"), "", "installation");
        }
        self.variables(&["NVM_SYMLINK"], "");
        let nvm = self.surroundings.dir("NVM_HOME");
        if let Some(nvm) = nvm.or(roaming.as_deref().map(|it| it.join("nvm"))) {
            self.each_version(&nvm, "", "");
        }
        self.variables(&["ProgramFiles"], "nodejs");
        // pip.
        self.variables(&["VIRTUAL_ENV"], "Lib/site-packages/codex_cli_bin/bin");
        if let Some(roaming) = roaming {
            self.each_version(
                &roaming.join("Python"),
                "",
                "site-packages/codex_cli_bin/bin",
            );
        }
    }

    /// The package that the installer of Codex keeps in its home.
    fn standalone(&mut self) {
        if let Some(codex) = self.base("CODEX_HOME", ".codex") {
            let current = join(&codex, "packages/standalone/current");
            self.found.extend([current.join("bin"), current]);
        }
    }

    fn nix(&mut self) {
        self.homes(&[".nix-profile/bin"]);
        self.either("XDG_STATE_HOME", ".local/state", "nix/profile/bin");
        if let Some(user) = self.surroundings.dir("USER") {
            let profile = Path::new("/etc/profiles/per-user").join(user);
            self.found.push(profile.join("bin"));
        }
        self.fixed(&[
            "/run/current-system/sw/bin",
            "/nix/var/nix/profiles/default/bin",
        ]);
    }

    /// `default` is the directory that mise uses unless it is configured; programs are in `bin`
    /// below each version. The shims come last: they fail outside of a project that names a version.
    fn mise(&mut self, default: Option<PathBuf>, bin: &str) {
        let Some(root) = self.surroundings.dir("MISE_DATA_DIR").or(default) else {
            return;
        };
        for tool in ["installs/codex", "installs/npm-openai-codex"] {
            self.each_version(&join(&root, tool), "latest", "bin");
            self.each_version(&join(&root, tool), "latest", "");
        }
        self.each_version(&join(&root, "installs/node"), "latest", bin);
        self.found.push(root.join("shims"));
    }

    fn asdf(&mut self) {
        if let Some(root) = self.base("ASDF_DATA_DIR", ".asdf") {
            self.each_version(&join(&root, "installs/nodejs"), "", "bin");
            self.found.push(root.join("shims"));
        }
    }

    fn at_home(&self, path: &str) -> Option<PathBuf> {
        self.home.as_deref().map(|home| join(home, path))
    }

    /// The directory in a variable, or else one below the home.
    fn base(&self, variable: &str, below_home: &str) -> Option<PathBuf> {
        let configured = self.surroundings.dir(variable);
        configured.or_else(|| self.at_home(below_home))
    }

    /// Adds a path below [`base`](Self::base).
    fn either(&mut self, variable: &str, below_home: &str, path: &str) {
        let base = self.base(variable, below_home);
        self.found.extend(base.map(|base| join(&base, path)));
    }

    /// Adds a path below each of the directories in these variables.
    fn variables(&mut self, names: &[&str], path: &str) {
        let dirs = names.iter().filter_map(|name| self.surroundings.dir(name));
        self.found.extend(dirs.map(|dir| join(&dir, path)));
    }

    /// Adds paths below the home.
    fn homes(&mut self, paths: &[&str]) {
        let dirs = paths.iter().filter_map(|path| self.at_home(path));
        let dirs: Vec<_> = dirs.collect();
        self.found.extend(dirs);
    }

    fn fixed(&mut self, paths: &[&str]) {
        self.found.extend(paths.iter().map(PathBuf::from));
    }

    /// Adds a path below each version in a directory.
    fn each_version(&mut self, dir: &Path, first: &str, path: &str) {
        let versions = self.surroundings.versions(dir, first);
        self.found
            .extend(versions.iter().map(|version| join(version, path)));
    }
}

/// Appends a path with `/` between its parts, using the separator of the system.
fn join(base: &Path, path: &str) -> PathBuf {
    let mut joined = base.to_owned();
    joined.extend(path.split('/').filter(|part| !part.is_empty()));
    joined
}

/// Returns the numbers in a name, so that `v20.11.0` sorts after `v9.2.0`.
fn version(name: &str) -> Vec<u64> {
    name.split(|c: char| !c.is_ascii_digit())
        .filter_map(|part| part.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests;
