# Golden stub. Write it anew with: go test ./codegen -update
"""Client of the backend on the topic types-topic."""

import datetime as _datetime
import enum
import math
from typing import Optional as _Optional
from typing import Any, Dict, List, Literal, Set

import demessaging.backend as _demessaging_backend
from demessaging import BackendModule as _BackendModule
from demessaging import main
from demessaging.config import ModuleConfig
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    model_serializer,
)
from typing_extensions import Annotated

__all__ = ["read", "other_error", "Client", "datetime", "Optional"]


def _nan(value: Any, info: Any) -> Any:
    # JSON has no NaN. Where a result has null for a float, that was one.
    if value is None and info.mode == "json":
        return math.nan
    return value


_Float = Annotated[float, BeforeValidator(_nan)]


class _Sparse(BaseModel):
    """A model that leaves out what was not given."""

    @model_serializer(mode="wrap")
    def _given(self, handler: Any) -> Any:
        data = handler(self)
        for name, field in type(self).model_fields.items():
            if name not in self.model_fields_set and field.default is None:
                data.pop(name, None)
                data.pop(field.alias, None)
        return data


class Any_(str, enum.Enum):
    X = ""
    A_B = "a b"
    VALUE_1 = "1"
    A_B_ = "a-b"
    A_B__ = "a_b"
    NONE = "None"
    MRO = "mro"
    X_ = "ü"


class List_(BaseModel):
    model_config = ConfigDict(populate_by_name=True, protected_namespaces=())

    items: List[Any_]
    model_kind: str
    json_: str = Field(alias="json")
    lat_lon: _Float = Field(alias="lat-lon")
    class_: Literal["list"] = Field(default="list", alias="class")


class int_(enum.IntEnum):
    VALUE_1 = 1
    VALUE_MINUS_2 = -2
    VALUE_3 = 3


class Error(_Sparse):
    model_config = ConfigDict(extra="forbid")

    optional: _Optional[_Float] = None
    kind: _Optional[int_] = None


class BackendModule_(BaseModel):
    left: _Optional["BackendModule_"] = None
    data: Error


class Tree(RootModel[Dict[str, "Tree"]]):
    pass


class Page_Address_(BaseModel):
    next: str


class Error2(BaseModel):
    text: str


class read_(BaseModel):
    pass


BackendModule_.model_rebuild()
Tree.model_rebuild()


def read(
    List: List_,
    any: Any_ = Any_.A_B,
    *,
    module: BackendModule_,
    tree: Tree,
    page: Page_Address_,
) -> List[List_]:
    return _call(
        {
            "func_name": "read",
            "List": List,
            "any": any,
            "module": module,
            "tree": tree,
            "page": page,
        }
    )


def other_error(e: Error2) -> Error2:
    return _call({"func_name": "other_error", "e": e})


def Client(x: Set[int_] = {int_.VALUE_1}) -> read_:
    return _call({"func_name": "Client", "x": x})


def datetime(when: _datetime.datetime) -> _datetime.datetime:
    return _call({"func_name": "datetime", "when": when})


class Optional:
    def __init__(self, tree: _Optional[Tree] = None):
        self._request_base: Dict[str, Any] = {
            "class_name": "Optional",
            "tree": tree,
        }

    def read(self, empty: read_) -> str:
        return _call(self._request_base, {"func_name": "read", "empty": empty})


# Here stands python/connection.py.tmpl.


backend_config = ModuleConfig.model_validate(
    {"messaging_config": _configured(topic="types-topic")}
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
    members=[read, other_error, Client, datetime, Optional],
)
