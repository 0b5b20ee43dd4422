"""Reports of both types, from a backend of deprogressapi or of Go."""
from typing import Optional

from demessaging import main, registry
from deprogressapi import PrintReport, ProgressReport

__all__ = ["run_steps", "report_failure", "print_lines", "many_steps", "log_lines"]

# Without it the generated stub does not import deprogressapi, which it names.
registry.register_import("deprogressapi")


def run_steps(
    n: int = 2,
    reporter: Optional[ProgressReport] = ProgressReport(step_message="Running steps", steps=2),
) -> str:
    reporter.submit()
    for i in range(n):
        sub = reporter.create_subreport(step_message=f"step {i}", submit=True)
        with sub.create_subreport(step_message="nested"):
            pass
        sub.complete()
    reporter.complete()
    return f"done {n}"


def report_failure(
    reporter: Optional[ProgressReport] = ProgressReport(step_message="Failing"),
) -> str:
    with reporter:
        raise ValueError("failed inside the report")


def print_lines(
    n: int = 5,
    reporter: Optional[PrintReport] = PrintReport(),
) -> str:
    for i in range(n):
        reporter.print(f"line {i}")
    reporter.complete()
    return f"printed {n}"


def many_steps(
    n: int = 100_000,
    reporter: Optional[ProgressReport] = ProgressReport(step_message="Many steps"),
) -> str:
    """Only Go backends run it: here each step would send all that were before."""
    raise NotImplementedError


def log_lines(n: int = 5) -> str:
    """Log, which a Python backend keeps to itself."""
    return f"logged {n}"


if __name__ == "__main__":
    main(messaging_config=dict(topic="progress-topic"))
