//! Writes the results.

use std::{fs, path::Path};

use anyhow::{Context, ensure};

use crate::workspace;

/// The lines of the page between which the results stand.
const BEGIN: &str = "<!-- Results of `cargo xtask bench --write`: not edited by hand. -->\n";
const END: &str = "<!-- End of the results. -->\n";

/// Writes the results and the plot into a directory.
pub(super) fn write(directory: &Path, results: &str, plot: &str) -> anyhow::Result<()> {
    fs::create_dir_all(directory)
        .and_then(|()| fs::write(directory.join("results.md"), results))
        .and_then(|()| fs::write(directory.join("ratios.svg"), plot))
        .with_context(|| format!("cannot write to {}", directory.display()))?;
    eprintln!("written to {}", workspace::shown(directory));
    Ok(())
}

/// Replaces the results in `docs/performance.md` and the plot beside it.
pub(super) fn update(results: &str, plot: &str) -> anyhow::Result<()> {
    let docs = workspace::root()?.join("docs");
    let path = docs.join("performance.md");
    let page = fs::read_to_string(&path).context("cannot read docs/performance.md")?;
    fs::write(&path, replaced(&page, results)?).context("cannot write docs/performance.md")?;
    fs::write(docs.join("performance.svg"), plot).context("cannot write docs/performance.svg")
}

/// Returns the page with these results.
fn replaced(page: &str, results: &str) -> anyhow::Result<String> {
    let before = page.split_once(BEGIN).map(|(before, _)| before);
    let after = page.split_once(END).map(|(_, after)| after);
    ensure!(
        before.is_some() && after.is_some(),
        "docs/performance.md has no lines {BEGIN:?} and {END:?}"
    );
    let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
    Ok(format!("{before}{BEGIN}\n{results}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_results_of_the_page_are_replaced() {
        let page = format!("before\n{BEGIN}\nold\n\n{END}after\n");
        let new = replaced(&page, "| new |\n").unwrap();
        assert_eq!(new, format!("before\n{BEGIN}\n| new |\n\n{END}after\n"));
        assert!(replaced("no results", "").is_err());
    }
}
