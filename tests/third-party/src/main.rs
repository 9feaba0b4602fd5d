//! `egress` with three more kinds.

mod fixed;
mod lifo;
mod paired;

fn main() -> std::process::ExitCode {
    let mut registry = egress::registry();
    registry.congestion_controls.add(fixed::KIND);
    registry.disciplines.add(lifo::KIND);
    registry.pathways.add(paired::KIND);
    egress::cli::main(registry)
}
