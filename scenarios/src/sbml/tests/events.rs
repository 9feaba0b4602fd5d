//! Events that wait for their turn.

use super::*;

const TIME: &str = "<csymbol definitionURL='http://www.sbml.org/sbml/symbols/time'>t</csymbol>";

/// An event on `A` with these attributes of its own and of its trigger, and these elements besides.
fn event(id: &str, own: &str, trigger: (&str, &str), more: &str) -> String {
    let (attributes, condition) = trigger;
    format!(
        "<event id='{id}' {own}><trigger {attributes}><math>{condition}</math></trigger>{more}<listOfEventAssignments>\
         <eventAssignment variable='A'><math><cn>1</cn></math></eventAssignment></listOfEventAssignments></event>"
    )
}

fn delay(math: &str) -> String {
    format!("<delay><math>{math}</math></delay>")
}

/// The interventions of a model in minutes with these events.
fn interventions(events: &[String]) -> String {
    let unit = "<listOfUnitDefinitions><unitDefinition id='min'><listOfUnits>\
                <unit kind='second' scale='0' multiplier='60' exponent='1'/></listOfUnits></unitDefinition></listOfUnitDefinitions>";
    let parameters = "<listOfParameters><parameter id='lag' value='2'/></listOfParameters>";
    let parts =
        format!("{parameters}{}<listOfEvents>{}</listOfEvents>", reaction(ONE_WAY, "A", "", &ci("A")), events.concat());
    let text = model("timeUnits='min'", &species("A", COUNTED), &parts);
    let text = scenario(&text.replace("<listOfCompartments>", &format!("{unit}<listOfCompartments>")));
    text.split_once("law = \"A / 60\"\n").unwrap().1.trim().to_owned()
}

#[test]
fn each_attribute_has_its_key() {
    let few = apply("lt", &[&ci("A"), "<cn>5</cn>"]);
    let becomes = "changes = { \"c.A\" = \"1\" }";
    for (event, keys) in [
        (event("e", "", ("initialValue='false'", &few), ""), ""),
        (
            event("e", "", ("initialValue='false'", &few), &delay(&ci("lag"))),
            "delay = \"120 s\"\nvalues_from = \"trigger\"\n",
        ),
        (
            event("e", "useValuesFromTriggerTime='false'", ("persistent='false'", &few), &delay(&ci("A"))),
            "delay = \"A * 60\"\npersistent = false\n",
        ),
        (event("e", "useValuesFromTriggerTime='false'", ("", &few), ""), "values_from = \"action\"\n"),
        (event("e", "", ("", &few), "<priority><math><cn>3</cn></math></priority>"), "priority = \"3\"\n"),
        // Ten are there at first.
        (event("e", "", ("initialValue='true'", &apply("gt", &[&ci("A"), "<cn>5</cn>"])), ""), "held_before = true\n"),
    ] {
        let when = if keys.contains("held") { "A > 5" } else { "A < 5" };
        assert_eq!(interventions(&[event]), format!("[intervention.e]\nwhen = \"{when}\"\n{keys}{becomes}"));
    }
}

#[test]
fn one_that_waits_makes_all_wait() {
    let (late, few) = (apply("geq", &[TIME, "<cn>4</cn>"]), apply("lt", &[&ci("A"), "<cn>5</cn>"]));
    let timed = event("e", "", ("", &late), "");
    assert!(interventions(std::slice::from_ref(&timed)).contains("at = \"240 s\""));
    let waits = event("f", "", ("persistent='false'", &few), "");
    let both = interventions(&[timed, waits]);
    assert!(both.contains("[intervention.e]\nwhen = \"time / 60 >= 4\"\nchanges") && !both.contains("at = "), "{both}");
}
