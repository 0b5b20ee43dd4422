# Golden stub. Write it anew with: go test ./codegen -update
"""Client of the backend on the topic all-types-topic."""

import datetime
import enum
from typing import Any, Dict, List, Literal, Optional, Tuple, Union

import demessaging.backend as _demessaging_backend
from demessaging import BackendModule as _BackendModule
from demessaging import configure, main
from demessaging.config import ModuleConfig
from pydantic import BaseModel, Field

__all__ = ["all_types", "no_annotations", "unions"]


class Color(str, enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    VALUE_1 = 1
    VALUE_2 = 2


class Address(BaseModel):
    """An address."""

    street: str
    number: int = Field(default=1, ge=1, description="House number")
    tags: List[str] = []


class Person(BaseModel):
    name: str
    address: Address
    born: Optional[datetime.date] = None


@configure(
    field_params={
        "i": {"gt": 0, "le": 100},
        "f": {"ge": 0.5, "lt": 10},
        "s": {"min_length": 2, "max_length": 10, "pattern": "^[a-z]+$"},
        "lf": {"min_length": 1, "max_length": 5},
        "m": {"multiple_of": 5},
    }
)
def all_types(
    i: int,
    f: float,
    b: bool,
    s: str,
    lf: List[float],
    di: Dict[str, int],
    color: Color,
    level: Level,
    mode: Literal["fast", "slow"],
    when: datetime.datetime,
    day: datetime.date,
    person: Person,
    opt: Optional[str] = None,
    m: int = 10,
    greeting: str = "hello",
    ratio: float = 1.5,
    flag: bool = True,
    names: List[str] = ["a", "b"],
) -> Dict[str, Any]:
    """Take all the types and give them back.

    A longer description of the function that
    goes over two lines.

    Parameters
    ----------
    i : int
        An integer.
    f : float
        A float with a description
        over two lines.
    b : bool
        A bool.
    s : str
        A string.
    lf : List[float]
        Floats.
    di : Dict[str, int]
        A mapping.
    color : Color
        A color.
    mode : Literal["fast", "slow"]
        The mode.
    when : datetime.datetime
        A date and time.
    day : datetime.date
        A date.
    person : Person
        A person.
    opt : Optional[str], optional
        May be left out, by default None

    Returns
    -------
    Dict[str, Any]
        Everything that was given.
    """
    return _call(
        {
            "func_name": "all_types",
            "i": i,
            "f": f,
            "b": b,
            "s": s,
            "lf": lf,
            "di": di,
            "color": color,
            "level": level,
            "mode": mode,
            "when": when,
            "day": day,
            "person": person,
            "opt": opt,
            "m": m,
            "greeting": greeting,
            "ratio": ratio,
            "flag": flag,
            "names": names,
        }
    )


def no_annotations(a: Any, b: Any = 3) -> Any:
    return _call({"func_name": "no_annotations", "a": a, "b": b})


def unions(
    x: Union[int, str],
    t: Tuple[int, str] = (1, "a"),
    nested: Optional[Dict[str, List[Address]]] = None,
    anything: Any = None,
) -> Optional[Person]:
    return _call(
        {
            "func_name": "unions",
            "x": x,
            "t": t,
            "nested": nested,
            "anything": anything,
        }
    )


# Here stands python/connection.py.tmpl.


backend_config = ModuleConfig.model_validate(
    {"messaging_config": _configured(topic="all-types-topic")}
)

_Backend = _reliable(_BackendModule)

_creator: Any
if __name__ == "__main__":
    # main makes its module of the class that it finds there.
    setattr(_demessaging_backend, "BackendModule", _Backend)
    _creator = main
else:
    _creator = _Backend.create_model

BackendModule = _creator(
    __name__,
    config=backend_config,
    class_name="BackendModule",
    members=[all_types, no_annotations, unions],
)
