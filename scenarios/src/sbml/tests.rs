//! What models become, and what is refused where.

mod draws;
mod events;
mod observables;

use models::registry;
use sim_core::config::Diagnostic;

use super::*;
use crate::scenario::{Overrides, Scenario, Source};

/// Where an error is expected.
const MARK: char = '§';

/// A model of Level 3 with these parts; compartment `c` of size 2.
fn model(attributes: &str, species: &str, rest: &str) -> String {
    format!(
        "<sbml xmlns='http://www.sbml.org/sbml/level3/version1/core' level='3' version='1'>\n\
         <model id='m' {attributes}>\n<listOfCompartments><compartment id='c' spatialDimensions='3' size='2' constant='true'/>\
         </listOfCompartments>\n<listOfSpecies>{species}</listOfSpecies>\n{rest}\n</model></sbml>"
    )
}

fn species(id: &str, more: &str) -> String {
    let amount = if more.contains("initial") { "" } else { "initialAmount='10'" };
    format!("<species id='{id}' compartment='c' {amount} {more}/>")
}

/// A reaction with a law in `MathML`.
fn reaction(attributes: &str, takes: &str, gives: &str, law: &str) -> String {
    let side = |name: &str, species: &str| {
        let one = |s: &str| format!("<speciesReference species='{s}' stoichiometry='1'/>");
        let all: String = species.split_whitespace().map(one).collect();
        if all.is_empty() { String::new() } else { format!("<{name}>{all}</{name}>") }
    };
    format!(
        "<listOfReactions><reaction id='r' {attributes}>{}{}<kineticLaw><math>{law}</math></kineticLaw></reaction></listOfReactions>",
        side("listOfReactants", takes),
        side("listOfProducts", gives),
    )
}

fn ci(name: &str) -> String {
    format!("<ci>{name}</ci>")
}
fn apply(op: &str, operands: &[&str]) -> String {
    format!("<apply><{op}/>{}</apply>", operands.concat())
}

/// The scenario, which must be one.
fn scenario(text: &str) -> String {
    let translation = translate("m.xml", text, None).unwrap_or_else(|e| panic!("{text}\n{e:#?}"));
    let source = Source::Text { name: "m.toml".into(), text: translation.scenario.clone() };
    let loaded = Scenario::load(&source, &Overrides::default(), &registry());
    assert!(loaded.is_ok(), "{}\n{:#?}", translation.scenario, loaded.err().map(|e| e.diagnostics));
    translation.scenario
}

/// The lines of the scenario from `[reaction.r]` on.
fn law_of(text: &str) -> String {
    let scenario = scenario(text);
    let at = scenario.find("[reaction.r]").unwrap_or_else(|| panic!("{scenario}"));
    scenario[at..].trim_end().to_owned()
}

const ONE_WAY: &str = "reversible='false'";
const COUNTED: &str = "hasOnlySubstanceUnits='true'";

/// The only finding about `text`, which is at the mark in it.
#[track_caller]
fn refused(text: &str, message: &str) -> Diagnostic {
    let at = text.find(MARK).expect("a mark");
    let text = text.replace(MARK, "");
    let found = translate("m.xml", &text, None).expect_err("an error");
    let all: Vec<&Diagnostic> = found.iter().collect();
    assert_eq!(all.len(), 1, "{all:#?}");
    assert!(all[0].message.contains(message), "{:?}", all[0]);
    assert_eq!(all[0].span.start as usize, at, "{:?}: {}", all[0], &text[all[0].span.start as usize..]);
    all[0].clone()
}

#[test]
fn a_model_is_a_scenario_that_people_can_read() {
    let law = apply("times", &[&ci("k"), &ci("A"), &ci("B")]);
    let parts = "<listOfParameters><parameter id='k' value='0.5'/></listOfParameters>".to_owned()
        + &reaction(ONE_WAY, "A B", "A A", &law);
    let all = species("A", COUNTED) + &species("B", "initialConcentration='2.5' boundaryCondition='true'");
    let text = model("name='A &quot;model&quot;'", &all, &parts);
    let expected = format!(
        "# From `m.xml`, SBML Level 3 Version 1, by egress {}.\n\
         # One `item` is one molecule; one `second` is 1 s.\n\
         # Laws are the file's own; functions and rules are worked in.\n\
         [scenario]\nname = \"m\"\ntitle = \"A \\\"model\\\"\"\n\n\
         [run]\nduration = \"100 s\"  # SBML does not say how long\n\n\
         [compartment.c]\nvolume = \"2 L\"\nfixed = {{ B = 5 }}\ninitial = {{ A = 10 }}\n\n\
         [reaction.r]\nequation = \"A + B -> 2 A\"\nlaw = \"k * A * (B / c)\"\nparameters = {{ k = 0.5, c = 2 }}\n",
        env!("CARGO_PKG_VERSION"),
    );
    assert_eq!(scenario(&text), expected);
}

#[test]
fn units_enter_the_laws() {
    let units = "<listOfUnitDefinitions>\
        <unitDefinition id='zmol'><listOfUnits><unit kind='mole' scale='-21' multiplier='1' exponent='1'/></listOfUnits></unitDefinition>\
        <unitDefinition id='min'><listOfUnits><unit kind='second' scale='0' multiplier='60' exponent='1'/></listOfUnits></unitDefinition>\
        </listOfUnitDefinitions>";
    let law = apply("times", &[&ci("A"), "<csymbol definitionURL='http://www.sbml.org/sbml/symbols/time'>t</csymbol>"]);
    let text = model("substanceUnits='zmol' timeUnits='min'", &species("A", ""), &reaction(ONE_WAY, "A", "", &law));
    let text = text.replace("<listOfCompartments>", &format!("{units}<listOfCompartments>"));
    assert_eq!(
        law_of(&text),
        "[reaction.r]\nequation = \"A ->\"\nlaw = \"particles * (A / particles / c * (time / 60)) / 60\"\n\
         parameters = { particles = 602.214076, c = 2 }"
    );
    assert!(scenario(&text).contains("initial = { A = 6022 }") && scenario(&text).contains("duration = \"6000 s\""));
    let one = translate("m.xml", &text, Some(1.0)).unwrap();
    assert!(one.scenario.contains("initial = { A = 10 }"), "{}", one.scenario);
}

#[test]
fn net_laws_are_two_channels() {
    let (a, b) = (apply("times", &["<cn>2</cn>", &ci("A")]), apply("times", &["<cn>3</cn>", &ci("B")]));
    let all = species("A", COUNTED) + &species("B", COUNTED);
    let of = |law: &str| law_of(&model("", &all, &reaction("reversible='true'", "A", "B", law)));
    let net = apply("minus", &[&a, &b]);
    assert_eq!(of(&net), "[reaction.r]\nequation = \"A <-> B\"\nlaw = \"2 * A\"\nlaw_back = \"3 * B\"");
    let scaled = apply("divide", &[&apply("times", &[&ci("c"), &net]), &apply("plus", &["<cn>1</cn>", &ci("A")])]);
    assert_eq!(
        of(&scaled),
        "[reaction.r]\nequation = \"A <-> B\"\nlaw = \"c * (2 * A) / (1 + A)\"\nlaw_back = \"c * (3 * B) / (1 + A)\"\n\
         parameters = { c = 2 }"
    );
    // Only one way, whatever the file says by default.
    assert_eq!(of(&a), "[reaction.r]\nequation = \"A -> B\"\nlaw = \"2 * A\"");
    let pairs = apply("times", &[&ci("A"), &apply("minus", &[&ci("A"), "<cn>1</cn>"])]);
    let text =
        model("", &all, &reaction("reversible='true'", "A", "B", &pairs)).replace("<kineticLaw>", "§<kineticLaw>");
    assert!(refused(&text, "no difference of two rates").help.unwrap().contains("reversible=\"false\""));
    let once = text.replace("reversible='true'", ONE_WAY).replace(MARK, "");
    assert_eq!(law_of(&once), "[reaction.r]\nequation = \"A -> B\"\nlaw = \"A * (A - 1)\"");
}

#[test]
fn operators_have_their_meaning() {
    let half = "<cn type='rational'>1<sep/>2</cn>";
    for (law, text) in [
        (apply("power", &[&ci("A"), "<cn>2</cn>"]), "A^2"),
        (apply("root", &[&ci("A")]), "sqrt(A)"),
        (format!("<apply><root/><degree><cn>3</cn></degree>{}</apply>", ci("A")), "A^(1 / 3)"),
        (format!("<apply><log/><logbase><cn>2</cn></logbase>{}</apply>", ci("A")), "log(A) / log(2)"),
        (apply("ln", &[&apply("exp", &[&ci("A")])]), "log(exp(A))"),
        (apply("plus", &[&ci("A"), half, "<cn type='e-notation'>1<sep/>-3</cn>"]), "A + 0.5 + 0.001"),
        (apply("ceiling", &[&apply("abs", &[&ci("A")])]), "ceil(abs(A))"),
        (apply("and", &[&apply("gt", &[&ci("A"), "<cn>1</cn>"]), "<true/>"]), "(A > 1) * 1"),
        (apply("or", &[&apply("neq", &[&ci("A"), "<cn>1</cn>"]), &ci("A")]), "max(A != 1, A != 0)"),
        (apply("not", &[&apply("lt", &[&ci("A"), "<cn>1</cn>", "<cn>2</cn>"])]), "1 - (A < 1) * (1 < 2)"),
        (
            format!(
                "<piecewise><piece>{}{}</piece><otherwise><pi/></otherwise></piecewise>",
                ci("A"),
                apply("leq", &[&ci("A"), "<cn>4</cn>"])
            ),
            "if(A <= 4, A, 3.141592653589793)",
        ),
        (apply("plus", &[]), "0"),
        (apply("times", &[&ci("A")]), "A"),
    ] {
        let whole = law_of(&model("", &species("A", COUNTED), &reaction(ONE_WAY, "A", "", &law)));
        assert_eq!(whole, format!("[reaction.r]\nequation = \"A ->\"\nlaw = \"{text}\""));
    }
}

fn event(trigger: &str, attributes: &str, assignments: &[(&str, &str)]) -> String {
    let one = |(v, m): &(&str, &str)| format!("<eventAssignment variable='{v}'><math>{m}</math></eventAssignment>");
    let all = assignments.iter().map(one).collect::<Vec<_>>().concat();
    format!(
        "<listOfEvents><event id='e'><trigger {attributes}><math>{trigger}</math></trigger>\
         <listOfEventAssignments>{all}</listOfEventAssignments></event></listOfEvents>"
    )
}

const TIME: &str = "<csymbol definitionURL='http://www.sbml.org/sbml/symbols/time'>t</csymbol>";

#[test]
fn events_are_interventions() {
    let all = species("A", "") + &species("B", COUNTED);
    let with = |trigger: &str, initial: &str, assignments: &[(&str, &str)]| {
        let parameters = "<listOfParameters><parameter id='k' value='0.5' constant='false'/></listOfParameters>";
        let reaction = reaction(ONE_WAY, "A", "B", &ci("k"));
        let text =
            scenario(&model("", &all, &format!("{parameters}{reaction}{}", event(trigger, initial, assignments))));
        text.split("parameters = { k = 0.5 }\n").nth(1).unwrap().trim().to_owned()
    };
    let late = apply("geq", &[TIME, "<cn>25</cn>"]);
    let twice = apply("times", &["<cn>2</cn>", &ci("A")]);
    assert_eq!(
        with(&late, "", &[("A", &twice), ("B", "<cn>3</cn>"), ("k", "<cn>1</cn>")]),
        "[intervention.e]\nat = \"25 s\"\nchanges = { \"c.A\" = \"2 * (A / 2) * 2\", \"c.B\" = \"3\" }\n\n\
         [intervention.e-k-r]\nat = \"25 s\"\ntarget = \"reaction.r.parameters.k\"\nvalue = 1"
    );
    assert_eq!(
        with(&apply("lt", &["<cn>0</cn>", TIME]), "", &[("B", "<cn>3</cn>")]),
        "[intervention.e]\nat = \"0 s\"\nchanges = { \"c.B\" = \"3\" }"
    );
    let never = with(&apply("geq", &[TIME, "<cn>0</cn>"]), "initialValue='true'", &[("B", "<cn>3</cn>")]);
    assert!(never.starts_with("# event `e`") && never.ends_with("never happens"), "{never}");
    assert_eq!(
        with(&apply("gt", &[&ci("B"), "<cn>30</cn>"]), "initialValue='true'", &[("B", "<cn>0</cn>")]),
        "[intervention.e]\nwhen = \"B > 30\"\nchanges = { \"c.B\" = \"0\" }"
    );
}

/// Two events of one trigger, each with assignments.
fn two_events(trigger: &str, first: &[(&str, &str)], second: &[(&str, &str)]) -> String {
    let one = |id: &str, assignments: &[(&str, &str)]| {
        event(trigger, "", assignments)
            .replace("id='e'", &format!("id='{id}'"))
            .replace("<listOfEvents>", "")
            .replace("</listOfEvents>", "")
    };
    format!("<listOfEvents>{}{}</listOfEvents>", one("e", first), one("f", second))
}

#[test]
fn events_of_one_instant_take_their_values_from_it() {
    let all = species("A", COUNTED) + &species("B", COUNTED) + &species("C", COUNTED);
    let late = apply("geq", &[TIME, "<cn>25</cn>"]);
    let full = apply("gt", &[&ci("B"), "<cn>30</cn>"]);
    let cycle = reaction(ONE_WAY, "A B", "C", "<cn>1</cn>");
    let model = |events: &str| model("", &all, &format!("{cycle}{events}"));
    let swap = |trigger: &str| model(&two_events(trigger, &[("A", &ci("B"))], &[("B", &ci("A"))]));
    let after = |text: &str| scenario(text).split_once("law = \"1\"\n").unwrap().1.trim().to_owned();
    // One after the other would make both the same.
    assert_eq!(after(&swap(&late)), "[intervention.e]\nat = \"25 s\"\nchanges = { \"c.A\" = \"B\", \"c.B\" = \"A\" }");
    assert_eq!(
        after(&swap(&full)),
        "[intervention.e]\nwhen = \"B > 30\"\nchanges = { \"c.A\" = \"B\" }\n\n\
         [intervention.f]\nwhen = \"B > 30\"\nchanges = { \"c.B\" = \"A\" }"
    );
    let apart = model(&two_events(&late, &[("A", "<cn>1</cn>")], &[("B", &ci("C"))]));
    assert!(after(&apart).contains("[intervention.f]\nat = \"25 s\"\nchanges = { \"c.B\" = \"C\" }"));
    // What is worked out when it is its turn finds what went before, which interventions of one time do by themselves.
    let in_turn =
        |trigger: &str| swap(trigger).replace("<event id='f'", "§<event useValuesFromTriggerTime='false' id='f'");
    assert_eq!(
        after(&in_turn(&late).replace(MARK, "")),
        "[intervention.e]\nat = \"25 s\"\nchanges = { \"c.A\" = \"B\" }\n\n\
         [intervention.f]\nat = \"25 s\"\nchanges = { \"c.B\" = \"A\" }"
    );
    // Those with conditions act in turn.
    assert!(
        after(&in_turn(&full).replace(MARK, ""))
            .ends_with("[intervention.f]\nwhen = \"B > 30\"\nvalues_from = \"action\"\nchanges = { \"c.B\" = \"A\" }")
    );
}

#[test]
fn events_of_one_instant_act_by_priority_then_in_the_order_of_the_file() {
    let all = species("A", COUNTED) + &reaction(ONE_WAY, "A", "", "<cn>1</cn>");
    let late = apply("geq", &[TIME, "<cn>25</cn>"]);
    let clash = two_events(&late, &[("A", "<cn>1</cn>")], &[("A", "<cn>2</cn>")]);
    let prior = |event: &str, priority: &str| {
        let head = format!("<event id='{event}'>");
        clash.replace(&head, &format!("{head}§<priority><math>{priority}</math></priority>"))
    };
    let (species, reactions) = all.split_once("/>").unwrap();
    let with = |events: &str| model("", &format!("{species}/>"), &format!("{reactions}{events}"));
    let order = |text: &str| {
        let text = scenario(&text.replace(MARK, ""));
        if text.find("[intervention.e]") < text.find("[intervention.f]") { "e, f" } else { "f, e" }
    };
    assert_eq!(order(&with(&clash)), "e, f");
    assert_eq!(order(&with(&prior("f", "<cn>-1</cn>"))), "f, e");
    assert_eq!(order(&with(&prior("e", "<cn>7</cn>"))), "e, f");
    // What changes is found out in turn, for which both wait for a condition.
    let changing = scenario(&with(&prior("f", &ci("A"))).replace(MARK, ""));
    let waits = "[intervention.f]\nwhen = \"time >= 25\"\npriority = \"A\"\nchanges = { \"c.A\" = \"2\" }";
    assert!(changing.contains(waits) && !changing.contains("at = "), "{changing}");
}

#[test]
fn units_of_its_own_in_a_law_of_level_2_are_refused() {
    let text = model("", &species("A", COUNTED), &reaction(ONE_WAY, "A", "", &ci("A")));
    let with = |unit: &str| text.replace("<kineticLaw>", &format!("<kineticLaw {unit}>"));
    assert_eq!(law_of(&with("timeUnits='second' substanceUnits='item'")), law_of(&text));
    refused(&with("timeUnits='§hertz'"), "a unit of time of its own of the law of `r`");
    refused(&with("substanceUnits='§mole'"), "a unit of substance of its own of the law of `r`");
    let sized = |unit: &str| model("", &species("A", &format!("{COUNTED} spatialSizeUnits='{unit}'")), "");
    scenario(&sized("litre"));
    refused(&sized("§metre"), "a unit of size of its own of `A`");
}

#[test]
fn what_has_no_value_or_two_is_refused() {
    let given = |list: &str, kind: &str, key: &str, ids: &[&str]| {
        let one = |id: &&str| format!("<{kind} {key}='{id}'><math><cn>1</cn></math></{kind}>");
        let all: String = ids.iter().map(one).collect();
        model("", &species("A", COUNTED), &format!("<{list}>{all}</{list}>"))
    };
    let rules = |ids: &[&str]| given("listOfRules", "assignmentRule", "variable", ids);
    refused(&rules(&["§x"]), "a rule of `x`, which is no species, parameter or compartment, is not supported");
    refused(&rules(&["§c"]), "a rule for the size of `c` is not supported");
    refused(&rules(&["A", "§A"]), "`A` is given a value twice");
    let initial = |ids: &[&str]| given("listOfInitialAssignments", "initialAssignment", "symbol", ids);
    refused(&initial(&["§x"]), "an initial assignment of `x`");
    let ruled = "<listOfParameters><parameter id='k' value='1' constant='false'/></listOfParameters>\
        <listOfRules><assignmentRule variable='k'><math><ci>A</ci></math></assignmentRule></listOfRules>";
    let late = event(&apply("geq", &[TIME, "<cn>25</cn>"]), "", &[("§k", "<cn>1</cn>")]);
    refused(&model("", &species("A", COUNTED), &(ruled.to_owned() + &late)), "an event assigns `k`");
}

#[test]
fn a_parameter_that_grows_steadily_is_a_function_of_the_time() {
    let grows = |rate: &str| {
        let rest = format!(
            "<listOfParameters><parameter id='t' value='2'/><parameter id='k' value='0.5'/></listOfParameters>\
             <listOfRules>§<rateRule variable='t'><math>{rate}</math></rateRule></listOfRules>{}",
            reaction(ONE_WAY, "A", "", &apply("times", &[&ci("t"), &ci("A")]))
        );
        model("", &species("A", COUNTED), &rest)
    };
    let law = |rate: &str| {
        let found = law_of(&grows(rate).replace(MARK, ""));
        found.lines().find(|line| line.starts_with("law")).unwrap_or_default().to_owned()
    };
    assert_eq!(law("<cn>1</cn>"), "law = \"(2 + 1 * time) * A\"");
    assert_eq!(law("<ci>k</ci>"), "law = \"(2 + k * time) * A\"");
    refused(&grows("<ci>A</ci>"), "this <rateRule> of `t` is not supported");
    refused(&grows("<ci>t</ci>"), "this <rateRule> of `t` is not supported");
    // A rate that has a rule itself, and a start that is of the state then, not now.
    let second = "<rateRule variable='k'><math><cn>1</cn></math></rateRule></listOfRules>";
    refused(&grows("<ci>k</ci>").replace("</listOfRules>", second), "this <rateRule> of `t` is not supported");
    let start = |of: &str| {
        let initial = format!(
            "</listOfParameters><listOfInitialAssignments><initialAssignment symbol='t'><math>{of}</math></initialAssignment>\
             </listOfInitialAssignments>"
        );
        grows("<cn>1</cn>").replace("</listOfParameters>", &initial)
    };
    refused(&start("<ci>A</ci>"), "this <rateRule> of `t` is not supported");
    assert!(scenario(&start("<ci>k</ci>").replace(MARK, "")).contains("law = \"(k + 1 * time) * A\""));
}

#[test]
fn what_is_not_supported_is_refused_by_its_name() {
    let good = |rest: &str| model("", &species("A", COUNTED), rest);
    let law = |law: &str| good(&reaction(ONE_WAY, "A", "", law));
    let rule = |kind: &str| {
        good(&format!("<listOfRules>§<{kind} variable='A'><math><cn>1</cn></math></{kind}></listOfRules>"))
    };
    refused(&rule("rateRule"), "this <rateRule> of `A` is not supported");
    refused(&rule("algebraicRule"), "<algebraicRule>");
    refused(
        &law(
            "<apply>§<csymbol definitionURL='http://www.sbml.org/sbml/symbols/delay'>d</csymbol><ci>A</ci><cn>1</cn></apply>",
        ),
        "the function `delay`",
    );
    refused(
        &law("<apply>§<csymbol definitionURL='http://www.sbml.org/sbml/symbols/rateOf'>d</csymbol><cn>1</cn></apply>"),
        "the function `rateOf`",
    );
    refused(&law("<apply>§<factorial/><ci>A</ci></apply>"), "the operator <factorial>");
    refused(&law("<infinity/>").replace("<kineticLaw>", "§<kineticLaw>"), "infinity in the law of reaction `r`");
    refused(&law("§<notanumber/>"), "<notanumber> in a formula");
    refused(&law("<apply><plus/><cn>1</cn>§<ci>r</ci></apply>"), "the rate of reaction `r`");
    refused(&law("§<ci>B</ci>"), "there is no `B`");
    refused(&good(&reaction("fast='§true'", "A", "", &ci("A"))), "a fast reaction");
    let odd = good(&reaction(ONE_WAY, "A", "", &ci("A"))).replace("stoichiometry='1'", "stoichiometry='§1.5'");
    refused(&odd, "the stoichiometry 1.5");
    refused(&model("conversionFactor='§k'", &species("A", COUNTED), ""), "`conversionFactor`");
    refused(&model("", "§<species id='A' compartment='c' initialAmount='0.5'/>", ""), "there are 0.5 molecules");
    refused(&model("", "§<species id='A' compartment='c' initialAmount='1e17'/>", ""), "1e17 molecules");
    refused(&model("", "§<species id='A' compartment='c'/>", ""), "no value at the start");
    let package = good("").replace("level='3'", "xmlns:d='http://d' §d:required='true' level='3'");
    refused(&package, "the package `d`");
    refused(&good("").replace("level='3' ", "level='§1' "), "SBML Level 1");
    let trigger = apply("gt", &[&ci("A"), "<cn>30</cn>"]);
    let delayed = event(&trigger, "", &[("A", "<cn>1</cn>")])
        .replace("</trigger>", "</trigger>§<delay><math><cn>-1</cn></math></delay>");
    refused(&good(&delayed), "a delay of -1 s");
    refused(&good(&event(&trigger, "", &[("§c", "<cn>1</cn>")])), "assigns `c`");
}

#[test]
fn what_has_no_end_is_refused() {
    let doubling = (1..60)
        .map(|k| {
            let of = apply("plus", &[&format!("<apply><ci>f{}</ci><ci>x</ci></apply>", k - 1); 2].map(String::as_str));
            format!("<functionDefinition id='f{k}'><math><lambda><bvar><ci>x</ci></bvar>{of}</lambda></math></functionDefinition>")
        })
        .collect::<Vec<_>>()
        .concat();
    let first = "<functionDefinition id='f0'><math><lambda><bvar><ci>x</ci></bvar><ci>x</ci></lambda></math></functionDefinition>";
    let functions = format!("<listOfFunctionDefinitions>{first}{doubling}</listOfFunctionDefinitions>");
    let law =
        reaction(ONE_WAY, "A", "", "<apply><ci>f59</ci><ci>A</ci></apply>").replace("<kineticLaw>", "§<kineticLaw>");
    refused(&model("", &species("A", COUNTED), &(functions + &law)), "has no end, or none soon");
    let circle = "<listOfRules><assignmentRule variable='a'><math><ci>b</ci></math></assignmentRule>\
                  <assignmentRule variable='b'><math><ci>a</ci></math></assignmentRule></listOfRules>\
                  <listOfParameters><parameter id='a'/><parameter id='b'/></listOfParameters>";
    let law = reaction(ONE_WAY, "A", "", &ci("a")).replace("<kineticLaw>", "§<kineticLaw>");
    refused(&model("", &species("A", COUNTED), &format!("{circle}{law}")), "has no end");
    let start = "<listOfInitialAssignments><initialAssignment symbol='A'><math><ci>A</ci></math></initialAssignment></listOfInitialAssignments>";
    refused(&model("", &species("A", COUNTED).replace('<', "§<"), start), "without end");
}

#[test]
fn what_is_no_xml_is_refused_where_it_goes_wrong() {
    refused("<sbml level='3'><model>§</sbml>", "not XML");
    refused(
        "<?xml version='1.0'?>§<!DOCTYPE s [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><sbml>&b;</sbml>",
        "document type",
    );
    refused("<sbml level='3'>§&b;</sbml>", "not XML");
    refused(&("<sbml>".repeat(200) + "§" + &"<a>".repeat(100_000)), "200 elements within each other");
    refused("§<html/>", "the root is <html>");
    refused("§<sbml level='3' version='1'/>", "has no model");
    refused("§<", "not XML");
}

#[test]
fn damaged_models_are_refused_or_read_without_a_panic() {
    let text = include_str!("../validation/cases/sbml-events.xml");
    let words = ["<", ">", "\"", "cell", "apply", "=", "1e999", "<ci>", "</math>", "-", "true", "X", "é"];
    let mut state = 7_u64;
    let mut below = |n: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    for _ in 0..3000 {
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..=below(3) {
            let at = below(bytes.len());
            let end = (at + below(12)).min(bytes.len());
            bytes.splice(at..end, words[below(words.len())].bytes());
        }
        let damaged = String::from_utf8_lossy(&bytes).into_owned();
        if let Err(found) = translate("m.xml", &damaged, None) {
            assert!(found.iter().all(|d| d.span.end as usize <= damaged.len() + 1), "{found:?}");
        }
    }
}
