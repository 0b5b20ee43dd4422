"""Record what pydantic takes from JSON and what it says of the rest.

    python record.py <inputs.txt >values.jsonl

Each line of inputs.txt is the name of a type below, a space, and a JSON text.
values.jsonl was recorded with pydantic 2.14.4.
"""
import datetime
import decimal
import enum
import json
import sys
import uuid
from typing import Any, Dict, List, Literal, Optional, Set, Tuple, Union

from pydantic import Base64Bytes, BaseModel, Field, TypeAdapter, ValidationError
from typing_extensions import Annotated


class Color(str, enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Address(BaseModel):
    street: str
    number: int = Field(1, ge=1)
    tags: List[str] = []


class Circle(BaseModel):
    kind: Literal["circle"]
    r: float


class Square(BaseModel):
    kind: Literal["square"]
    side: float


class Limits(BaseModel):
    i: int = Field(5, gt=0, le=100)
    f: float = Field(1, ge=0.5, lt=10)
    s: str = Field("abc", min_length=2, max_length=10, pattern="^[a-z]+$")
    m: int = Field(10, multiple_of=5)
    mf: float = Field(0.5, multiple_of=0.1)
    lf: List[float] = Field([1], min_length=1, max_length=5)
    d: Dict[str, int] = Field({"a": 1}, min_length=1, max_length=2)
    items: List[Annotated[int, Field(ge=0)]] = []
    dec: decimal.Decimal = Field(decimal.Decimal(1), gt=0, le=decimal.Decimal("9.5"))
    mode: Literal["fast", "slow"] = "fast"
    one: Literal["only"] = "only"
    st: Set[int] = Field({1}, min_length=1)
    opt: Optional[int] = Field(None, ge=1)


TYPES = {
    "int": int,
    "float": float,
    "bool": bool,
    "str": str,
    "datetime": datetime.datetime,
    "date": datetime.date,
    "timedelta": datetime.timedelta,
    "uuid": uuid.UUID,
    "decimal": decimal.Decimal,
    "bytes": Base64Bytes,
    "any": Any,
    "list[int]": List[int],
    "list[float]": List[float],
    "list[list[int]]": List[List[int]],
    "dict[str,int]": Dict[str, int],
    "dict[int,str]": Dict[int, str],
    "dict[date,int]": Dict[datetime.date, int],
    "dict[Color,int]": Dict[Color, int],
    "dict[str,list[float]]": Dict[str, List[float]],
    "set[int]": Set[int],
    "tuple[int,str]": Tuple[int, str],
    "int|str": Union[int, str],
    "float|bool": Union[float, bool],
    "list[int]|dict[str,int]": Union[List[int], Dict[str, int]],
    "optional[int]": Optional[int],
    "optional[list[int]]": Optional[List[int]],
    "Color": Color,
    "Level": Level,
    "Address": Address,
    "list[Address]": List[Address],
    "dict[str,Address]": Dict[str, Address],
    "Circle|Square": Annotated[Union[Circle, Square], Field(discriminator="kind")],
    "Circle|Address": Union[Circle, Address],
    "Limits": Limits,
}


def record(adapter, text, strict):
    try:
        value = adapter.validate_json(text, strict=strict)
    except ValidationError as e:
        lines = str(e).split("\n")[1:]
        return {"errors": [line for line in lines if "For further information" not in line]}
    return {"value": adapter.dump_json(value).decode()}


for line in sys.stdin:
    name, text = line.rstrip("\n").split(" ", 1)
    adapter = TypeAdapter(TYPES[name])
    lax, strict = (record(adapter, text, s) for s in (False, True))
    print(json.dumps({"type": name, "input": text, "lax": lax, "strict": strict}, ensure_ascii=False))
