# Golden stub. Write it anew with: go test ./codegen -update
"""Client of the backend on the topic hello-world-class-topic."""

from typing import Any, Dict, List

import demessaging.backend as _demessaging_backend
from demessaging import BackendModule as _BackendModule
from demessaging import configure, main
from demessaging.config import ModuleConfig

__all__ = ["HelloWorld"]


@configure(field_params={"message": {"min_length": 1}})
class HelloWorld:
    """A class that repeats a message.

    Parameters
    ----------
    message : str
        The message to repeat.
    """

    def __init__(self, message: str):
        self._request_base: Dict[str, Any] = {
            "class_name": "HelloWorld",
            "message": message,
        }

    @configure(field_params={"repeat": {"ge": 0}})
    def repeat_message(self, repeat: int) -> List[str]:
        """Repeat the message.

        Parameters
        ----------
        repeat : int
            How often to repeat.

        Returns
        -------
        List[str]
            The repeated messages.
        """
        return _call(
            self._request_base,
            {"func_name": "repeat_message", "repeat": repeat},
        )

    def upper(self, suffix: str = "!") -> str:
        return _call(
            self._request_base, {"func_name": "upper", "suffix": suffix}
        )


# Here stands python/connection.py.tmpl.


backend_config = ModuleConfig.model_validate(
    {"messaging_config": _configured(topic="hello-world-class-topic")}
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
    members=[HelloWorld],
)
