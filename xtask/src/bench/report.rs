//! Tables of figures.

use super::Format;

/// A table: the first column is text, the others are figures.
pub(super) struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new<const N: usize>(head: [&str; N]) -> Self {
        Self {
            head: head.map(str::to_owned).to_vec(),
            rows: Vec::new(),
        }
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The lines of the table, each with its line break.
    pub(super) fn print(&self, format: Format) -> String {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            let cells = cells.chain(self.head.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.head.len()).map(width).collect();
        let line = |row: &[String]| {
            let cells = row.iter().zip(&widths).enumerate();
            let cells = cells.map(|(column, (cell, width))| match column {
                0 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            });
            let cells: Vec<String> = cells.collect();
            match format {
                Format::Text => format!("{}\n", cells.join("  ").trim_end()),
                Format::Markdown => format!("| {} |\n", cells.join(" | ")),
            }
        };
        let mut text = line(&self.head);
        if format == Format::Markdown {
            text.push_str("|---|");
            text.push_str(&"---:|".repeat(self.head.len().saturating_sub(1)));
            text.push('\n');
        }
        text.extend(self.rows.iter().map(|row| line(row)));
        text
    }
}

/// The middle one; of an even number, the lower of the two.
pub(super) fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len().saturating_sub(1) / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_aligned_or_markdown() {
        let mut table = Table::new(["what", "s"]);
        table.row(["check".to_owned(), "10.5".to_owned()]);
        assert_eq!(table.print(Format::Text), "what      s\ncheck  10.5\n");
        assert_eq!(
            table.print(Format::Markdown),
            "| what  |    s |\n|---|---:|\n| check | 10.5 |\n"
        );
    }

    #[test]
    fn the_median_ignores_a_disturbed_round() {
        assert_eq!(median(vec![2.0, 9.0, 1.0]), Some(2.0));
        assert_eq!(median(vec![]), None);
    }
}
