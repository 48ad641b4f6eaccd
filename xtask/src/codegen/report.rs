//! Collects the parts of the output that a person should look at: guesses, entries of tables that
//! no longer apply, and input that was not understood.
//!
//! Generation continues past all of them. The report is printed once, at the end, and fails a
//! strict run.

use std::{
    collections::BTreeSet,
    fmt::{self, Display, Formatter},
};

use anyhow::{Result, bail};

/// The kind of an entry, in the order of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// The output was chosen by rule, and a table can confirm or correct the choice.
    Guess,
    /// A fix-up or an entry of a table does not apply to this schema.
    Stale,
    /// Input that was not understood has become `Value`.
    Widened,
    /// Input that was not understood is read as `Unrecognized`, or not at all.
    LeftOut,
    /// No rule says whether `null` differs from absence in a nullable field of params.
    Undecided,
}

impl Kind {
    /// All kinds, in order.
    pub(crate) const ALL: [Self; 5] = [
        Self::Guess,
        Self::Stale,
        Self::Widened,
        Self::LeftOut,
        Self::Undecided,
    ];

    /// The plural of the kind, for the line of counts.
    pub(crate) fn plural(self) -> &'static str {
        match self {
            Self::Guess => "guesses",
            Self::Stale => "stale",
            Self::Widened => "widened",
            Self::LeftOut => "left out",
            Self::Undecided => "undecided",
        }
    }

    /// The heading of the group of entries.
    fn heading(self) -> &'static str {
        match self {
            Self::Guess => "Guesses: chosen by rule; confirm or correct them",
            Self::Stale => "Stale: entries for other releases, not applied to this schema",
            Self::Widened => "Widened: not understood, and generated as `Value`",
            Self::LeftOut => "Left out: not understood, and read as `Unrecognized` if at all",
            Self::Undecided => "Undecided: nullable fields that may or may not be clearable",
        }
    }
}

/// The place that mends an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    /// A file in `xtask/src/codegen`.
    pub(crate) file: &'static str,
    /// A table or function in the file.
    pub(crate) table: &'static str,
}

impl Place {
    pub(crate) const fn new(file: &'static str, table: &'static str) -> Self {
        Self { file, table }
    }
}

impl Display for Place {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} in xtask/src/codegen/{}",
            self.table, self.file
        )
    }
}

/// One entry of the report.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    /// The definition, field or method, such as `Thread.status`.
    pub(crate) subject: String,
    /// One sentence, without the subject and without a full stop.
    pub(crate) sentence: String,
    pub(crate) place: Place,
}

/// The entries, sorted and without repetitions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Report {
    entries: BTreeSet<Entry>,
}

impl Report {
    /// Adds an entry.
    pub(crate) fn add(
        &mut self,
        kind: Kind,
        subject: impl Into<String>,
        sentence: impl Into<String>,
        place: Place,
    ) {
        self.entries.insert(Entry {
            kind,
            subject: subject.into(),
            sentence: sentence.into(),
            place,
        });
    }

    /// Removes the entries of a kind.
    pub(crate) fn leave_out(&mut self, kind: Kind) {
        self.entries.retain(|entry| entry.kind != kind);
    }

    /// Adds the entries of another report.
    pub(crate) fn append(&mut self, mut other: Self) {
        self.entries.append(&mut other.entries);
    }

    /// The number of entries of a kind.
    pub(crate) fn count(&self, kind: Kind) -> usize {
        self.of(kind).count()
    }

    /// The entries of a kind, by subject.
    pub(crate) fn of(&self, kind: Kind) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.kind == kind)
    }

    /// Refuses a report with entries.
    ///
    /// # Errors
    ///
    /// Fails if there is an entry. The caller has printed the report.
    pub(crate) fn refuse(&self) -> Result<()> {
        match self.entries.len() {
            0 => Ok(()),
            count => bail!(
                "the report has entries ({count}): settle each at the place that it names; \
                 `cargo xtask codegen` without `--strict` and `--check` accepts them"
            ),
        }
    }
}

impl Display for Report {
    /// Writes the groups, each sorted by subject, and a line of counts.
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        for kind in Kind::ALL.into_iter().filter(|kind| self.count(*kind) > 0) {
            writeln!(formatter, "{}", kind.heading())?;
            for Entry {
                subject,
                sentence,
                place,
                ..
            } in self.of(kind)
            {
                writeln!(formatter, "  `{subject}`: {sentence} ({place})")?;
            }
            writeln!(formatter)?;
        }
        let counts = Kind::ALL.map(|kind| format!("{}: {}", kind.plural(), self.count(kind)));
        writeln!(formatter, "report: {}", counts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: Place = Place::new("responses.rs", "RESPONSES");

    #[test]
    fn the_report_groups_by_kind_sorts_and_counts() {
        let mut report = Report::default();
        report.add(Kind::Stale, "b", "no such method", TABLE);
        report.add(Kind::Guess, "z/y", "the response is `Value`", TABLE);
        report.add(Kind::Stale, "a", "no such method", TABLE);
        report.add(Kind::Stale, "a", "no such method", TABLE);
        let text = report.to_string();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "Guesses: chosen by rule; confirm or correct them",
                "  `z/y`: the response is `Value` (RESPONSES in xtask/src/codegen/responses.rs)",
                "",
                "Stale: entries for other releases, not applied to this schema",
                "  `a`: no such method (RESPONSES in xtask/src/codegen/responses.rs)",
                "  `b`: no such method (RESPONSES in xtask/src/codegen/responses.rs)",
                "",
                "report: guesses: 1, stale: 2, widened: 0, left out: 0, undecided: 0",
            ]
        );
    }

    #[test]
    fn only_an_empty_report_is_accepted_by_a_strict_run() {
        let mut report = Report::default();
        report.refuse().unwrap();
        report.add(Kind::Undecided, "a.b", "nullable", TABLE);
        let error = report.refuse().unwrap_err().to_string();
        assert!(error.contains("entries (1)"), "{error}");
    }
}
