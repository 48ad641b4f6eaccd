//! The ratios as a plot.

use std::fmt::Write as _;

use super::results::Measured;

/// Width of the names of the cases, of the scale, and of the figures beside the bars.
const NAMES: f64 = 190.0;
const SCALE: f64 = 440.0;
const FIGURES: f64 = 70.0;

/// Height of a bar, and of the gap between two cases.
const BAR: f64 = 14.0;
const GAP: f64 = 10.0;

/// The highest ratio of the scale. Longer bars end there.
const HIGHEST: f64 = 5.0;

/// The colors of the readers, which both light and dark pages show well.
const COLORS: [&str; 6] = [
    "#3b82f6", "#f59e0b", "#8b5cf6", "#94a3b8", "#10b981", "#ec4899",
];

/// Returns the plot as SVG: a bar for each reader but the limit, and a mark for its goal.
pub(super) fn svg(measured: &[Measured]) -> String {
    let mut body = String::new();
    let mut y = 30.0;
    let top = y;
    for it in measured {
        let rows = it.rows();
        let bars = rows.iter().skip(1).enumerate();
        let _ = writeln!(
            body,
            r#"<text x="0" y="{:.0}" font-weight="bold">{}</text>"#,
            y + BAR - 3.0,
            escaped(it.case.name)
        );
        for (number, row) in bars {
            let color = COLORS[number % COLORS.len()];
            let name = escaped(&row.reader);
            let text = y + BAR - 3.0;
            let _ = writeln!(body, r#"<text x="60" y="{text:.0}">{name}</text>"#);
            if let Some(ratio) = row.ratio {
                let length = x(ratio) - NAMES;
                let _ = writeln!(
                    body,
                    r#"<rect x="{NAMES}" y="{y:.0}" width="{length:.0}" height="{:.0}" fill="{color}"/>"#,
                    BAR - 2.0
                );
                let end = x(ratio) + 6.0;
                let _ = writeln!(
                    body,
                    r#"<text x="{end:.0}" y="{text:.0}">{ratio:.2}</text>"#
                );
            }
            if let Some(most) = row.goal.and_then(|goal| goal.ratio) {
                let (at, end) = (x(most), y + BAR - 1.0);
                let _ = writeln!(
                    body,
                    r##"<path d="M{at:.0} {:.0}V{end:.0}" stroke="#dc2626" stroke-width="2"/>"##,
                    y - 1.0
                );
            }
            y += BAR;
        }
        y += GAP;
    }
    let (width, limit) = (NAMES + SCALE + FIGURES, x(1.0));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {y:.0}\" \
         font-family=\"sans-serif\" font-size=\"11\" fill=\"#64748b\">\n\
         <text x=\"0\" y=\"14\">ratio to the limit (line); a red mark is a goal</text>\n{body}\
         <path d=\"M{limit:.0} {top:.0}V{y:.0}\" stroke=\"#64748b\"/>\n</svg>\n"
    )
}

/// Returns the position of a ratio.
fn x(ratio: f64) -> f64 {
    NAMES + SCALE * ratio.min(HIGHEST) / HIGHEST
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    text.replace('<', "&lt;")
}
