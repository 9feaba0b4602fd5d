//! Figures drawn from the results of a study, ready for a paper: a journal column wide, readable there, in colours that
//! the colour-blind can tell apart, with a bundled font.
//!
//! [`figures`] draws what the tables hold: `throughput` and `occupancy` over time, `delay_ccdf`, `utilization`, `attribution`
//! where delays are split, for sweeps `sweep_AXIS_METRIC`, and for metrics of that kind `dose_response_NAME`. The bytes depend on the tables alone. plotters maps coordinates and draws series onto a
//! display list ([`Figure::svg`] is written from it); axes, legends and labels are laid out here.

#![forbid(unsafe_code)]

mod attribution;
mod axis;
mod caption;
mod chart;
mod delay;
mod dose_response;
mod figure;
mod font;
mod label;
mod over_time;
mod png;
mod select;
mod sheet;
mod style;
mod svg;
mod sweep;
#[cfg(test)]
mod synthetic;
mod unit;
mod utilization;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use scenarios::FigureRequest;
use scenarios::figure::KINDS;
use scenarios::tables::StudyTables;

use crate::figure::Draft;

/// Why a figure could not be painted or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VizError {
    /// The SVG could not be painted.
    #[error("cannot paint the figure: {0}")]
    Picture(String),
    /// A file could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// One figure: the picture, what to write under it, and the numbers in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// The name of its files, without extension: `throughput`, `sweep_link.uplink.rate_loss_ratio`.
    pub name: String,
    /// A caption for a paper: what is shown, replications, interval, warm-up, seed, what was left out.
    pub caption: String,
    /// The picture, 89 mm wide.
    pub svg: String,
    /// The plotted data in base units, with a header.
    pub csv: String,
}

impl Figure {
    /// The picture as PNG at 600 dots an inch (2102 wide); fails with [`VizError::Picture`] only if `svg` was changed.
    pub fn png(&self) -> Result<Vec<u8>, VizError> {
        png::paint(&self.svg)
    }
}

/// Draws the figures that are asked for, or if none is all that the tables have data for; the same tables give the same
/// bytes.
pub fn figures(tables: &StudyTables, requests: &[FigureRequest]) -> Vec<Figure> {
    finished(tables, every_draft(tables, requests).into_iter().flat_map(|(_, drafts)| drafts))
}

fn finished(tables: &StudyTables, drafts: impl Iterator<Item = Draft>) -> Vec<Figure> {
    let mut names = BTreeSet::new();
    drafts
        .map(|draft| {
            let name = unique(&file_name(&draft.name), &mut names);
            let svg = svg::write(&draft.page, &format!("{}: {name}", tables.name), &draft.caption);
            Figure { name, caption: draft.caption, svg, csv: draft.csv }
        })
        .collect()
}

/// The drafts of each request, or of each kind if there is none.
fn every_draft(tables: &StudyTables, requests: &[FigureRequest]) -> Vec<(FigureRequest, Vec<Draft>)> {
    let requests = match requests {
        [] => KINDS.iter().map(|kind| FigureRequest::of(kind)).collect(),
        _ => requests.to_vec(),
    };
    requests.into_iter().map(|r| (r.clone(), drafts(tables, &r))).collect()
}

fn drafts(tables: &StudyTables, wanted: &FigureRequest) -> Vec<Draft> {
    let one = match wanted.kind.as_str() {
        "throughput" => over_time::draft(tables, "throughput", wanted),
        "occupancy" => over_time::draft(tables, "occupancy", wanted),
        "delay_ccdf" => delay::draft(tables, wanted),
        "series" => wanted.metric.as_ref().and_then(|metric| over_time::draft(tables, metric, wanted)),
        "utilization" => utilization::draft(tables, wanted),
        "attribution" => attribution::draft(tables, wanted),
        "dose_response" => return dose_response::drafts(tables, wanted),
        _ => return sweep::drafts(tables, wanted),
    };
    one.into_iter().collect()
}

/// What [`write_all`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The files.
    pub paths: Vec<PathBuf>,
    /// How many figures they are of.
    pub figures: usize,
    /// The requests that there was nothing to draw for.
    pub empty: Vec<FigureRequest>,
}

/// Draws figures into `folder/figures`, each as NAME.svg, NAME.png, NAME.csv and NAME.txt (the caption); a file is renamed
/// into its place when it is complete. Those are drawn that are asked for, or if none is all that there is data for. Fails
/// with [`VizError::Write`].
pub fn write_all(tables: &StudyTables, requests: &[FigureRequest], folder: &Path) -> Result<Written, VizError> {
    let folder = folder.join("figures");
    fs::create_dir_all(&folder).map_err(|source| VizError::Write { path: folder.clone(), source })?;
    let mut written = Written::default();
    let (empty, drawn): (Vec<_>, Vec<_>) =
        every_draft(tables, requests).into_iter().partition(|(_, drafts)| drafts.is_empty());
    written.empty.extend(empty.into_iter().map(|(request, _)| request).filter(|r| requests.contains(r)));
    for figure in finished(tables, drawn.into_iter().flat_map(|(_, drafts)| drafts)) {
        let png = figure.png()?;
        let caption = format!("{}\n", figure.caption);
        let files: [(&str, &[u8]); 4] = [
            ("svg", figure.svg.as_bytes()),
            ("png", &png),
            ("csv", figure.csv.as_bytes()),
            ("txt", caption.as_bytes()),
        ];
        for (extension, bytes) in files {
            let path = folder.join(format!("{}.{extension}", figure.name));
            replace(&path, bytes).map_err(|source| VizError::Write { path: path.clone(), source })?;
            written.paths.push(path);
        }
        written.figures += 1;
    }
    Ok(written)
}

/// Puts `bytes` at `path`, complete or not at all.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".part");
    let mut file = fs::File::create(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)
}

/// Letters, digits, dots, dashes and underscores, so that every file system takes it.
fn file_name(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    name.chars().map(safe).take(120).collect()
}

fn unique(name: &str, taken: &mut BTreeSet<String>) -> String {
    let numbered = (2..).map(|n| format!("{name}-{n}"));
    let free =
        std::iter::once(name.to_owned()).chain(numbered).find(|n| !taken.contains(n)).expect("there are many numbers");
    taken.insert(free.clone());
    free
}

#[cfg(test)]
mod tests;
