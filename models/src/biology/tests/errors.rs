//! What a wrong scenario is told.

use super::*;

const GOOD: &str = r#"
[compartment.medium]
volume = "1 uL"
fixed = { drug = "1 uM" }
[compartment.cell]
volume = "1 pL"
initial = { drug = "0 uM", A = 10 }
[pathway.leak]
kind = "permeation"
species = "drug"
between = ["medium", "cell"]
P = "4.0e-7 cm/s"
area = "500 um^2"
[pathway.pgp]
kind = "pump"
species = "drug"
from = "cell"
to = "medium"
N = 100
kcat = "0.3011 /s"
Km = "3 uM"
[reaction.r]
equation = "2 A -> A"
in = "cell"
k = "1 /uM/s"
[intervention.i]
at = "1 s"
target = "pathway.pgp.N"
op = "knockdown"
factor = 0.5
"#;

/// Replaces `from` by `to` and expects an error at the text `at`, with `message` and `help` in it.
fn refused(from: &str, to: &str, at: &str, message: &str, help: &str) {
    assert_eq!(GOOD.matches(from).count(), 1, "{from}");
    let text = GOOD.replace(from, to);
    let Err(found) = build(&text) else { panic!("{to} was accepted") };
    let d = found.iter().next().expect("a finding");
    let place = &text[d.span.start as usize..d.span.end as usize];
    let hint = d.help.clone().unwrap_or_default();
    assert!(d.message.contains(message), "{to}: {d:?}");
    assert!(hint.contains(help), "{to}: {d:?}");
    assert_eq!(place, at, "{to}: {d:?}");
    assert_eq!(found.iter().count(), 1, "{to}: {:?}", found.iter().collect::<Vec<_>>());
}

#[test]
fn the_good_one_is_accepted() {
    run(&*system(GOOD), 0, 0.0, 10.0);
}

#[test]
fn pathways() {
    refused("to = \"medium\"", "to = \"cell\"", "\"cell\"", "stays within compartment `cell`", "[reaction.NAME]");
    refused(
        "between = [\"medium\", \"cell\"]",
        "between = [\"cell\", \"cell\"]",
        "[\"cell\", \"cell\"]",
        "stays within",
        "two different",
    );
    refused("between = [\"medium\", \"cell\"]", "between = [\"cell\"]", "[\"cell\"]", "names 1 compartments", "");
    refused("from = \"cell\"", "from = \"cel\"", "\"cel\"", "there is no compartment `cel`", "did you mean `cell`?");
    let text = GOOD.replace("kind = \"pump\"\nspecies = \"drug\"", "kind = \"pump\"\nspecies = \"durg\"");
    let found = build(&text).err().unwrap();
    let d = found.iter().next().unwrap();
    assert_eq!((d.message.as_str(), d.help.as_deref()), ("there is no species `durg`", Some("did you mean `drug`?")));
    refused("area = \"500 um^2\"\n", "", "]", "has a permeability but no area", "area = ");
    refused("P = \"4.0e-7 cm/s\"\n", "", "]", "has an area but no permeability", "P = ");
    refused("P = \"4.0e-7 cm/s\"\narea = \"500 um^2\"\n", "", "]", "needs a permeability and an area", "add `P");
    refused(
        "area = \"500 um^2\"",
        "area = \"500 um^2\"\nk_out = \"1 /s\"",
        "\"1 /s\"",
        "is given both `P` and `area` and `k_out`",
        "leave out `k_out`, or `P` and `area`",
    );
    refused("Km = \"3 uM\"", "Km = \"0 uM\"", "\"0 uM\"", "`pathway.pgp.Km` is zero", "");
    refused("kcat = \"0.3011 /s\"", "kcat = \"-1 /s\"", "\"-1 /s\"", "cannot be negative", "");
    refused("kcat = \"0.3011 /s\"", "kcat = \"3 uM\"", "\"3 uM\"", "expected a rate, found a concentration", "");
    refused("N = 100", "N = 1.5\nexplicit = true", "1.5", "1.5 explicit carriers", "");
    refused("N = 100", "N = 10\nk_on = \"1 /uM/s\"", "\"1 /uM/s\"", "only for explicit carriers", "explicit = true");
    refused(
        "N = 100",
        "N = 10\nexplicit = true\nk_on = \"1e-3 /uM/s\"",
        "\"1e-3 /uM/s\"",
        "contradict its Km",
        "follows from Km",
    );
}

#[test]
fn permeation_in_a_field() {
    let area = "area = \"500 um^2\"";
    let with = |more: &str, at: &str, message: &str, help: &str| {
        refused(area, &format!("{area}\n{more}"), at, message, help);
    };
    with("z = 1", "1", "has a charge but no voltage", "V = \"-70 mV\"");
    with("V = \"-70 mV\"", "\"-70 mV\"", "has no charge that a field could act on", "z = 1");
    with("temperature = \"300 K\"", "\"300 K\"", "has no charge that a field could act on", "z = 1");
    with("z = 1.5\nV = \"-70 mV\"", "1.5", "", "");
    with("z = 1\nV = \"-70 mW\"", "mW", "unknown unit `mW`", "");
    with("z = 1\nV = \"vm\"", "\"vm\"", "", "");
    with("z = 1\nV = \"1 V\"\ntemperature = \"0 K\"", "\"0 K\"", "temperature` is zero", "");
    with("K_p = 0", "0", "K_p` is zero", "");
    with("K_p = -1", "-1", "", "");
    let constants = "k_out = \"1 /s\"\nK_p = 2";
    refused(
        &format!("P = \"4.0e-7 cm/s\"\n{area}"),
        constants,
        "2",
        "is given rate constants and `K_p`",
        "leave out `K_p`",
    );
    let clock = format!("{area}\nz = 1\nV = \"w\"\n[waveform.w]\nkind = \"sine\"\namplitude = 1\nperiod = \"1 s\"");
    refused(area, &clock, "\"w\"", "the values of `w` are a bare number", "-70 mV");
    let shaped = "shape = \"s\"\nz = 1\nV = \"w\"\n[waveform.w]\nkind = \"sine\"\namplitude = \"70 mV\"\nmean = \"0 mV\"\nperiod = \"1 s\"\n\
                  [waveform.s]\nkind = \"sine\"\namplitude = 1\nperiod = \"1 s\"";
    with(shaped, "\"s\"", "reads waveforms already", "leave out `shape`");
}

#[test]
fn inhibitors_of_explicit_carriers() {
    let inhibitors = |rest: &str| format!("N = 10\ninhibitors = [{{ species = \"A\", Ki = \"1 uM\"{rest} }}]");
    let table = "{ species = \"A\", Ki = \"1 uM\" }";
    refused("N = 100", &(inhibitors("") + "\nexplicit = true"), table, "has no `k_off`", "k_off = \"1 /s\"");
    refused("N = 100", &inhibitors(", k_off = \"2 /s\""), "\"2 /s\"", "only for explicit carriers", "explicit = true");
    let none = inhibitors(", k_off = \"0 /s\"") + "\nexplicit = true";
    refused("N = 100", &none, "\"0 /s\"", "k_off` is zero", "");
    let one = "{ species = \"A\", Ki = \"1 uM\", k_off = \"1 /s\", mode = \"noncompetitive\" }";
    let many = format!("[{}]", [one; 7].join(", "));
    let text = format!("N = 10\nexplicit = true\ninhibitors = {many}");
    refused("N = 100", &text, &many, "more than 64 states", "doubles");
}

#[test]
fn substrates_that_share_a_pump() {
    let with = |more: &str, at: &str, message: &str, help: &str| {
        refused("N = 100", &format!("N = 100\n{more}"), at, message, help);
    };
    let competitor = |text: &str| format!("competitors = [{{ {text} }}]");
    with(&competitor("species = \"B\", Km = \"1 uM\""), "\"B\"", "there is no species `B`", "");
    with(&competitor("species = \"drug\", Km = \"1 uM\""), "\"drug\"", "`drug` would compete with itself", "");
    with(&competitor("species = \"A\", Km = \"0 uM\""), "\"0 uM\"", "Km` is zero", "");
    with(&competitor("species = \"A\", Km = \"1 uM\", n_H = -1"), "-1", "", "");
    with("n_H = 0", "0", "", "");
    with("ATP = { K = \"1 mM\" }", "{ K = \"1 mM\" }", "there is no species `ATP`", "");
    with("ATP = { K = \"0 mM\", species = \"A\" }", "\"0 mM\"", "K` is zero", "");
    with("ATP = { K = \"1 mM\", species = \"A\", in = \"cel\" }", "\"cel\"", "there is no compartment", "`cell`");
    let explicit = |more: &str| format!("explicit = true\n{more}");
    with(&explicit("n_H = 2"), "2", "`pathway.pgp.n_H` is not for explicit carriers", "leave out `explicit`");
    let two = competitor("species = \"A\", Km = \"1 uM\", n_H = 2");
    with(&explicit(&two), "2", "n_H` is not for explicit carriers", "leave out `explicit`");
    let many: Vec<String> = (0..16).map(|i| format!("{{ species = \"S{i}\", Km = \"1 uM\" }}")).collect();
    let declared: Vec<String> = (0..16).map(|i| format!("[species.S{i}]\n")).collect();
    let text = GOOD.replace("N = 100", &format!("N = 100\ncompetitors = [{}]", many.join(", "))) + &declared.concat();
    let found = build(&text).err().unwrap();
    assert_eq!(found.iter().next().unwrap().message, "the rate of `pathway.pgp` depends on 17 species");
}

#[test]
fn a_pump_without_substrate() {
    let text = GOOD.replace("kind = \"pump\"\nspecies = \"drug\"\n", "kind = \"pump\"\n");
    let found = build(&text).err().unwrap();
    assert!(found.iter().next().unwrap().message.contains("missing key `species`"));
}

#[test]
fn compartments() {
    refused("volume = \"1 pL\"", "volume = \"0 pL\"", "\"0 pL\"", "`compartment.cell` has no volume", "");
    refused("A = 10 }", "A = 10.5 }", "10.5", "`compartment.cell.initial.A` is no count", "");
    refused("A = 10 }", "A = \"1e9 mol\" }", "\"1e9 mol\"", "is no count", "");
    refused(
        "fixed = { drug = \"1 uM\" }",
        "fixed = { drug = \"1 uM\" }\ninitial = { drug = 5 }",
        "drug",
        "both held constant and given at first",
        "",
    );
}

#[test]
fn reactions() {
    refused("\"2 A -> A\"", "\"2 A = A\"", "2 A = A", "has no arrow", "");
    refused("\"2 A -> A\"", "\"2 A -> AA B\"", "AA B", "`AA B` is no term", "");
    refused("\"2 A -> A\"", "\"2 A -> a\"", "a", "there is no species `a`", "did you mean `A`?");
    refused("k = \"1 /uM/s\"", "k = \"1 /s\"", "\"1 /s\"", "but the reaction is of order 2", "/uM/s");
    refused("k = \"1 /uM/s\"\n", "", "]", "`reaction.r` has no rate", "k = \"0.1 /uM/s\"");
    refused("k = \"1 /uM/s\"", "k = \"1 /uM/s\"\nc = 1", "1", "more than one rate", "");
    refused("k = \"1 /uM/s\"", "k = \"1 /uM/s\"\nk_back = \"1 /s\"", "\"1 /s\"", "only goes one way", "<->");
    refused("k = \"1 /uM/s\"", "law = \"k * A\"", "k", "unknown name `k`", "parameters");
    refused("k = \"1 /uM/s\"", "law = \"2 * (A\"", "(", "`(` is not closed", "");
    refused("[reaction.r]", "[reaction.pgp]", "]", "name of a pathway and of a reaction", "");
}

#[test]
fn everything_wrong_with_rate_laws_is_told_at_once() {
    let text = GOOD.replace("2 A -> A\"", "2 A <-> A\"");
    let text = text.replace("k = \"1 /uM/s\"", "law = \"k * dru * log(\"\nlaw_back = \"2 * B\"");
    let found = build(&text).err().unwrap();
    let told: Vec<(&str, Option<&str>)> = found.iter().map(|d| (d.message.as_str(), d.help.as_deref())).collect();
    let parameter = |name: &str| format!("give it under `parameters`: `parameters = {{ {name} = 1 }}`");
    assert_eq!(
        told,
        [
            ("unknown name `k`", Some(parameter("k").as_str())),
            ("unknown name `dru`", Some("did you mean `drug`?")),
            ("`log(` is not closed: expected a number, a name or `(`, found the end", None),
            ("unknown name `B`", Some(parameter("B").as_str())),
        ]
    );
}

#[test]
fn interventions() {
    refused("\"pathway.pgp.N\"", "\"pathway.pgp.M\"", "\"pathway.pgp.M\"", "there is no value", "pathway.pgp.N, ");
    refused("\"pathway.pgp.N\"", "\"pathway.pgp\"", "\"pathway.pgp\"", "there is no value", "pathway.pgp.N");
    refused(
        "\"pathway.pgp.N\"",
        "\"compartment.cell.initial.A\"",
        "\"compartment.cell.initial.A\"",
        "there is no value",
        "",
    );
    refused("factor = 0.5", "factor = 1.5", "1.5", "a knockdown by 1.5", "scale");
    refused("factor = 0.5", "value = 3", "]", "has no `factor`", "factor = 0.5");
    refused(
        "op = \"knockdown\"\nfactor = 0.5",
        "value = \"3 uM\"",
        "\"3 uM\"",
        "is a bare number, not a concentration",
        "",
    );
    refused("op = \"knockdown\"\nfactor = 0.5", "value = -3", "-3", "cannot be negative", "");
    refused("at = \"1 s\"", "at = \"200 d\"", "\"200 d\"", "longer than any run", "");
    refused("N = 100", "N = 100\nexplicit = true", "\"pathway.pgp.N\"", "cannot change during a run", "rate");
}

#[test]
fn interventions_on_counts() {
    let with = |lines: &str, at: &str, message: &str, help: &str| {
        let from = "target = \"pathway.pgp.N\"\nop = \"knockdown\"\nfactor = 0.5";
        refused(from, lines, at, message, help);
    };
    let target = |t: &str| format!("target = \"{t}\"\nop = \"add\"\nvalue = 5");
    with(&target("cell.durg"), "\"cell.durg\"", "there is no `cell.durg`", "did you mean `cell.drug`?");
    with(&target("cel.drug"), "\"cel.drug\"", "there is no value `cel.drug`", "did you mean `cell.drug`?");
    with(&target("medium.drug"), "\"medium.drug\"", "held constant", "`compartment.medium.fixed.drug`");
    with(
        &target("compartment.cell.initial.A"),
        "\"compartment.cell.initial.A\"",
        "there is no value",
        "the count itself is `cell.A`",
    );
    with("target = \"cell.A\"\nop = \"add\"", "]", "has no `value`", "value = ");
    with("target = \"cell.A\"\nop = \"scale\"\nvalue = 3", "]", "has no `factor`", "factor = 0.5");
    with("target = \"cell.A\"\nvalue = -3", "-3", "`cell.A` cannot be negative", "");
    with("target = \"cell.A\"\nvalue = 2.5", "2.5", "`intervention.i.value` is no count", "");
    with("target = \"cell.A\"\nop = \"add\"\nvalue = \"2 /s\"", "\"2 /s\"", "is a count, not a rate", "1 uM");
    with(
        "target = \"pathway.pgp.kcat\"\nop = \"add\"\nvalue = \"2 uM\"",
        "\"2 uM\"",
        "`pathway.pgp.kcat` is a rate, to which a concentration cannot be added",
        "",
    );
    with("target = \"pathway.pgp.N\"\nop = \"add\"\nvalue = -101", "-101", "cannot be negative", "");
}

#[test]
fn probes() {
    let with = |of: &str| build(&format!("{GOOD}[probe.p]\nkind = \"residence\"\nof = \"{of}\"\n")).err().unwrap();
    let message = |of: &str| with(of).iter().next().unwrap().message.clone();
    assert!(message("cell.drag").contains("there is no `cell.drag`"));
    assert!(message("medium.drug").contains("held constant"));
}

#[test]
fn a_probe_of_what_binds_to_carriers_is_warned_of() {
    let probe = |of: &str| format!("[probe.p]\nkind = \"residence\"\nof = \"{of}\"\n");
    let warnings = |text: &str| system(text).warnings().iter().map(|d| (d.code, d.help.clone())).collect::<Vec<_>>();
    let explicit = GOOD.replace("N = 100", "N = 100\nexplicit = true").replace("pathway.pgp.N", "pathway.pgp.kcat");
    assert_eq!(warnings(&(GOOD.to_owned() + &probe("cell.drug"))), []);
    assert_eq!(warnings(&(explicit.clone() + &probe("cell.A"))), []);
    let help = Some("what leaves for good is the throughput of `pgp`".to_owned());
    assert_eq!(warnings(&(explicit + &probe("cell.drug"))), [("W0626", help)]);
}

#[test]
fn a_scenario_without_compartments() {
    let found = build("[species.A]\n[reaction.r]\nequation = \"A ->\"\nk = \"1 /s\"\n").err().unwrap();
    assert!(found.iter().any(|d| d.message == "there is no compartment"));
}
