//! The differences between two releases, as data: what changed, where, and whom it breaks.

use std::collections::BTreeMap;

use super::methods::Union;

/// All that differs between two releases.
pub(super) struct Report {
    /// The older release.
    pub(super) old: String,
    /// The newer one.
    pub(super) new: String,
    /// How much there is of each sort, before and after.
    pub(super) sizes: BTreeMap<Area, (usize, usize)>,
    /// The differences: methods first, then types, each in the order of their names.
    pub(super) changes: Vec<Change>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// What sort of thing differs.
    pub(super) area: Area,
    /// The method or type that it belongs to.
    pub(super) owner: String,
    /// What follows the owner in its path: `.status`, `::plan.text`, or nothing.
    pub(super) below: String,
    /// What happened to it.
    pub(super) what: What,
    /// How it looks, or what is different about it.
    pub(super) detail: String,
    /// Whether a client of the older release breaks: on the wire, or when it is built again.
    pub(super) breaking: bool,
    /// Whether only clients that use the experimental API meet it.
    pub(super) experimental: bool,
}

/// The sorts of things that can differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Area {
    /// A method or notification.
    Method(Union),
    /// A definition as a whole.
    Type,
    /// A member of an object.
    Field,
    /// A value of an enum or a member of a union.
    Variant,
}

impl Area {
    /// All of them, in the order of a report.
    pub(super) const ALL: [Self; 7] = [
        Self::Method(Union::ClientRequest),
        Self::Method(Union::ClientNotification),
        Self::Method(Union::ServerRequest),
        Self::Method(Union::ServerNotification),
        Self::Type,
        Self::Field,
        Self::Variant,
    ];

    /// The word for its members.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Method(union) => union.title(),
            Self::Type => "types",
            Self::Field => "fields",
            Self::Variant => "variants",
        }
    }
}

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is there, and different.
    Changed,
    /// It needed the experimental API and is open to all now.
    Stabilised,
    /// It was open to all and needs the experimental API now.
    Withdrawn,
}

impl What {
    /// The mark at the start of its line.
    pub(super) fn mark(self) -> char {
        match self {
            Self::Added => '+',
            Self::Removed => '-',
            Self::Changed => '~',
            Self::Stabilised => '^',
            Self::Withdrawn => 'v',
        }
    }
}

/// The columns of the summary.
pub(super) const COLUMNS: [&str; 5] = ["added", "removed", "changed", "moved", "breaking"];

impl Report {
    /// The changes that break a client.
    pub(super) fn breaking(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.breaking)
    }

    /// The changes of the methods of a union.
    pub(super) fn of_methods(&self, union: Union) -> Vec<&Change> {
        self.changes
            .iter()
            .filter(|change| change.area == Area::Method(union))
            .collect()
    }

    /// The types that came or went as a whole.
    pub(super) fn whole_types(&self, what: What) -> Vec<&Change> {
        self.changes
            .iter()
            .filter(|change| change.area == Area::Type && change.what == what)
            .collect()
    }

    /// The changes within types, by type.
    pub(super) fn within_types(&self) -> BTreeMap<&str, Vec<&Change>> {
        let mut types: BTreeMap<&str, Vec<&Change>> = BTreeMap::new();
        for change in &self.changes {
            let whole = matches!(change.what, What::Added | What::Removed);
            match change.area {
                Area::Method(_) => {}
                Area::Type if whole => {}
                _ => types.entry(&change.owner).or_default().push(change),
            }
        }
        types
    }

    /// The numbers of one line of the summary, in the order of its columns.
    pub(super) fn counts(&self, area: Area) -> [usize; 5] {
        let count = |wanted: &dyn Fn(&Change) -> bool| {
            self.changes
                .iter()
                .filter(|change| change.area == area && wanted(change))
                .count()
        };
        [
            count(&|change| change.what == What::Added),
            count(&|change| change.what == What::Removed),
            count(&|change| change.what == What::Changed),
            count(&|change| matches!(change.what, What::Stabilised | What::Withdrawn)),
            count(&|change| change.breaking),
        ]
    }

    /// What the report amounts to for a client, in one sentence.
    pub(super) fn verdict(&self) -> String {
        let breaking = self.breaking().count();
        let experimental = self.breaking().filter(|change| change.experimental).count();
        match (self.changes.len(), breaking) {
            (0, _) => "The protocol is the same.".to_owned(),
            (1, 0) => "One change, and it does not break a client.".to_owned(),
            (all, 0) => format!("{all} changes, none of which breaks a client."),
            (all, _) => format!(
                "{breaking} of {all} changes can break a client{}.",
                match experimental {
                    0 => String::new(),
                    some if some == breaking =>
                        ", but only one that uses the experimental API".into(),
                    some => format!("; {some} of them only one that uses the experimental API"),
                }
            ),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A report of four changes.
    pub(in crate::schema::diff) fn small() -> Report {
        let change = |area, owner: &str, below: &str, what, detail: &str| Change {
            area,
            owner: owner.to_owned(),
            below: below.to_owned(),
            what,
            detail: detail.to_owned(),
            breaking: what == What::Changed,
            experimental: owner == "a/b" || owner == "Other",
        };
        let requests = Area::Method(Union::ClientRequest);
        Report {
            old: "1.0.0".to_owned(),
            new: "2.0.0".to_owned(),
            sizes: BTreeMap::from([(requests, (1, 2))]),
            changes: vec![
                change(requests, "a/b", "", What::Added, "AParams"),
                change(Area::Type, "New", "", What::Added, "object"),
                change(Area::Type, "Other", "", What::Added, "enum"),
                change(
                    Area::Field,
                    "Item",
                    "::plan.text",
                    What::Changed,
                    "now optional",
                ),
            ],
        }
    }

    #[test]
    fn the_verdict_says_whether_a_client_breaks_and_which_one() {
        let mut report = small();
        assert_eq!(report.verdict(), "1 of 4 changes can break a client.");
        report.changes[3].experimental = true;
        assert_eq!(
            report.verdict(),
            "1 of 4 changes can break a client, but only one that uses the experimental API."
        );
        report.changes[3].breaking = false;
        assert_eq!(
            report.verdict(),
            "4 changes, none of which breaks a client."
        );
        report.changes.clear();
        assert_eq!(report.verdict(), "The protocol is the same.");
    }

    #[test]
    fn the_summary_counts_each_sort_by_what_happened() {
        let report = small();
        assert_eq!(report.counts(Area::Type), [2, 0, 0, 0, 0]);
        assert_eq!(report.counts(Area::Field), [0, 0, 1, 0, 1]);
    }
}
