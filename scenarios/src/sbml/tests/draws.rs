//! The package `distrib`: draws at the start and in events.

use super::*;

/// A parameter that a draw gives its value, at the start.
fn drawn(id: &str, math: &str) -> String {
    format!("<initialAssignment symbol='{id}'><math>{math}</math></initialAssignment>")
}

fn distrib(law: &str, arguments: &[&str]) -> String {
    let url = format!("http://www.sbml.org/sbml/symbols/distrib/{law}");
    format!("<apply><csymbol encoding='text' definitionURL='{url}'> {law} </csymbol>{}</apply>", arguments.concat())
}

/// With the package.
fn with_distrib(text: &str) -> String {
    let package = "xmlns:distrib='http://www.sbml.org/sbml/level3/version1/distrib/version1' distrib:required='true'";
    text.replace("level='3' version='1'", &format!("level='3' version='1' {package}"))
}

#[test]
fn draws_become_variables() {
    let parameters = "<listOfParameters><parameter id='t' value='0' constant='false'/><parameter id='k' value='1'/>\
        <parameter id='half'/><parameter id='low' value='-INF'/><parameter id='time' value='3' constant='false'/></listOfParameters>";
    let two = "<cn>2</cn>";
    let initial = format!(
        "<listOfInitialAssignments>{}{}{}{}</listOfInitialAssignments>",
        drawn("k", &apply("times", &[two, &ci("half")])),
        drawn("half", &distrib("gamma", &[two, "<cn>0.5</cn>"])),
        drawn("A", &distrib("poisson", &["<cn>10</cn>"])),
        drawn("B", &apply("plus", &[&ci("C"), &distrib("bernoulli", &["<cn>0.5</cn>"])])),
    );
    let clock = "<listOfRules><rateRule variable='t'><math><cn>1</cn></math></rateRule></listOfRules>";
    let law = reaction(ONE_WAY, "A", "", &apply("times", &[&ci("k"), &ci("A"), &ci("time")]));
    let tick = event(
        &apply("geq", &[&ci("t"), "<cn>0.5</cn>"]),
        "initialValue='true'",
        &[
            ("X", &distrib("normal", &[two, "<cn>1.5</cn>", &ci("low"), "<infinity/>"])),
            ("t", "<cn>-0.5</cn>"),
            ("time", &apply("times", &[two, &ci("time"), &ci("t")])),
        ],
    );
    let all = species("A", COUNTED) + &species("B", "") + &species("C", COUNTED) + &species("X", COUNTED);
    let text = scenario(&with_distrib(&model("", &all, &format!("{parameters}{initial}{clock}{law}{tick}"))));
    let body = text.split_once("how long\n").unwrap().1.trim();
    assert_eq!(
        body,
        "[variable.X]\ninitial = 10\n\n[variable.t_at_0]\ninitial = 0\n\n[variable.time_]\ninitial = 3\n\n\
         [variable.B]\ninitial = \"(C + bernoulli(0.5)) * 2\"\n\n[variable.half]\ninitial = \"gamma(2, 0.5)\"\n\n\
         [variable.k]\ninitial = \"2 * half\"\n\n\
         [intervention.initial-counts]\nat = \"0 s\"\nchanges = { \"c.A\" = \"poisson(10)\" }\n\n\
         [compartment.c]\nvolume = \"2 L\"\ninitial = { A = 0, C = 10 }\n\n\
         [reaction.r]\nequation = \"A ->\"\nlaw = \"k * A * time_\"\n\n\
         [observable.t]\nvalue = \"t_at_0 + 1 * time\"\n\n\
         [intervention.e]\nwhen = \"t_at_0 + 1 * time >= 0.5\"\n\
         changes = { X = \"normal(2, 1.5, (-inf), inf)\", t_at_0 = \"(-0.5) - 1 * time\", time_ = \"2 * time_ * (t_at_0 + 1 * time)\" }"
    );
}

#[test]
fn draws_that_have_no_end_are_refused() {
    let draw = distrib("normal", &["<cn>0</cn>", "<cn>1</cn>"]);
    let with = |rest: &str| with_distrib(&model("", &species("A", COUNTED), rest));
    let law = reaction(ONE_WAY, "A", "", &draw).replace("<kineticLaw>", "§<kineticLaw>");
    refused(&with(&law), "a draw in the law of reaction `r` is not supported");
    let rule = format!(
        "<listOfParameters><parameter id='k' constant='false'/></listOfParameters>\
         <listOfRules><assignmentRule variable='§k'><math>{draw}</math></assignmentRule></listOfRules>"
    );
    refused(&with(&rule), "a draw in the rule of `k` is not supported");
    let trigger = event(&apply("gt", &[&draw, "<cn>1</cn>"]), "", &[("A", "<cn>1</cn>")]);
    refused(&with(&trigger.replace("<trigger", "§<trigger")), "a draw in a <trigger>");
    let size = format!("<listOfInitialAssignments>{}</listOfInitialAssignments>", drawn("c", &draw));
    let sized =
        model("", &species("A", "initialConcentration='1'"), &size).replace("<compartment id", "§<compartment id");
    refused(&with_distrib(&sized), "what depends on the draw of `c` here");
    let short = reaction(ONE_WAY, "A", "", &distrib("normal", &["<cn>0</cn>"])).replace("<csymbol", "§<csymbol");
    refused(&with(&short), "<csymbol> has 1 operands");
    let draft = "<listOfFunctionDefinitions><functionDefinition id='f'><math><lambda><cn>1</cn></lambda></math>\
                 §<distrib:drawFromDistribution/></functionDefinition></listOfFunctionDefinitions>";
    refused(&with(draft), "<drawFromDistribution> of a function");
}
