# Golden stub. Write it anew with: go test ./codegen -update
"""Client of the backend on the topic keywords-topic."""

import builtins as _builtins
import math
from typing import Any, Dict, List

import demessaging.backend as _demessaging_backend
from demessaging import BackendModule as _BackendModule
from demessaging import configure, main
from demessaging.config import ModuleConfig
from pydantic import BeforeValidator
from typing_extensions import Annotated

__all__ = ["lambda_", "class_", "print", "sum", "import_"]


def _nan(value: Any, info: Any) -> Any:
    # JSON has no NaN. Where a result has null for a float, that was one.
    if value is None and info.mode == "json":
        return math.nan
    return value


_Float = Annotated[float, BeforeValidator(_nan)]


@configure(
    field_params={
        "class_": {"alias": "class"},
        "from_": {"alias": "from"},
        "lambda_": {"alias": "lambda"},
        "None_": {"alias": "None"},
        "await_": {"alias": "await"},
    }
)
def lambda_(
    class_: int,
    from_: int,
    lambda_: int,
    default: int,
    type: int,
    None_: int,
    await_: int,
    interface: int,
    func: int,
    range: int,
    delete: int,
    function: int,
    new: int,
    arguments: int,
) -> _builtins.str:
    """Words that are reserved in one language or another."""
    return _call(
        {
            "func_name": "lambda",
            "class": class_,
            "from": from_,
            "lambda": lambda_,
            "default": default,
            "type": type,
            "None": None_,
            "await": await_,
            "interface": interface,
            "func": func,
            "range": range,
            "delete": delete,
            "function": function,
            "new": new,
            "arguments": arguments,
        }
    )


lambda_.__name__ = "lambda"


@configure(field_params={"import_": {"alias": "import"}})
def class_(import_: int) -> _builtins.str:
    return _call({"func_name": "class", "import": import_})


class_.__name__ = "class"


def print(int: int, str: _builtins.str = "a", *, len: int) -> _builtins.str:
    return _call({"func_name": "print", "int": int, "str": str, "len": len})


@configure(return_annotation=_Float)
def sum(max: List[float]) -> float:
    return _call({"func_name": "sum", "max": max})


@configure(field_params={"global_": {"alias": "global"}})
class import_:
    def __init__(self, global_: int):
        self._request_base: Dict[str, Any] = {
            "class_name": "import",
            "global": global_,
        }

    @configure(field_params={"yield_": {"alias": "yield"}})
    def return_(self, yield_: int) -> _builtins.str:
        return _call(
            self._request_base, {"func_name": "return", "yield": yield_}
        )

    def str(self, x: int) -> _builtins.str:
        return _call(self._request_base, {"func_name": "str", "x": x})

    def constructor(self) -> _builtins.str:
        return _call(self._request_base, {"func_name": "constructor"})

    def call(self, y: _builtins.str) -> _builtins.str:
        return _call(self._request_base, {"func_name": "call", "y": y})


import_.return_.__name__ = "return"
import_.__name__ = "import"


# Here stands python/connection.py.tmpl.


backend_config = ModuleConfig.model_validate(
    {"messaging_config": _configured(topic="keywords-topic")}
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
    members=[lambda_, class_, print, sum, import_],
)
