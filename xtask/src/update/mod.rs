//! `cargo xtask update`: moves the workspace to a different release of Codex.

mod changelog;
mod client_words;
mod decisions;
mod dry_run;
mod mentions;
mod releases;
mod shorten;
mod steps;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use semver::Version;

use crate::codegen::report::Report;
use crate::schema::diff::Comparison;
use crate::schema::{self, pinned};
use crate::{cargo, codegen, compat, demo, runtime, suite, workspace};
use changelog::Placed;
use releases::Known;
use steps::Step;

/// Arguments of `cargo xtask update`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The release, such as 0.170.0, or `latest`.
    #[arg(long, value_name = "VERSION")]
    version: String,
    /// The older release that the drafts compare with; by default, the one of the commit that is
    /// checked out, or the pinned one.
    #[arg(long, value_name = "VERSION")]
    from: Option<String>,
    /// Print what an update would do, and change nothing but `target/`.
    #[arg(long)]
    dry_run: bool,
    /// With `--dry-run`, also write the report to this file, or remove the file if there is nothing
    /// to update.
    #[arg(long, value_name = "FILE", requires = "dry_run")]
    output: Option<PathBuf>,
    /// Shorten the report in the file to this many characters.
    #[arg(long, value_name = "CHARACTERS", requires = "output")]
    limit: Option<usize>,
}

/// Runs the chore.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let is_latest = args.version == "latest";
    let new = match is_latest {
        true => runtime::latest()
            .context("cannot find the latest release; name one, such as `--version 0.169.0`")?,
        false => runtime::parse(&args.version)?,
    };
    if args.dry_run {
        return dry_run::run(
            &new,
            is_latest,
            args.from.as_deref(),
            args.output.as_deref(),
            args.limit,
        );
    }
    if is_latest && new < pinned::version()? {
        println!("Codex {new} is the latest release, and a newer one is pinned");
        return Ok(());
    }
    let known = Known::find(&new, args.from.as_deref())?;
    let Some(old) = known.old(&new) else {
        println!(
            "Codex {new} is pinned already. To repeat its update, name the release before it: \
             `cargo xtask update --version {new} --from VERSION`"
        );
        return Ok(());
    };
    releases::remember(old, &new)?;
    let mut update = Update::new(old, &new);
    steps::run_all(&update.command(), |step| update.run(step))?;
    update.finish()
}

/// An update from one release to another.
struct Update {
    old: String,
    new: String,
    comparison: Option<Comparison>,
    report: Option<Report>,
}

impl Update {
    fn new(old: &Version, new: &Version) -> Self {
        Self {
            old: old.to_string(),
            new: new.to_string(),
            comparison: None,
            report: None,
        }
    }

    /// Returns the command that repeats this update.
    fn command(&self) -> String {
        format!("cargo xtask update --version {}", self.new)
    }

    /// Runs a step.
    fn run(&mut self, step: Step) -> anyhow::Result<()> {
        match step {
            Step::Install => {
                let binary = runtime::ensure(Some(&self.new))?;
                println!("{}", workspace::shown(&binary));
            }
            Step::Compare => {
                let comparison = Comparison::read(&self.old, &self.new)?;
                println!("{}", comparison.report().trim_end());
                self.comparison = Some(comparison);
            }
            Step::Pin => schema::pin(&self.new)?,
            Step::FirstReleases => self.add_skipped_releases()?,
            Step::Generate => {
                let report = codegen::write_pinned()?;
                print!("{report}");
                self.report = Some(report);
            }
            Step::Format => succeed(cargo::command()?.args(["fmt", "--all"]))?,
            Step::Draft => self.draft()?,
            Step::Build => {
                succeed(cargo::command()?.args(["build", "--workspace", "--all-targets"]))?;
            }
            Step::Compat => {
                if compat::is_current(&pinned::load()?)? {
                    println!("docs/compatibility.md describes Codex {} already", self.new);
                } else {
                    compat::write()?;
                }
            }
            Step::Demo => self.record_demo()?,
            Step::Test => {
                let arguments = vec!["--no-fail-fast".into()];
                succeed(&mut suite::command(arguments, Some(&self.new))?)?;
            }
            Step::Releases => self.keep_older_release()?,
        }
        Ok(())
    }

    /// Adds the releases between both to the table of first releases. A release that cannot be
    /// listed or installed is left out: the table then names a later release, which has the method
    /// too.
    fn add_skipped_releases(&self) -> anyhow::Result<()> {
        for release in skipped(&self.old, &self.new)? {
            if let Err(error) = schema::add_release(&release.to_string()) {
                println!("left out: Codex {release}: {error:#}");
            }
        }
        Ok(())
    }

    /// Renews the picture and the recording of the demo, which show the release.
    fn record_demo(&self) -> anyhow::Result<()> {
        let binary = runtime::ensure(Some(&self.new))?;
        for (option, path) in demo::SHOWN {
            let file = workspace::root()?.join(path);
            let shown = fs::read_to_string(&file).unwrap_or_default();
            if shown.contains(&format!("/{} (", self.new)) {
                println!("{path} shows Codex {} already", self.new);
                continue;
            }
            let chore = ["run", "--quiet", "--package", "xtask", "--", "demo", option];
            let mut demo = cargo::command()?;
            demo.args(chore).arg(&file).env(runtime::CODEX_BIN, &binary);
            succeed(&mut demo)?;
        }
        Ok(())
    }

    /// Keeps the schema of the older release for the tests of the generator, and writes the table of
    /// releases.
    fn keep_older_release(&self) -> anyhow::Result<()> {
        if runtime::parse(&self.new)? < runtime::parse(&self.old)? {
            println!("left out: Codex {} is newer", self.old);
            return Ok(());
        }
        // In a process of its own, because it takes long and has output of its own.
        let chore = ["run", "--quiet", "--package", "xtask", "--"];
        succeed(
            cargo::command()?
                .args(chore)
                .args(["releases", "--add", &self.old]),
        )
    }

    /// Writes the drafts.
    fn draft(&self) -> anyhow::Result<()> {
        let comparison = self.comparison()?;
        let path = workspace::root()?.join("CHANGELOG.md");
        let text = fs::read_to_string(&path).context("cannot read CHANGELOG.md")?;
        let draft = changelog::draft(comparison);
        match changelog::place(&text, &draft, &self.new)? {
            Placed::Kept => println!("CHANGELOG.md describes Codex {} already", self.new),
            Placed::Written(text) => {
                put(&path, &text)?;
                println!("CHANGELOG.md has a draft for Codex {}", self.new);
            }
        }
        let path = self.decisions()?;
        let sources = decisions::Workspace::read(&workspace::root()?, comparison)?;
        let text = decisions::render(comparison, self.report.as_ref(), &sources);
        let earlier = fs::read_to_string(&path).unwrap_or_default();
        put(&path, &decisions::keep_ticks(&earlier, &text))?;
        println!("{} lists the decisions", workspace::shown(&path));
        Ok(())
    }

    /// Prints the decisions, and what remains to be done by hand.
    fn finish(&self) -> anyhow::Result<()> {
        let Self { old, new, .. } = self;
        let path = self.decisions()?;
        let text = fs::read_to_string(&path).context("cannot read the list of decisions")?;
        println!("\n{}", text.trim_end());
        println!(
            "\nCodex {new} is pinned, generated and tested. By hand: the decisions above, which are \
             in {}; the draft in CHANGELOG.md; `cargo xtask codegen --strict`, which settles the \
             report; and the tests on Codex {old}: CODEX_BIN=\"$(cargo xtask runtime install \
             --version {old})\" cargo xtask test",
            workspace::shown(&path)
        );
        Ok(())
    }

    fn comparison(&self) -> anyhow::Result<&Comparison> {
        let comparison = self.comparison.as_ref();
        comparison.context("the protocols were not compared before this step")
    }

    /// Returns the path of the list of decisions.
    fn decisions(&self) -> anyhow::Result<PathBuf> {
        Ok(releases::directory()?.join(format!("{}.md", self.new)))
    }
}

/// Returns the published releases between two others whose methods the table of first releases does
/// not know. Prints why if they cannot be listed.
fn skipped(old: &str, new: &str) -> anyhow::Result<Vec<Version>> {
    let (old, new) = (runtime::parse(old)?, runtime::parse(new)?);
    if new < old {
        return Ok(Vec::new());
    }
    let table = pinned::load()?.first_releases;
    match runtime::published() {
        Ok(published) => Ok(table.unknown_between(&old, &new, &published)),
        Err(error) => {
            println!(
                "left out: the releases between {old} and {new}, which `cargo xtask schema since` \
                 adds: {error:#}"
            );
            Ok(Vec::new())
        }
    }
}

/// Runs a command, and fails unless it succeeds.
fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let words: Vec<_> = command.get_args().map(|it| it.to_string_lossy()).collect();
    let shown = format!("cargo {}", words.join(" "));
    let status = command
        .status()
        .with_context(|| format!("cannot run `{shown}`"))?;
    ensure!(status.success(), "`{shown}` failed ({status})");
    Ok(())
}

/// Replaces a file by a rename, so that an interrupted update leaves either text.
fn put(path: &Path, text: &str) -> anyhow::Result<()> {
    let new = path.with_extension("new");
    fs::write(&new, text)
        .and_then(|()| fs::rename(&new, path))
        .with_context(|| format!("cannot write {}", workspace::shown(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_command_is_named_with_its_arguments() {
        let mut command = Command::new("no-such-program");
        let error = format!("{:#}", succeed(command.arg("fmt")).unwrap_err());
        assert!(error.contains("`cargo fmt`"), "{error}");
    }
}
