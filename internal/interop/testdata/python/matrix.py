"""What one backend of the matrix serves: a class, failures, sizes, waits and progress."""
import time
from typing import List, Optional

from demessaging import configure, main, registry
from deprogressapi import ProgressReport

__all__ = [
    "hello_world",
    "Repeater",
    "fail",
    "fail_key",
    "big",
    "length",
    "echo",
    "sleep",
    "none",
    "wrong_return",
    "run_steps",
    "report_failure",
]

# Without it the generated stub does not import deprogressapi, which it names.
registry.register_import("deprogressapi")


def hello_world(name: str) -> str:
    return "Hello World, " + name


@configure(field_params={"message": {"min_length": 1}})
class Repeater:
    """Repeats a message.

    Parameters
    ----------
    message : str
        What to repeat.
    """

    def __init__(self, message: str):
        self.message = message

    @configure(field_params={"repeat": {"ge": 0}})
    def repeat_message(self, repeat: int) -> List[str]:
        """Repeat the message.

        Parameters
        ----------
        repeat : int
            How often.
        """
        return [self.message] * repeat

    def shout(self, suffix: str = "!") -> str:
        return self.message.upper() + suffix


def fail(msg: str = "boom") -> str:
    """Raise an exception."""
    raise RuntimeError(msg)


def fail_key() -> str:
    raise KeyError("missing_key")


def big(n: int = 3_000_000) -> str:
    """Return n characters."""
    return "x" * n


def length(data: str) -> int:
    """Return the number of characters, so that only the request is large."""
    return len(data)


def echo(data: str) -> str:
    return data


def sleep(seconds: float, tag: str = "") -> str:
    """Return the tag after a while."""
    time.sleep(seconds)
    return tag


def none() -> None:
    return None


def wrong_return() -> int:
    return "not an int"


def run_steps(
    n: int = 2,
    reporter: Optional[ProgressReport] = ProgressReport(step_message="Running steps", steps=2),
) -> str:
    """Run some steps.

    Parameters
    ----------
    n : int
        How many.
    reporter : ProgressReport
        Where to report them.
    """
    reporter.submit()
    for i in range(n):
        with reporter.create_subreport(step_message=f"step {i}", submit=True):
            pass
    reporter.complete()
    return f"done {n}"


def report_failure(
    reporter: Optional[ProgressReport] = ProgressReport(step_message="Failing"),
) -> str:
    with reporter:
        raise ValueError("failed inside the report")


if __name__ == "__main__":
    main(messaging_config=dict(topic="matrix-topic"))
