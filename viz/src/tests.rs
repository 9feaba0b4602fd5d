use super::*;
use crate::sheet::{Page, Shape, Text};
use crate::synthetic::{biology, crowded, network};
use resvg::tiny_skia::Pixmap;
use resvg::usvg;
use scenarios::tables::{Estimate, SummaryRow};

fn studies() -> Vec<(&'static str, StudyTables)> {
    let mut single = network(false);
    single.replications = 1;
    for r in &mut single.summary {
        r.estimate = Estimate { sd: f64::NAN, ci_low: f64::NAN, ci_high: f64::NAN, n: 1, ..r.estimate };
    }
    single.series.iter_mut().for_each(|s| s.half_width.fill(f64::NAN));
    vec![
        ("network", network(false)),
        ("network_sweep", network(true)),
        ("biology", biology(false)),
        ("biology_sweep", biology(true)),
        ("crowded", crowded()),
        ("one_replication", single),
    ]
}

fn all_drafts(tables: &StudyTables) -> Vec<Draft> {
    every_draft(tables, &[]).into_iter().flat_map(|(_, drafts)| drafts).collect()
}

fn texts(page: &Page) -> Vec<&Text> {
    page.shapes.iter().filter_map(|(_, s)| if let Shape::Text(t) = s { Some(t) } else { None }).collect()
}

fn named<'a>(figures: &'a [Figure], name: &str) -> &'a Figure {
    figures.iter().find(|f| f.name == name).unwrap_or_else(|| panic!("no figure {name}"))
}

#[test]
fn studies_have_the_figures_they_have_data_for() {
    let names = |t: &StudyTables| figures(t, &[]).into_iter().map(|f| f.name).collect::<Vec<_>>();
    let common = ["throughput", "occupancy", "delay_ccdf", "utilization"];
    assert_eq!(names(&network(false)), common);
    assert_eq!(names(&biology(false)), common);
    let swept = names(&biology(true));
    assert_eq!(swept[..4], common);
    let metrics = ["throughput", "occupancy", "sojourn_time", "utilization"];
    assert_eq!(swept[4..], metrics.map(|m| format!("sweep_intervention.dose.value_{m}")));
    let metrics = ["throughput", "sojourn_time", "loss_ratio", "utilization"];
    let axes = ["rate", "queue"];
    let expected: Vec<String> =
        axes.iter().flat_map(|a| metrics.map(|m| format!("sweep_link.uplink.{a}_{m}"))).collect();
    assert_eq!(names(&network(true))[4..], expected);
}

#[test]
fn pictures_are_a_column_wide() {
    for (study, tables) in studies() {
        for f in figures(&tables, &[]) {
            let options = usvg::Options { fontdb: font::DATABASE.clone(), ..usvg::Options::default() };
            let tree = usvg::Tree::from_str(&f.svg, &options).unwrap_or_else(|e| panic!("{study}/{}: {e}", f.name));
            let mm = f64::from(tree.size().width()) / 96.0 * 25.4;
            assert!((mm - 89.0).abs() < 0.1, "{study}/{}: {mm} mm", f.name);
            assert!(f64::from(tree.size().height()) / 96.0 * 25.4 < 120.0, "{study}/{}", f.name);
            assert!(f.svg.contains("<title>") && f.svg.contains("<desc>"));
        }
    }
    let file = named(&figures(&network(false), &[]), "throughput").png().unwrap();
    assert_eq!(Pixmap::decode_png(&file).unwrap().width(), 2102);
}

#[test]
fn texts_stay_on_the_page_and_apart() {
    for (study, tables) in studies() {
        for draft in all_drafts(&tables) {
            let all = texts(&draft.page);
            let what = format!("{study}/{}", draft.name);
            for (i, a) in all.iter().enumerate() {
                let [left, top, right, bottom] = a.bounds();
                let (width, height) = (draft.page.width, draft.page.height);
                assert!(left >= 0.0 && top >= 0.0 && right <= width && bottom <= height, "{what}: {a:?} leaves");
                for b in &all[i + 1..] {
                    let [l, t, r, u] = b.bounds();
                    assert!(right <= l || r <= left || bottom <= t || u <= top, "{what}: {a:?} on {b:?}");
                }
            }
        }
    }
}

#[test]
fn legends_keep_off_the_data() {
    for (study, tables) in studies() {
        for draft in all_drafts(&tables) {
            let ys = |shape: &Shape| match shape {
                Shape::Line { points, .. } | Shape::Area { points, .. } => points.iter().map(|p| p.1).collect(),
                Shape::Disc { centre, radius, .. } => vec![centre.1 - radius, centre.1 + radius],
                Shape::Text(t) => vec![t.bounds()[1], t.bounds()[3]],
            };
            let of = |layer: sheet::Layer| {
                draft
                    .page
                    .shapes
                    .iter()
                    .filter(move |(l, _)| *l == layer)
                    .flat_map(|(_, s)| ys(s))
                    .collect::<Vec<f64>>()
            };
            let legend = of(sheet::Layer::Legend).into_iter().fold(0.0, f64::max);
            let data = of(sheet::Layer::Data).into_iter().fold(f64::INFINITY, f64::min);
            assert!(legend < data + 0.01, "{study}/{}: {legend} {data}", draft.name);
        }
    }
}

#[test]
fn no_text_is_below_five_points() {
    for (_, tables) in studies() {
        for draft in all_drafts(&tables) {
            for t in texts(&draft.page) {
                let least = if t.words.sup.is_empty() { t.size } else { font::Words::sup_size(t.size).min(t.size) };
                assert!(least >= font::SMALLEST);
            }
        }
    }
}

#[test]
fn the_same_tables_give_the_same_bytes() {
    let (a, b) = (figures(&network(true), &[]), figures(&network(true), &[]));
    assert_eq!(a, b);
    assert_eq!(a[0].png().unwrap(), b[0].png().unwrap());
}

#[test]
fn at_most_seven_lines_and_the_caption_counts_the_rest() {
    let at_one_point = |kind: &str| FigureRequest { point: Some(0), ..FigureRequest::of(kind) };
    let shown = figures(&crowded(), &[at_one_point("throughput"), at_one_point("utilization")]);
    let throughput = named(&shown, "throughput");
    let series = |csv: &str| {
        csv.lines().skip(1).map(|l| l.split(',').next().unwrap_or("").to_owned()).collect::<BTreeSet<_>>().len()
    };
    assert_eq!(series(&throughput.csv), 7);
    assert!(throughput.caption.contains("7 of 27 components"), "{}", throughput.caption);
    assert!(throughput.caption.contains("20 are left out"));
    assert!(throughput.caption.contains("n = 20 replications"));
    assert_eq!(series(&named(&shown, "utilization").csv), 15);
    // Of a sweep one component is shown at points from end to end.
    let swept = figures(&crowded(), &[]);
    let throughput = named(&swept, "throughput");
    assert!(throughput.caption.contains(" at 7 of 15 points, by link."), "{}", throughput.caption);
}

#[test]
fn the_component_that_changes_most_is_shown_at_all_points() {
    let swept = figures(&network(true), &[]);
    let occupancy = named(&swept, "occupancy");
    assert!(occupancy.svg.contains("Occupancy of uplink (packets)") && occupancy.svg.contains(">5 Mbit/s, fifo<"));
    assert!(named(&swept, "throughput").svg.contains("Throughput of web"));
    assert!(named(&swept, "delay_ccdf").svg.contains("Delay of voice"));
}

#[test]
fn requests_choose_what_is_shown() {
    let tables = network(true);
    let wanted = FigureRequest {
        components: vec!["voice".into(), "web".into()],
        metric: Some("sojourn_time".into()),
        stat: Some("p99".into()),
        axis: Some("link.uplink.rate".into()),
        x_label: Some("Capacity".into()),
        y_label: Some("Worst delay".into()),
        log: Some(true),
        ..FigureRequest::of("sweep")
    };
    let shown = figures(&tables, std::slice::from_ref(&wanted));
    assert_eq!(shown.len(), 1);
    let f = &shown[0];
    assert_eq!(f.name, "sweep_link.uplink.rate_sojourn_time");
    for text in [">Capacity (Mbit/s)<", "Worst delay (", ">10<"] {
        assert!(f.svg.contains(text), "{text}: {}", f.svg);
    }
    assert!(f.caption.contains("p99 within a run"), "{}", f.caption);
    let flows = FigureRequest { components: vec!["voice".into(), "web".into()], ..FigureRequest::of("throughput") };
    let f = &figures(&tables, &[flows])[0];
    assert!(
        f.svg.contains(">voice<") && !f.svg.contains(">backup<") && f.caption.contains("Only the point "),
        "{}",
        f.caption
    );
    // What there is nothing of is told.
    let folder = tempfile::tempdir().unwrap();
    let nothing = FigureRequest { metric: Some("fairness".into()), ..FigureRequest::of("sweep") };
    let written = write_all(&tables, &[nothing.clone(), wanted], folder.path()).unwrap();
    assert_eq!((written.figures, written.empty), (1, vec![nothing]));
}

#[test]
fn two_statistics_have_a_colour_a_flow_and_a_style_each() {
    let mut tables = network(true);
    tables.axes.truncate(1);
    tables.points.iter_mut().for_each(|p| p.coordinates.truncate(1));
    let shown = figures(&tables, &[]);
    let f = named(&shown, "sweep_link.uplink.rate_sojourn_time");
    for key in [">web<", ">backup<", ">voice<", ">mean<", ">p99<"] {
        assert_eq!(f.svg.matches(key).count(), 1, "{key}");
    }
    // Sweep points are labelled where they are.
    assert!([">5<", ">10<", ">20<", ">40<", ">80<"].iter().all(|tick| f.svg.contains(tick)), "{}", f.svg);
    assert!(f.svg.contains(">Rate of uplink (Mbit/s)<"));
}

#[test]
fn bands_that_hide_each_other_are_not_drawn() {
    let mut tables = network(false);
    let band = |f: &Figure| f.svg.matches("fill-opacity=\"0.2\"").count();
    assert!(band(named(&figures(&tables, &[]), "throughput")) > 0);
    for s in tables.series.iter_mut().filter(|s| s.metric == "throughput") {
        s.half_width.fill(5000.0);
    }
    let shown = figures(&tables, &[]);
    let f = named(&shown, "throughput");
    assert!(band(f) == 0 && f.caption.contains("would hide the lines; the table has them"), "{}", f.caption);
    assert!(f.csv.lines().nth(1).is_some_and(|row| row.split(',').nth(4).is_some_and(|high| !high.is_empty())));
}

#[test]
fn flows_that_lose_nothing_are_named_and_not_drawn() {
    let mut tables = network(true);
    tables.axes.truncate(1);
    tables.points.iter_mut().for_each(|p| p.coordinates.truncate(1));
    for r in tables.summary.iter_mut().filter(|r| r.metric == "loss_ratio" && r.component != "web") {
        r.estimate = Estimate { mean: 0.0, ci_low: 0.0, ci_high: 0.0, ..r.estimate };
    }
    let shown = figures(&tables, &[]);
    let f = named(&shown, "sweep_link.uplink.rate_loss_ratio");
    assert!(f.caption.contains("No loss: backup, voice.") && !f.svg.contains(">voice<"), "{}", f.caption);
}

#[test]
fn captions_say_what_a_reader_must_know() {
    for (study, tables) in studies() {
        for f in figures(&tables, &[]) {
            assert!(f.caption.contains(&tables.title), "{study}/{}: {}", f.name, f.caption);
            assert!(f.caption.ends_with(&format!("Seed {}.", tables.seed)));
            let interval = tables.replications == 1 || f.caption.contains("95 %") || f.name == "delay_ccdf";
            assert!(interval, "{study}/{}: {}", f.name, f.caption);
            assert!(!f.caption.contains("  ") && !f.caption.contains(".."), "{study}/{}: {}", f.name, f.caption);
        }
    }
    let swept = figures(&network(true), &[]);
    // The made-up interval of a full uplink reaches beyond 100 %.
    assert!(named(&swept, "sweep_link.uplink.rate_utilization").caption.contains("cut at the ends"));
    assert!(!named(&swept, "sweep_link.uplink.rate_throughput").caption.contains("cut"));
    let biology = figures(&biology(false), &[]);
    assert!(named(&biology, "delay_ccdf").svg.contains("Residence time"));
    assert!(named(&figures(&network(false), &[]), "delay_ccdf").svg.contains("Delay (ms)"));
}

#[test]
fn shares_over_decades_are_shares_of_one() {
    let mut tables = network(true);
    // One axis, so that lines are components, one of which is hardly used.
    tables.axes.truncate(1);
    tables.points.iter_mut().for_each(|p| p.coordinates.truncate(1));
    let of_access = |r: &&mut SummaryRow| (r.component.as_str(), r.metric.as_str()) == ("access", "utilization");
    for r in tables.summary.iter_mut().filter(of_access) {
        r.estimate = Estimate { mean: 2e-5, sd: 1e-6, ci_low: 1.9e-5, ci_high: 2.1e-5, n: 20 };
    }
    let figures = figures(&tables, &[]);
    assert!(named(&figures, "sweep_link.uplink.rate_utilization").svg.contains(">Utilization<"));
    assert!(named(&figures, "sweep_link.uplink.rate_loss_ratio").svg.contains("(%)"));
}

#[test]
fn nothing_to_show_gives_no_figures() {
    assert!(figures(&StudyTables::default(), &[]).is_empty());
    let mut tables = network(true);
    for r in &mut tables.summary {
        r.estimate = Estimate { mean: f64::NAN, sd: f64::NAN, ci_low: f64::NAN, ci_high: f64::NAN, n: 0 };
    }
    tables.series.iter_mut().for_each(|s| s.mean.fill(f64::NAN));
    tables.sojourns.iter_mut().for_each(|(_, _, s)| s.clear());
    assert!(figures(&tables, &[]).is_empty());
}

#[test]
fn odd_numbers_break_nothing() {
    let mut tables = network(true);
    for (i, r) in tables.summary.iter_mut().enumerate() {
        let odd = [f64::NAN, 0.0, -1.0, f64::INFINITY, 1e300, 1e-300][i % 6];
        r.estimate = Estimate { mean: odd, ci_low: odd, ci_high: odd * 2.0, ..r.estimate };
    }
    for (i, s) in tables.series.iter_mut().enumerate() {
        s.mean.iter_mut().skip(i).step_by(3).for_each(|m| *m = f64::NAN);
        s.half_width.truncate(i);
    }
    tables.series[4].mean.clear();
    tables.series[5].bin = 0.0;
    tables.axes[0].values = Some(vec![f64::NAN; 5]);
    tables.points.truncate(3);
    for f in figures(&tables, &[]) {
        assert!(!f.svg.contains("NaN") && !f.svg.contains("inf"), "{}: {}", f.name, f.svg);
        f.png().unwrap();
    }
}

#[test]
fn files_are_complete_and_in_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let paths = write_all(&biology(true), &[], folder.path()).unwrap().paths;
    assert_eq!(paths.len(), 4 * 8);
    for extension in ["svg", "png", "csv", "txt"] {
        assert!(folder.path().join(format!("figures/throughput.{extension}")).is_file());
    }
    let names: Vec<_> = fs::read_dir(folder.path().join("figures")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names.len(), paths.len());
    let blocked = folder.path().join("figures/throughput.csv");
    assert!(matches!(write_all(&biology(true), &[], &blocked), Err(VizError::Write { .. })));
}

/// To look at: `VIZ_GALLERY=folder cargo test -p egress-viz gallery -- --ignored`.
#[test]
#[ignore = "writes pictures to look at"]
fn gallery() {
    let folder = std::env::var("VIZ_GALLERY").expect("VIZ_GALLERY names a folder");
    for (study, tables) in studies() {
        write_all(&tables, &[], &Path::new(&folder).join(study)).unwrap();
    }
}
