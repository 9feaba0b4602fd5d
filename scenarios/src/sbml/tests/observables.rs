//! What has a rule is told.

use super::*;

/// A model with `k` of 2, a species `y` and a parameter `p` with rules, and an event that may assign.
fn ruled(attributes: &str, assigned: &str) -> String {
    let rule = |id: &str, math: &str| format!("<assignmentRule variable='{id}'><math>{math}</math></assignmentRule>");
    let rules = rule("y", &apply("times", &[&ci("k"), &ci("A")])) + &rule("p", &apply("ln", &[&ci("A")]));
    let event = format!(
        "<listOfEvents><event><trigger><math>{}</math></trigger><listOfEventAssignments><eventAssignment variable='{assigned}'>\
         <math><cn>3</cn></math></eventAssignment></listOfEventAssignments></event></listOfEvents>",
        apply("geq", &["<csymbol definitionURL='http://www.sbml.org/sbml/symbols/time'>t</csymbol>", "<cn>5</cn>"])
    );
    let parameters = "<listOfParameters><parameter id='k' value='2' constant='false'/><parameter id='p' constant='false'/>\
                      <parameter id='q' value='1' constant='false'/></listOfParameters>";
    let all = species("A", COUNTED) + &species("y", attributes);
    let law = apply("times", &[&ci("k"), &ci("q"), &ci("A")]);
    let rest = format!("{parameters}<listOfRules>{rules}</listOfRules>{}{event}", reaction(ONE_WAY, "A", "", &law));
    model("", &all, &rest)
}

#[test]
fn rules_become_observables() {
    let text = scenario(&ruled(COUNTED, "q"));
    // In the order of their names; what events set and no rule reads stays in the laws.
    assert!(text.contains("[observable.p]\nvalue = \"log(A)\"\n\n[observable.y]\nvalue = \"2 * A\"\n"), "{text}");
    assert!(!text.contains("[variable."), "{text}");
    // A species by its amount: here the rule says its concentration, in 2 l.
    let text = scenario(&ruled("", "q"));
    assert!(text.contains("[observable.y]\nvalue = \"2 * A * 2\"\n"), "{text}");
}

#[test]
fn what_a_rule_reads_and_an_event_sets_is_a_variable() {
    let text = scenario(&ruled(COUNTED, "k"));
    assert!(text.contains("[variable.k]\ninitial = 2\n"), "{text}");
    assert!(text.contains("[observable.y]\nvalue = \"k * A\"\n"), "{text}");
}

#[test]
fn rules_of_too_many_counts_are_left_out_by_name() {
    let names: Vec<String> = (0..17).map(|i| format!("S{i}")).collect();
    let all: String = names.iter().map(|id| species(id, COUNTED)).collect();
    let sum =
        apply("plus", &names.iter().map(|n| ci(n)).collect::<Vec<_>>().iter().map(String::as_str).collect::<Vec<_>>());
    let rest = format!(
        "<listOfParameters><parameter id='p' constant='false'/></listOfParameters><listOfRules>\
         <assignmentRule variable='p'><math>{sum}</math></assignmentRule></listOfRules>{}",
        reaction(ONE_WAY, "S0", "S1", &ci("S0"))
    );
    let text = scenario(&model("", &all, &rest));
    assert!(text.contains("# `p` follows from more than 16 counts, and is not told."), "{text}");
    assert!(!text.contains("[observable."), "{text}");
}
