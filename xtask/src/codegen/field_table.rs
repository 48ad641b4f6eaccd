//! Curated tables of fields, grouped by the reason for which they are listed.

use std::collections::BTreeSet;

use super::report::{Kind, Place, Report};

/// Groups of fields: a reason, and fields such as `Thread.status`. `*.status` stands for the field
/// of any definition, and `Config.*` for the additional properties of an object.
pub(crate) type Groups = &'static [(&'static str, &'static [&'static str])];

/// Finds fields in a table, and records which entries apply.
pub(crate) struct FieldTable {
    place: Place,
    groups: Groups,
    used: BTreeSet<&'static str>,
}

impl FieldTable {
    pub(crate) fn new(place: Place, groups: Groups) -> Self {
        Self {
            place,
            groups,
            used: BTreeSet::new(),
        }
    }

    /// Whether the table lists a field. Its entry applies then.
    pub(crate) fn lists(&mut self, definition: &str, field: &str) -> bool {
        let is_entry = |entry: &&str| {
            entry.split_once('.').is_some_and(|(name, of_field)| {
                of_field == field && (name == definition || name == "*")
            })
        };
        let entry = self.entries().find(is_entry);
        self.used.extend(entry);
        entry.is_some()
    }

    /// Reports the entries that do not apply.
    pub(crate) fn report_unused(&self, sentence: &str, report: &mut Report) {
        for entry in self.entries().filter(|entry| !self.used.contains(entry)) {
            report.add(Kind::Stale, entry, sentence, self.place);
        }
    }

    fn entries(&self) -> impl Iterator<Item = &'static str> + use<> {
        let groups = self.groups.iter();
        groups.flat_map(|(_, entries)| entries.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_applies_to_its_field_and_is_reported_if_it_applies_to_none() {
        const GROUPS: Groups = &[
            ("Known values.", &["Thread.id", "*.name", "Config.*"]),
            ("Older ones.", &["Turn.gone"]),
        ];
        let place = Place::new("secrets.rs", "EXCUSED");
        let mut table = FieldTable::new(place, GROUPS);
        for (definition, field) in [("Thread", "id"), ("Any", "name"), ("Config", "*")] {
            assert!(table.lists(definition, field), "{definition}.{field}");
        }
        for (definition, field) in [("Turn", "id"), ("Thread", "*"), ("Thread", "i")] {
            assert!(!table.lists(definition, field), "{definition}.{field}");
        }
        let mut report = Report::default();
        table.report_unused("no such field", &mut report);
        let stale: Vec<_> = report.of(Kind::Stale).collect();
        assert_eq!(stale.len(), 1);
        assert_eq!(stale[0].subject, "Turn.gone");
        assert_eq!(stale[0].place, place);
    }
}
