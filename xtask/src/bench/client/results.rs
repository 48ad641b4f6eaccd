//! The medians of the samples.

use super::cases::{Case, Figure, Goal};
use super::programs::Sample;

/// The samples of a case, by reader; the first reader is the limit.
pub(super) struct Measured {
    pub(super) case: &'static Case,
    pub(super) readers: Vec<Reader>,
}

/// The samples of a reader, by round.
pub(super) struct Reader {
    pub(super) name: String,
    pub(super) goal: Option<Goal>,
    pub(super) samples: Vec<Sample>,
}

/// A row of the results.
pub(super) struct Row {
    pub(super) reader: String,
    pub(super) goal: Option<Goal>,
    /// The median of the ratios to the limit, each within a round.
    pub(super) ratio: Option<f64>,
    pub(super) wall: Option<f64>,
    pub(super) cpu: Option<f64>,
    pub(super) peak_mib: Option<f64>,
    pub(super) latency: Option<f64>,
    pub(super) delivered: bool,
}

impl Measured {
    /// Returns a row for each reader.
    pub(super) fn rows(&self) -> Vec<Row> {
        let figure = |sample: &Sample| match self.case.figure {
            Figure::Cpu => sample.cpu(),
            Figure::Wall => Some(sample.wall()),
        };
        let limit = self.readers.first().map_or(&[][..], |it| &it.samples[..]);
        let rows = self.readers.iter().map(|reader| {
            let samples = &reader.samples;
            let ratios = samples.iter().zip(limit).filter_map(|(sample, limit)| {
                Some(figure(sample)? / figure(limit).filter(|it| *it > 0.0)?)
            });
            Row {
                reader: reader.name.clone(),
                goal: reader.goal,
                ratio: median(ratios),
                wall: median(samples.iter().map(Sample::wall)),
                cpu: median(samples.iter().filter_map(Sample::cpu)),
                peak_mib: median(samples.iter().filter_map(Sample::peak_mib)),
                latency: median(samples.iter().filter_map(|it| it.latency)),
                delivered: samples.iter().all(|it| it.delivered),
            }
        });
        rows.collect()
    }
}

impl Row {
    /// Whether the goal is met; `None` without a goal or a figure.
    pub(super) fn meets_goal(&self) -> Option<bool> {
        let goal = self.goal?;
        let ratio = goal.ratio.map(|most| Some(rounded(self.ratio?) <= most));
        let peak = goal.peak_mib.map(|most| Some(self.peak_mib? <= most));
        let known: Option<Vec<bool>> = [ratio, peak].into_iter().flatten().collect();
        known.map(|met| met.into_iter().all(|met| met))
    }
}

/// Rounds to the two decimals that the tables show.
fn rounded(ratio: f64) -> f64 {
    (ratio * 100.0).round() / 100.0
}

/// Returns the middle figure, or the mean of the two in the middle.
fn median(figures: impl Iterator<Item = f64>) -> Option<f64> {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_unstable_by(f64::total_cmp);
    let middle = figures.len() / 2;
    let upper = *figures.get(middle)?;
    Some(match figures.len() % 2 {
        0 => f64::midpoint(figures[middle - 1], upper),
        _ => upper,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::client::cases::CASES;

    fn reader(name: &str, goal: Option<Goal>, cpu_us: [u64; 3]) -> Reader {
        let sample = |cpu_us: u64| {
            let sample = format!(
                r#"{{"wall_us":1,"cpu_us":{cpu_us},"peak_kib":2048,"delivered":true,"latency":null}}"#
            );
            serde_json::from_str(&sample).unwrap()
        };
        Reader {
            name: name.to_owned(),
            goal,
            samples: cpu_us.map(sample).into(),
        }
    }

    #[test]
    fn a_ratio_is_the_median_of_the_ratios_of_the_rounds() {
        let measured = Measured {
            case: &CASES[0],
            readers: vec![
                reader("limit", None, [100, 200, 400]),
                reader("async", Some(CASES[0].goals[0]), [100, 400, 480]),
            ],
        };
        let rows = measured.rows();
        assert_eq!(rows[0].ratio, Some(1.0));
        assert_eq!(rows[1].ratio, Some(1.2));
        assert_eq!(rows[1].peak_mib, Some(2.0));
        assert_eq!(rows[0].meets_goal(), None);
        assert_eq!(rows[1].meets_goal(), Some(false));
        assert!(rows[1].delivered);
    }

    #[test]
    fn the_median_of_an_even_number_is_the_mean_of_the_middle() {
        assert_eq!(median([3.0, 1.0].into_iter()), Some(2.0));
        assert_eq!(median([].into_iter()), None);
    }
}
