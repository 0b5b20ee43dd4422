# Golden stub. Write it anew with: go test ./codegen -update
"""Client of the backend on the topic greet-topic."""

import datetime
import math
from typing import Any, Dict, List

import demessaging.backend as _demessaging_backend
from demessaging import BackendModule as _BackendModule
from demessaging import configure, main
from demessaging.config import ModuleConfig
from pydantic import BaseModel, BeforeValidator
from typing_extensions import Annotated

__all__ = ["HelloWorld", "compute_sum"]


def _nan(value: Any, info: Any) -> Any:
    # JSON has no NaN. Where a result has null for a float, that was one.
    if value is None and info.mode == "json":
        return math.nan
    return value


_Float = Annotated[float, BeforeValidator(_nan)]


class GreetResponse(BaseModel):
    message: str
    greetings: List[str]
    greeting_time: datetime.datetime


@configure(field_params={"message": {"min_length": 1}})
class HelloWorld:
    def __init__(self, message: str):
        self._request_base: Dict[str, Any] = {
            "class_name": "HelloWorld",
            "message": message,
        }

    def greet(self, repeat: int, greet_message: str) -> GreetResponse:
        return _call(
            self._request_base,
            {
                "func_name": "greet",
                "repeat": repeat,
                "greet_message": greet_message,
            },
        )

    @configure(field_params={"repeat": {"ge": 0}})
    def repeat_message(self, repeat: int) -> List[str]:
        return _call(
            self._request_base,
            {"func_name": "repeat_message", "repeat": repeat},
        )


@configure(return_annotation=_Float)
def compute_sum(values: Dict[str, float]) -> float:
    """Sum up the values."""
    return _call({"func_name": "compute_sum", "values": values})


# Here stands python/connection.py.tmpl.


backend_config = ModuleConfig.model_validate(
    {"messaging_config": _configured(topic="greet-topic")}
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
    members=[HelloWorld, compute_sum],
)
