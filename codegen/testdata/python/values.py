# Golden stub. Write it anew with: go test ./codegen -update
"""Client of the backend on the topic values-topic."""

import base64
import datetime
import io
import ipaddress
import json
import math
import pathlib
import uuid
from typing import Any, Dict, List, Literal, Optional, Tuple, Union

import demessaging.backend as _demessaging_backend
import xarray
from demessaging import BackendModule as _BackendModule
from demessaging import configure, main
from demessaging.config import ModuleConfig
from demessaging.serializers.xarray import encode_xarray
from pydantic import (
    AnyUrl,
    Base64Bytes,
    BaseModel,
    BeforeValidator,
    Field,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
    WrapValidator,
)
from typing_extensions import Annotated

__all__ = ["formats", "numbers", "unions", "datasets"]


def _nan(value: Any, info: Any) -> Any:
    # JSON has no NaN. Where a result has null for a float, that was one.
    if value is None and info.mode == "json":
        return math.nan
    return value


_Float = Annotated[float, BeforeValidator(_nan)]


def _or_nan(annotation: Any) -> Any:
    # To look at each float costs much, so this is done only where it must be.
    adapter = TypeAdapter(annotation)

    def check(value: Any, handler: Any, info: Any) -> Any:
        try:
            return handler(value)
        except ValidationError:
            if info.mode != "json":
                raise
            return adapter.validate_json(json.dumps(value))

    return WrapValidator(check)


def _to_dataset(value: Any) -> Any:
    # demessaging's own validator fails for a Dataset from xarray 2026.4 on.
    if isinstance(value, xarray.Dataset):
        return value
    if isinstance(value, dict):
        return xarray.Dataset.from_dict(value)
    if isinstance(value, str):
        value = base64.b64decode(value)
    if isinstance(value, bytes):
        value = io.BytesIO(value)
    return xarray.open_dataset(value)


_Dataset = Annotated[
    Any,
    BeforeValidator(_to_dataset),
    PlainSerializer(encode_xarray, return_type=str, when_used="json"),
]


def _to_dataarray(value: Any) -> Any:
    # demessaging's own validator fails for a DataArray from xarray 2026.4 on.
    if isinstance(value, xarray.DataArray):
        return value
    if isinstance(value, dict):
        return xarray.DataArray.from_dict(value)
    if isinstance(value, str):
        value = base64.b64decode(value)
    if isinstance(value, bytes):
        value = io.BytesIO(value)
    return xarray.open_dataarray(value)


_DataArray = Annotated[
    Any,
    BeforeValidator(_to_dataarray),
    PlainSerializer(encode_xarray, return_type=str, when_used="json"),
]


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"
    name: str


class O(BaseModel):
    in_place: int


def formats(
    date_time: datetime.datetime = datetime.datetime(
        2024,
        2,
        29,
        12,
        30,
        15,
        500000,
        tzinfo=datetime.timezone(datetime.timedelta(seconds=3600)),
    ),
    date: datetime.date = datetime.date(2024, 2, 29),
    time: datetime.time = datetime.time(12, 30),
    duration: datetime.timedelta = datetime.timedelta(
        days=1, hours=2, seconds=0.5
    ),
    uuid: uuid.UUID = uuid.UUID("00000000-0000-0000-0000-000000000001"),
    path: pathlib.Path = pathlib.Path("a/b"),
    binary: bytes = b'hi"\n',
    base64: Base64Bytes = b"hi",
    ipv4: ipaddress.IPv4Address = ipaddress.IPv4Address("127.0.0.1"),
    uri: AnyUrl = AnyUrl("https://example.org/"),
    email: str = "a@b.c",
    password: str = "x",
) -> Tuple[
    datetime.datetime,
    datetime.date,
    datetime.time,
    datetime.timedelta,
    uuid.UUID,
    pathlib.Path,
    bytes,
    Base64Bytes,
    ipaddress.IPv4Address,
    AnyUrl,
    str,
    str,
]:
    return _call(
        {
            "func_name": "formats",
            "date_time": date_time,
            "date": date,
            "time": time,
            "duration": duration,
            "uuid": uuid,
            "path": path,
            "binary": binary,
            "base64": base64,
            "ipv4": ipv4,
            "uri": uri,
            "email": email,
            "password": password,
        }
    )


@configure(
    field_params={
        "wide": {"ge": -9223372036854775808, "le": 9223372036854775807},
        "half": {"gt": 0, "lt": 1, "multiple_of": 0.25},
    },
    return_annotation=Annotated[
        Dict[str, List[float]], _or_nan(Dict[str, List[_Float]])
    ],
)
def numbers(
    big: int = 9007199254740993,
    wide: int = 1,
    tiny: float = 1e-07,
    huge: float = 1e16,
    half: float = 0.5,
    grid: List[List[float]] = [[1, 2.5], []],
    *,
    points: Dict[str, float],
) -> Dict[str, List[float]]:
    return _call(
        {
            "func_name": "numbers",
            "big": big,
            "wide": wide,
            "tiny": tiny,
            "huge": huge,
            "half": half,
            "grid": grid,
            "points": points,
        }
    )


@configure(
    field_params={"i": {"min_length": 1}},
    annotations={"i": List[Annotated[int, Field(ge=0)]]},
)
def unions(
    u: Union[float, str],
    l: Optional[Literal["a", 1]] = None,
    s: Optional[str] = None,
    k: Union[Cat, Dog] = Dog(name="Rex"),
    t: Tuple[int] = (1,),
    e: Tuple[()] = (),
    *,
    f: Literal[True],
    i: List[int],
    key: Dict[datetime.date, int] = {datetime.date(2024, 2, 29): 1},
    o: O,
) -> Optional[Union[Cat, Dog, List[Optional[float]]]]:
    return _call(
        {
            "func_name": "unions",
            "u": u,
            "l": l,
            "s": s,
            "k": k,
            "t": t,
            "e": e,
            "f": f,
            "i": i,
            "key": key,
            "o": o,
        }
    )


@configure(
    annotations={"ds": _Dataset, "more": List[_DataArray]},
    return_annotation=Optional[_Dataset],
)
def datasets(
    ds: xarray.Dataset, more: List[xarray.DataArray]
) -> Optional[xarray.Dataset]:
    return _call({"func_name": "datasets", "ds": ds, "more": more})


# Here stands python/connection.py.tmpl.


backend_config = ModuleConfig.model_validate(
    {"messaging_config": _configured(topic="values-topic")}
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
    members=[formats, numbers, unions, datasets],
)
