"""A module with all that a client stub has to carry.

Its twin in Go is in stubs_backend_test.go.
"""
import datetime
import enum
import time
from typing import Any, Dict, List, Optional, Union

from demessaging import configure, main, registry
from deprogressapi import ProgressReport
from pydantic import BaseModel, Field

__all__ = [
    "describe",
    "scale",
    "either",
    "big",
    "length",
    "nothing",
    "anything",
    "fail",
    "sleep",
    "steps",
    "Counter",
]

registry.register_import("deprogressapi")


@registry.register_type
class Color(str, enum.Enum):
    RED = "red"
    LIGHT_BLUE = "light blue"


@registry.register_type
class Address(BaseModel):
    """Where somebody lives."""

    street: str
    number: int = Field(default=1, ge=1, description="House number")
    tags: List[str] = []


@registry.register_type
class Person(BaseModel):
    name: str
    address: Address
    born: Optional[datetime.date] = None
    height: float = 1.8


@registry.register_type
class Description(BaseModel):
    person: Person
    color: Color
    when: datetime.datetime
    day: datetime.date
    wait: datetime.timedelta
    note: Optional[str] = None
    friends: Dict[str, Person]


def describe(
    person: Person,
    color: Color,
    when: datetime.datetime,
    day: datetime.date,
    wait: datetime.timedelta,
    note: Optional[str] = None,
    friends: Dict[str, Person] = {},
) -> Description:
    """Give back what was given, größer.

    Parameters
    ----------
    person : Person
        Who it is about.
    when : datetime
        A date and time.

    Returns
    -------
    Description
        All of it.
    """
    return Description(
        person=person,
        color=color,
        when=when,
        day=day,
        wait=wait,
        note=note,
        friends=friends,
    )


@configure(field_params={"values": {"min_length": 1}, "factor": {"gt": 0}})
def scale(values: List[float], factor: float = 2.0) -> List[float]:
    """Multiply all values."""
    return [v * factor for v in values]


def either(value: Union[int, str]) -> Union[int, str]:
    return value


def big(n: int = 3_000_000) -> str:
    return "x" * n


def length(text: str) -> int:
    return len(text)


def nothing() -> None:
    return None


def anything(value: Any) -> Any:
    return value


def fail(msg: str = "boom") -> str:
    raise RuntimeError(msg)


def sleep(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def steps(
    n: int = 2,
    report: Optional[ProgressReport] = ProgressReport(step_message="Steps"),
) -> int:
    """Report n steps."""
    report.submit()
    for i in range(n):
        step = report.create_subreport(step_message=f"step {i}", submit=True)
        step.complete()
    report.complete()
    return n


@configure(field_params={"start": {"ge": 0}})
class Counter:
    """Counts.

    Parameters
    ----------
    start : int
        Where to begin.
    """

    def __init__(self, start: int = 0):
        self.start = start

    def add(self, n: int = 1) -> int:
        """Add n."""
        return self.start + n

    def up_to(self, end: int) -> List[int]:
        return list(range(self.start, end))


if __name__ == "__main__":
    main(messaging_config=dict(topic="stub-reference"))
