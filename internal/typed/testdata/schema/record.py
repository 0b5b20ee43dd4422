"""Write pydantic.json: the schemas that pydantic gives to fields of many types.

    python -m venv V && V/bin/pip install pydantic==2.14.4
    V/bin/python internal/typed/testdata/schema/record.py

schema_type_test.go has the Go type that goes with each name.
"""
import datetime
import decimal
import enum
import json
import pathlib
import uuid
from typing import Any, Dict, Generic, List, Literal, Optional, Set, Tuple, TypeVar, Union

from pydantic import Base64Bytes, BaseModel, Field, create_model
from typing_extensions import Annotated, TypeAliasType


class Color(str, enum.Enum):
    red = "red"
    blue = "blue"


class Level(enum.IntEnum):
    """How high."""

    low = 1
    high = 2


class Ratio(float, enum.Enum):
    half = 0.5
    whole = 1.25


class Address(BaseModel):
    """An address."""

    street: str
    number: int = Field(1, ge=1, description="House number")
    tags: List[str] = []


class Node(BaseModel):
    name: str
    next: Optional["Node"] = None
    kids: List["Node"] = []


class Left(BaseModel):
    right: Optional["Right"] = None


class Right(BaseModel):
    left: Optional[Left] = None


class Empty(BaseModel):
    pass


class Closed(BaseModel):
    model_config = {"extra": "forbid"}
    x: int


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    items: List[T]


Tree = TypeAliasType("Tree", Dict[str, "Tree"])
Nested = TypeAliasType("Nested", List["Nested"])

cases = {
    "bool": (bool, {}),
    "int": (int, {}),
    "float": (float, {}),
    "string": (str, {}),
    "bytes": (Base64Bytes, {}),
    "datetime": (datetime.datetime, {}),
    "date": (datetime.date, {}),
    "duration": (datetime.timedelta, {}),
    "uuid": (uuid.UUID, {}),
    "decimal": (decimal.Decimal, {}),
    "any": (Any, {}),
    "list": (List[int], {}),
    "list of lists": (List[List[float]], {}),
    "list of any": (List[Any], {}),
    "list of optional structs": (List[Optional[Address]], {}),
    "set": (Set[int], {}),
    "fixed array": (List[float], {"min_length": 3, "max_length": 3}),
    "tuple": (Tuple[int, str], {}),
    "dict": (Dict[str, int], {}),
    "dict of any": (Dict[str, Any], {}),
    "dict with int keys": (Dict[int, str], {}),
    "dict with uuid keys": (Dict[uuid.UUID, int], {}),
    "dict with enum keys": (Dict[Color, int], {}),
    "dict with key rules": (Dict[Annotated[str, Field(min_length=2)], int], {}),
    "dict of lists of structs": (Dict[str, List[Address]], {}),
    "enum": (Color, {}),
    "int enum with description": (Level, {}),
    "float enum": (Ratio, {}),
    "enum default": (Color, {"default": Color.red}),
    "struct": (Address, {}),
    "struct with description": (Address, {"description": "Where."}),
    "struct with title": (Address, {"title": "T"}),
    "recursive struct": (Node, {}),
    "mutually recursive structs": (Left, {}),
    "empty struct": (Empty, {}),
    "closed struct": (Closed, {}),
    "recursive map": (Tree, {}),
    "recursive list": (Nested, {}),
    "generic struct": (Page[int], {}),
    "generic struct of structs": (Page[Address], {}),
    "union": (Union[int, str], {}),
    "union of structs": (Union[Cat, Dog], {}),
    "optional": (Optional[int], {"default": None}),
    "optional with rules": (Optional[int], {"default": None, "gt": 3}),
    "optional string with rules": (
        Optional[str],
        {"default": None, "min_length": 2, "pattern": "^a"},
    ),
    "optional list with rules": (Optional[List[int]], {"default": None, "min_length": 1}),
    "optional with default": (Optional[int], {"default": 5}),
    "optional struct": (Optional[Address], {"default": None, "description": "d"}),
    "optional enum": (Optional[Color], {"default": None}),
    "optional union": (Optional[Union[int, str]], {"default": None}),
    "optional any": (Optional[Any], {"default": None}),
    "optional literal": (Optional[Literal["a", "b"]], {"default": None}),
    "optional const": (Optional[Literal["a"]], {"default": None}),
    "optional optional": (Optional[Optional[int]], {"default": None}),
    "optional datetime": (Optional[datetime.datetime], {"default": None}),
    "optional tuple": (Optional[Tuple[int, str]], {"default": None}),
    "int bounds": (int, {"gt": 0, "le": 100}),
    "float bounds": (float, {"ge": 0.5, "lt": 10}),
    "multiple of": (int, {"multiple_of": 5}),
    "string rules": (str, {"min_length": 2, "max_length": 10, "pattern": "^[a-z]+$"}),
    "list rules": (List[int], {"min_length": 1, "max_length": 5}),
    "element rules": (List[Annotated[int, Field(ge=1)]], {}),
    "deep element rules": (
        List[Annotated[List[Annotated[str, Field(max_length=3)]], Field(min_length=1)]],
        {},
    ),
    "optional element rules": (List[Optional[Annotated[int, Field(ge=1)]]], {}),
    "map value rules": (Dict[str, Annotated[float, Field(lt=1)]], {}),
    "map rules": (Dict[str, int], {"min_length": 1, "max_length": 5}),
    "set rules": (Set[int], {"min_length": 1, "max_length": 3}),
    "decimal multiple of": (decimal.Decimal, {"multiple_of": decimal.Decimal("0.5")}),
    "literal": (Literal["fast", "slow"], {}),
    "literal of one": (Literal["fast"], {}),
    "literal of ints": (Literal[1, 2], {}),
    "const": (Literal["a"], {}),
    "const of int": (Literal[1], {}),
    "const with default": (Literal["a"], {"default": "a"}),
    "string default": (str, {"default": "hello"}),
    "empty string default": (str, {"default": ""}),
    "int default": (int, {"default": 10}),
    "bool default": (bool, {"default": True}),
    "list default": (List[str], {"default": ["a", "b"]}),
    "struct default": (Address, {"default": Address(street="s")}),
    "list of structs default": (List[Address], {"default": [Address(street="s")]}),
    "datetime default": (datetime.datetime, {"default": datetime.datetime(2024, 1, 2)}),
    "duration default": (datetime.timedelta, {"default": datetime.timedelta(days=1)}),
    "decimal default": (decimal.Decimal, {"default": decimal.Decimal("1.10")}),
    "uuid default": (uuid.UUID, {"default": uuid.UUID(int=1)}),
    "any default": (Any, {"default": None}),
    "set default": (Set[int], {"default": {1, 2}}),
    "title, description, example": (
        str,
        {"title": "Other", "description": "d", "examples": ["a"]},
    ),
}

out = {}
for name, (annotation, field) in cases.items():
    schema = create_model("Model", x=(annotation, Field(**field))).model_json_schema()
    del schema["title"]
    out[name] = schema
target = pathlib.Path(__file__).with_name("pydantic.json")
target.write_text(json.dumps(out, indent=1, ensure_ascii=False) + "\n")
