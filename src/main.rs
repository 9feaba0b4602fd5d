//! The `egress` command.

fn main() -> std::process::ExitCode {
    egress::cli::main(egress::registry())
}
