"""Every kind of parameter in one function, given back as it was understood."""
import datetime
import enum
from typing import Any, Dict, List, Literal, Optional

from demessaging import configure, main, registry
from pydantic import BaseModel, Field

__all__ = ["all_types"]


@registry.register_type
class Color(str, enum.Enum):
    RED = "red"
    BLUE = "blue"


@registry.register_type
class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


@registry.register_type
class Address(BaseModel):
    street: str
    number: int = Field(1, ge=1, description="House number")
    tags: List[str] = []


@registry.register_type
class Person(BaseModel):
    name: str
    address: Address
    born: Optional[datetime.date] = None


@configure(
    field_params={
        "i": {"gt": 0, "le": 100},
        "f": {"ge": 0.5, "lt": 10},
        "s": {"min_length": 2, "max_length": 10, "pattern": "^[a-z]+$"},
        "m": {"multiple_of": 5},
        "lf": {"min_length": 1, "max_length": 5},
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
    return dict(locals())


if __name__ == "__main__":
    main(messaging_config=dict(topic="all-types-topic"))
