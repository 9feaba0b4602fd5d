//! `egress` with two more kinds.

mod lifo;
mod paired;

fn main() -> std::process::ExitCode {
    let mut registry = egress::registry();
    registry.disciplines.add(lifo::KIND);
    registry.pathways.add(paired::KIND);
    egress::cli::main(registry)
}
