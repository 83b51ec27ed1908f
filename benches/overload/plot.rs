//! The figures as SVG, drawn by hand: lines, axes and names are all there is.

use std::fmt::Write;
use std::path::Path;

use crate::contender::Who;
use crate::figures::{Figures, Outcome};

const SIZE: (f64, f64) = (720.0, 420.0);
const LEFT: f64 = 60.0;
const RIGHT: f64 = 170.0;
const EDGE: f64 = 40.0;

const COLOURS: [&str; 8] = [
    "#888888", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#ff7f0e", "#2ca02c", "#1f77b4",
];

/// One chart; `x` by its logarithm or not.
struct Chart {
    title: String,
    below: &'static str,
    logarithm: bool,
    most: f64,
    lines: Vec<(String, Vec<(f64, f64)>)>,
}

/// A chart a model for the goodput and one for the 99th percentile, and one a model for the limit over time.
pub(crate) fn write(folder: &Path, outcomes: &[Outcome]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut models: Vec<&str> = outcomes.iter().map(|it| it.scenario.model).collect();
    models.dedup();
    for model in models {
        let constant: Vec<&Outcome> = outcomes
            .iter()
            .filter(|it| it.scenario.model == model && it.scenario.load.is_some())
            .collect();
        let Some(last) = constant.last() else {
            continue;
        };
        let deadline = last.scenario.setup.model.deadline;
        let chart = |title: &str, most: f64, value: fn(&Figures) -> f64| Chart {
            title: format!("{model}: {title}"),
            below: "load, of what the server can do",
            logarithm: true,
            most,
            lines: by_load(&constant, value),
        };
        let goodput = chart("answers in time, of what was possible", 1.1, |row| {
            row.goodput
        });
        std::fs::write(folder.join(format!("{model}-goodput.svg")), svg(&goodput))?;
        let tail = chart(
            "p99 in seconds (the top is twice the deadline)",
            deadline * 2.0,
            |row| row.p99,
        );
        std::fs::write(folder.join(format!("{model}-p99.svg")), svg(&tail))?;
        let steady = constant.iter().find(|it| it.scenario.load == Some(1.5));
        if let Some(outcome) = steady {
            std::fs::write(
                folder.join(format!("{model}-limit.svg")),
                svg(&limits(outcome)),
            )?;
        }
    }
    Ok(())
}

fn by_load(outcomes: &[&Outcome], value: fn(&Figures) -> f64) -> Vec<(String, Vec<(f64, f64)>)> {
    let line = |who: Who| {
        let points = outcomes.iter().map(|outcome| {
            let load = outcome.scenario.load.unwrap_or_default();
            (load, value(outcome.of(who)))
        });
        (who.name(), points.collect())
    };
    crate::contender::ALL.into_iter().map(line).collect()
}

fn limits(outcome: &Outcome) -> Chart {
    let best = f64::from(outcome.scenario.setup.model.best());
    let found = outcome.rows.iter().map(|row| {
        let found = matches!(row.who, Who::Aimd | Who::Vegas | Who::Gradient);
        let seconds = row.account.seconds.iter().enumerate();
        let points = seconds.map(|(nth, second)| (nth as f64 + 1.0, f64::from(second.limit)));
        let points = points.filter(|_| found).collect();
        (row.who.name(), points)
    });
    Chart {
        title: format!(
            "{}: limit at a load of 1.5 (N* is {best})",
            outcome.scenario.model
        ),
        below: "seconds",
        logarithm: false,
        most: best * 10.0,
        lines: found.collect(),
    }
}

fn svg(chart: &Chart) -> String {
    let (width, height) = SIZE;
    let scale = |x: f64| if chart.logarithm { x.log10() } else { x };
    let all = chart.lines.iter().flat_map(|line| &line.1);
    let (first, last) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), (x, _)| {
        (a.min(scale(*x)), b.max(scale(*x)))
    });
    let span = (last - first).max(1e-9);
    let place_x = |x: f64| LEFT + (scale(x) - first) / span * (width - LEFT - RIGHT);
    let place_y = |y: f64| {
        let share = (y / chart.most).clamp(0.0, 1.0);
        height - EDGE - share * (height - 2.0 * EDGE)
    };
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"20\" font-size=\"15\">{}</text>\n\
         <text x=\"{LEFT}\" y=\"{}\">{}</text>\n",
        chart.title,
        height - 5.0,
        chart.below,
    );
    // A String takes everything that is written to it.
    for part in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let value = chart.most * part;
        let (y, right) = (place_y(value), width - RIGHT);
        let _ = writeln!(
            out,
            "<line x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>\
             <text x=\"5\" y=\"{:.1}\">{value:.2}</text>",
            y + 4.0
        );
    }
    let longest = chart.lines.iter().max_by_key(|line| line.1.len());
    let points = longest.map_or(&[][..], |line| &line.1);
    for (x, _) in points.iter().step_by(points.len().div_ceil(10).max(1)) {
        let (at, y) = (place_x(*x), height - EDGE + 15.0);
        let _ = writeln!(
            out,
            "<text x=\"{at:.1}\" y=\"{y}\" text-anchor=\"middle\">{x}</text>"
        );
    }
    for (nth, (name, points)) in chart.lines.iter().enumerate() {
        let colour = COLOURS[nth % COLOURS.len()];
        if points.is_empty() {
            continue;
        }
        let mut path = String::new();
        for (x, y) in points {
            let _ = write!(path, "{:.1},{:.1} ", place_x(*x), place_y(*y));
        }
        let (x, y) = (width - RIGHT + 10.0, EDGE + 18.0 * nth as f64);
        let _ = writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\
             <text x=\"{x}\" y=\"{y}\" fill=\"{colour}\">{name}</text>",
            path.trim_end()
        );
    }
    out.push_str("</svg>\n");
    out
}
