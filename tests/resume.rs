//! A study that is killed or interrupted goes on where it was, and nobody can tell from its tables.

mod common;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use common::{CELL, NETWORK, Place, Run, SYNAPSE, assert_same_results, manifest};

/// So many runs that a study can be caught in the middle.
const RUNS: &str = "300";

fn start(place: &Place, out: &str) -> Child {
    let mut command = place.command(&["run", "wire.toml", "--reps", RUNS, "--threads", "2", "--out", out]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
}

/// How many runs the journal of a study has.
fn committed(folder: &Path) -> usize {
    std::fs::read_to_string(folder.join("journal/runs.jsonl")).map_or(0, |text| text.lines().count())
}

/// Waits until a study has `runs` runs; it must not have ended before.
fn wait_for(child: &mut Child, folder: &Path, runs: usize) {
    while committed(folder) < runs {
        assert_eq!(child.try_wait().expect("its state is known"), None, "the study ended too early");
        sleep(Duration::from_millis(1));
    }
}

fn finish(place: &Place, out: &str) -> Run {
    Place::wait(start(place, out)).ends_with(0)
}

#[test]
fn a_killed_study_is_finished_with_the_same_tables() {
    let place = Place::with("wire.toml", NETWORK);
    finish(&place, "whole");
    for runs in [5, 60] {
        let mut child = start(&place, "killed");
        wait_for(&mut child, &place.path("killed"), runs);
        child.kill().expect("a process of our own can be killed");
        child.wait().expect("it ends");
        let there = committed(&place.path("killed"));
        assert!(there < 300 && manifest(&place.path("killed"))["status"] == "running", "{there} runs");
    }
    let before = committed(&place.path("killed"));
    assert!(before >= 60);
    finish(&place, "killed");
    assert_eq!(manifest(&place.path("killed"))["status"], "done");
    assert_same_results(&place.path("whole"), &place.path("killed"));
    // Only what was missing was run: a torn line at each kill at most was run again.
    let lines = committed(&place.path("killed"));
    assert!((300..=302).contains(&lines), "{lines} lines in the journal");
}

#[test]
fn a_killed_study_of_spikes_is_finished_with_the_same_tables() {
    let place = Place::with("wire.toml", &SYNAPSE.replace("\"200 s\"", "\"2000 s\""));
    finish(&place, "whole");
    let mut child = start(&place, "killed");
    wait_for(&mut child, &place.path("killed"), 20);
    child.kill().expect("a process of our own can be killed");
    child.wait().expect("it ends");
    assert!(committed(&place.path("killed")) < 300);
    finish(&place, "killed");
    assert_same_results(&place.path("whole"), &place.path("killed"));
}

/// More threads than runs would only be in the way, of a request to stop too.
#[cfg(target_os = "linux")]
#[test]
fn there_are_no_more_threads_than_runs() {
    let place = Place::with("wire.toml", &NETWORK.replace("\"20 s\"", "\"10 d\""));
    let mut command = place.command(&["run", "wire.toml", "--reps", "2", "--threads", "1000"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let id = child.id().to_string();
    let tasks = || std::fs::read_dir(format!("/proc/{id}/task")).map_or(0, Iterator::count);
    // The first thread waits for those that work.
    while tasks() < 3 {
        sleep(Duration::from_millis(1));
    }
    sleep(Duration::from_millis(100));
    assert!(tasks() <= 4, "{} threads", tasks());
    assert!(Command::new("kill").args(["-TERM", &id]).status().expect("there is `kill`").success());
    Place::wait(child).ends_with(143);
}

#[test]
fn an_interrupted_study_says_how_to_go_on_and_does() {
    let place = Place::with("wire.toml", NETWORK);
    finish(&place, "whole");
    let mut child = start(&place, "a folder");
    wait_for(&mut child, &place.path("a folder"), 5);
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().expect("there is `kill`").success());
    let run = Place::wait(child).ends_with(130);
    assert!(
        run.out.starts_with("interrupted: what ") && run.out.contains(" of 300 runs come to\n\nflow "),
        "{}",
        run.out
    );
    let program = env!("CARGO_BIN_EXE_egress");
    let resume = format!("to resume: {program} run wire.toml --reps {RUNS} --threads 2 --out 'a folder'");
    assert!(run.err.contains(&resume), "{}", run.err);
    let manifest = manifest(&place.path("a folder"));
    let kept = format!("interrupted: {} of {RUNS} runs are kept in a folder", manifest["counts"]["done"]);
    assert!(manifest["status"] == "interrupted" && run.err.contains(&kept), "{}", run.err);
    // Tables of what is there were written.
    assert!(place.path("a folder/summary.csv").exists());
    finish(&place, "a folder");
    assert_same_results(&place.path("whole"), &place.path("a folder"));
}

#[test]
fn a_finished_study_is_not_run_again() {
    let place = Place::with("wire.toml", NETWORK);
    for _ in 0..2 {
        place.egress(&["run", "wire.toml", "--out", "out"]).ends_with(0);
        assert_eq!(committed(&place.path("out")), 4);
    }
    // More replications add to what is there.
    place.egress(&["run", "wire.toml", "--out", "out", "--reps", "6"]).ends_with(0);
    assert_eq!(committed(&place.path("out")), 6);
    place.egress(&["run", "wire.toml", "--out", "fresh", "--reps", "6"]).ends_with(0);
    assert_same_results(&place.path("fresh"), &place.path("out"));
}

/// Interrupts a study whose every run would take many minutes, and waits for its end.
#[cfg(unix)]
fn interrupted_in_a_long_run(scenario: &str, signal: &str, code: i32) {
    let place = Place::with("long.toml", scenario);
    let mut command = place.command(&["run", "long.toml", "--reps", "2", "--threads", "2", "--out", "out"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    while !place.path("out/points.csv").exists() {
        assert_eq!(child.try_wait().expect("its state is known"), None, "the study ended too early");
        sleep(Duration::from_millis(1));
    }
    sleep(Duration::from_millis(100));
    let id = child.id().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().expect("there is `kill`").success());
    let run = Place::wait(child).ends_with(code);
    assert!(run.err.contains("interrupted: 0 of 2 runs are kept in out\nto resume: "), "{}", run.err);
    assert_eq!(manifest(&place.path("out"))["status"], "interrupted");
    assert_eq!(committed(&place.path("out")), 0, "a run that was given up is not kept");
}

#[cfg(unix)]
#[test]
fn signals_stop_runs_under_way() {
    // 10^6 packets a second for 100 days: packets that need no queue of events, and packets that do.
    let long =
        NETWORK.replace("\"20 s\"", "\"100 d\"").replace("500 kbit/s", "500 Mbit/s").replace("1 Mbit/s", "1 Gbit/s");
    interrupted_in_a_long_run(&long, "-INT", 130);
    interrupted_in_a_long_run(&long.replace("[node.b]", "[node.b]\nstages = [\"s\"]\n[stage.s]\nkind = \"server\"\nworkers = 2\nservice = { kind = \"constant\", time = \"1 us\" }"), "-TERM", 143);
    // And molecules, which never use it.
    let cell = CELL.replace("\"20 min\"", "\"100 d\"").replace("0.5 um^2", "50000 um^2");
    interrupted_in_a_long_run(&cell, "-TERM", 143);
    // Spikes between firings: there is never much to be done in a row.
    let synapse = SYNAPSE.replace("\"200 s\"", "\"100 d\"").replace("30 /s", "30000 /s").replace("0.8 s", "0.8 ms");
    interrupted_in_a_long_run(&synapse, "-INT", 130);
}

#[test]
fn runs_of_another_build_are_told() {
    let place = Place::with("wire.toml", NETWORK);
    let run =
        |reps: &str| place.egress(&["run", "wire.toml", "--quiet", "--out", "out", "--reps", reps]).ends_with(0).err;
    assert_eq!((run("2"), run("3")), (String::new(), String::new()));
    let text = place.read("out/manifest.json");
    let built = manifest(&place.path("out"))["executables"][0].as_str().expect("a hash").to_owned();
    assert_eq!(built.len(), 64);
    place.write("out/manifest.json", text.replace(&built, &"0".repeat(64)));
    // From then on, since the folder keeps runs of both.
    for reps in ["4", "5"] {
        let told = run(reps);
        assert!(told.contains("warning: runs in out were made by another build") && told.contains("--out"), "{told}");
    }
}
