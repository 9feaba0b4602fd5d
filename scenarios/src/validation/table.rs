//! Results for people and for programs.

use super::judge::Verdict;
use super::run::CaseResult;

const HEAD: [&str; 10] =
    ["case", "observable", "simulated", "95 % interval", "exact", "within", "unit", "n", "z", "verdict"];

/// An aligned table of all comparisons, what was violated, and a line that sums it up.
pub fn table(results: &[CaseResult]) -> String {
    let mut lines = vec![HEAD.map(str::to_owned)];
    for row in results.iter().flat_map(|r| &r.rows) {
        lines.push([
            row.case.clone(),
            row.observable.clone(),
            number(row.simulated),
            format!("[{}, {}]", number(row.ci_low), number(row.ci_high)),
            number(row.exact),
            if row.tolerance > 0.0 { format!("{} %", (1e4 * row.tolerance).round() / 100.0) } else { String::new() },
            row.unit.clone(),
            row.n.to_string(),
            format!("{:.2}", row.z),
            row.verdict.name().to_owned(),
        ]);
    }
    let widths: Vec<usize> =
        (0..HEAD.len()).map(|c| lines.iter().map(|l| l[c].chars().count()).max().unwrap_or(0)).collect();
    let mut out: Vec<String> = lines.iter().map(|l| line(l, &widths)).collect();
    for result in results.iter().filter(|r| !r.violations.is_empty()) {
        out.push(format!("\n{}: {} violations in {} runs\n", result.id, result.violations.len(), result.runs));
        // The first few say what is wrong; a thousand more would hide the table.
        out.extend(result.violations.iter().take(5).map(|v| format!("  {v}\n")));
    }
    out.push(format!("\n{}", summary(results)));
    out.concat()
}

fn line(cells: &[String; 10], widths: &[usize]) -> String {
    let cell = |(c, (text, width)): (usize, (&String, &usize))| {
        let numeric = matches!(c, 2..=5 | 7 | 8);
        if numeric { format!("{text:>width$}") } else { format!("{text:<width$}") }
    };
    let cells: Vec<String> = cells.iter().zip(widths).enumerate().map(cell).collect();
    format!("{}\n", cells.join("  ").trim_end())
}

fn summary(results: &[CaseResult]) -> String {
    let count = |v: Verdict| results.iter().filter(|r| r.verdict() == v).count();
    let rows: usize = results.iter().map(|r| r.rows.len()).sum();
    let runs: usize = results.iter().map(|r| r.runs).sum();
    let checks: u64 = results.iter().map(|r| r.checks).sum();
    let violations: usize = results.iter().map(|r| r.violations.len()).sum();
    format!(
        "{} cases: {} passed, {} inconclusive, {} failed ({rows} comparisons, {runs} runs, {checks} checks of conservation, \
         Little's law and the utilization law with {violations} violations)\n",
        results.len(),
        count(Verdict::Pass),
        count(Verdict::Inconclusive),
        count(Verdict::Fail),
    )
}

/// Six significant digits.
fn number(x: f64) -> String {
    if x.is_nan() {
        return "-".to_owned();
    }
    if x == 0.0 || !x.is_finite() {
        return x.to_string();
    }
    let magnitude = x.abs().log10().floor() as i32;
    if (-4..9).contains(&magnitude) {
        format!("{x:.*}", usize::try_from(5 - magnitude).unwrap_or(0))
    } else {
        format!("{x:.5e}")
    }
}

/// The results as JSON, with everything that the table shows and more.
pub fn to_json(results: &[CaseResult]) -> String {
    let case = |r: &CaseResult| {
        let mut value = serde_json::to_value(r).unwrap_or_default();
        value["verdict"] = serde_json::to_value(r.verdict()).unwrap_or_default();
        value
    };
    let cases: Vec<serde_json::Value> = results.iter().map(case).collect();
    serde_json::to_string_pretty(&cases).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::judge::Row;
    use super::*;

    fn result(verdict: Verdict, violations: Vec<String>) -> CaseResult {
        let row = Row {
            case: "mm1".into(),
            observable: "number in system".into(),
            simulated: 4.012_345_678,
            ci_low: 3.9,
            ci_high: f64::NAN,
            exact: 4.0,
            tolerance: 0.002,
            z: 0.123,
            limit: 4.2,
            verdict,
            unit: "packet".into(),
            n: 20,
            source: "a book".into(),
        };
        CaseResult { id: "mm1".into(), title: "A queue".into(), rows: vec![row], runs: 20, checks: 60, violations }
    }

    #[test]
    fn columns_are_aligned() {
        let mut long = result(Verdict::Fail, Vec::new());
        long.rows[0].case = "a-much-longer-name".into();
        let text = table(&[result(Verdict::Pass, Vec::new()), long]);
        let lines: Vec<&str> = text.lines().collect();
        let at = |needle: &str, line: &str| line.find(needle);
        assert_eq!(at("observable", lines[0]), at("number", lines[1]));
        assert_eq!(at("number", lines[1]), at("number", lines[2]));
        assert_eq!(at("verdict", lines[0]), at("FAIL", lines[2]));
        assert!(
            lines[1].contains("4.01235")
                && lines[1].contains("[3.90000, -]  4.00000   0.2 %")
                && lines[1].ends_with("pass"),
            "{text}"
        );
        assert!(text.contains("2 cases: 1 passed, 0 inconclusive, 1 failed"), "{text}");
    }

    #[test]
    fn violated_laws_are_named_and_fail() {
        let bad = result(Verdict::Pass, vec!["mm1, replication 3: line: Little's law: 1 is not 2".into()]);
        assert_eq!(bad.verdict(), Verdict::Fail);
        let text = table(&[bad]);
        assert!(text.contains("replication 3: line: Little's law") && text.contains("1 failed"), "{text}");
    }

    #[test]
    fn json_is_read_back() {
        let json = to_json(&[result(Verdict::Inconclusive, vec!["x".into()])]);
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        let row = &value[0]["rows"][0];
        assert_eq!(row["simulated"], 4.012_345_678);
        assert!(row["ci_high"].is_null());
        assert_eq!((&value[0]["verdict"], &row["verdict"]), (&"fail".into(), &"inconclusive".into()));
    }

    #[test]
    fn numbers_have_six_digits() {
        for (x, text) in [
            (0.0, "0"),
            (1.0, "1.00000"),
            (-1234.5678, "-1234.57"),
            (0.000_123_456_7, "0.000123457"),
            (1e-7, "1.00000e-7"),
            (123_456_789.0, "123456789"),
        ] {
            assert_eq!(number(x), text);
        }
    }
}
