# Golden stub. Write it anew with: go test ./codegen -update
"""Client of the backend on the topic empty-topic."""

from typing import Any, Dict

import demessaging.backend as _demessaging_backend
from demessaging import BackendModule as _BackendModule
from demessaging import main
from demessaging.config import ModuleConfig

__all__ = ["ping", "nothing", "Empty"]


def ping() -> str:
    return _call({"func_name": "ping"})


def nothing() -> None:
    return _call({"func_name": "nothing"})


class Empty:
    def __init__(self):
        self._request_base: Dict[str, Any] = {"class_name": "Empty"}

    def ping(self) -> str:
        return _call(self._request_base, {"func_name": "ping"})


# Here stands python/connection.py.tmpl.


backend_config = ModuleConfig.model_validate(
    {"messaging_config": _configured(topic="empty-topic")}
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
    members=[ping, nothing, Empty],
)
