# Golden stub. Write it anew with: go test ./codegen -update
"""Client of the backend on the topic misc-topic."""

from typing import Any, Dict

import demessaging.backend as _demessaging_backend
from demessaging import BackendModule as _BackendModule
from demessaging import main
from demessaging.config import ModuleConfig

__all__ = [
    "fail",
    "fail_empty",
    "big",
    "sleep",
    "echo",
    "none",
    "wrong_return",
]


def fail(msg: str = "boom") -> str:
    """A function that raises."""
    return _call({"func_name": "fail", "msg": msg})


def fail_empty() -> str:
    return _call({"func_name": "fail_empty"})


def big(n: int = 3000000) -> str:
    """Return n bytes."""
    return _call({"func_name": "big", "n": n})


def sleep(seconds: float, tag: str = "") -> str:
    return _call({"func_name": "sleep", "seconds": seconds, "tag": tag})


def echo(data: str) -> str:
    return _call({"func_name": "echo", "data": data})


def none() -> Any:
    return _call({"func_name": "none"})


def wrong_return() -> int:
    return _call({"func_name": "wrong_return"})


# Here stands python/connection.py.tmpl.


backend_config = ModuleConfig.model_validate(
    {"messaging_config": _configured(topic="misc-topic")}
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
    members=[fail, fail_empty, big, sleep, echo, none, wrong_return],
)
