# Golden stub. Write it anew with: go test ./codegen -update
"""Client of the backend on the topic parameters-topic."""

from typing import Any, Dict, Optional

import demessaging.backend as _demessaging_backend
from demessaging import BackendModule as _BackendModule
from demessaging import configure, main
from demessaging.config import ModuleConfig

__all__ = ["own", "aliases", "order", "left_out", "Hidden"]


def _without(request: Any, *names: str) -> Dict[str, Any]:
    # None stands for what is not given, where the backend takes no null.
    for name in names:
        if request[name] is None:
            del request[name]
    return request


@configure(
    field_params={
        "self_": {"alias": "self"},
        "backend_config_": {"alias": "backend_config"},
        "the_model_dump": {"alias": "model_dump"},
    }
)
def own(
    self_: int,
    request: int,
    model: int,
    cls: int,
    args: int,
    options: int,
    ctx: int,
    client: int,
    target: int,
    opts: int,
    value: int,
    context: int,
    backend_config_: int,
    the_model_dump: int,
    model_name: int,
    schema: int,
    json: int,
    copy: int,
) -> str:
    return _call(
        {
            "func_name": "own",
            "self": self_,
            "request": request,
            "model": model,
            "cls": cls,
            "args": args,
            "options": options,
            "ctx": ctx,
            "client": client,
            "target": target,
            "opts": opts,
            "value": value,
            "context": context,
            "backend_config": backend_config_,
            "model_dump": the_model_dump,
            "model_name": model_name,
            "schema": schema,
            "json": json,
            "copy": copy,
        }
    )


@configure(
    field_params={
        "lat_lon": {"alias": "lat-lon"},
        "x2x_": {"alias": "2x"},
        "hidden": {"alias": "_hidden"},
        "dunder__": {"alias": "__dunder__"},
        "le": {"alias": "\ufb01le", "title": "File"},
        "x": {"alias": "日付"},
        "a_b_": {"alias": "a b"},
        "x_": {"alias": ""},
        "x__": {"alias": "\U0001f600"},
        "chosen": {"alias": "named.by-hand"},
    }
)
def aliases(
    lat_lon: int,
    x2x_: int,
    hidden: int,
    dunder__: int,
    model_: int,
    größe: int,
    le: int,
    x: int,
    a_b_: int,
    a_b: int,
    x_: int,
    x__: int,
    x2x: int,
    chosen: int,
) -> str:
    return _call(
        {
            "func_name": "aliases",
            "lat-lon": lat_lon,
            "2x": x2x_,
            "_hidden": hidden,
            "__dunder__": dunder__,
            "model_": model_,
            "größe": größe,
            "\ufb01le": le,
            "日付": x,
            "a b": a_b_,
            "a_b": a_b,
            "": x_,
            "\U0001f600": x__,
            "x2x": x2x,
            "named.by-hand": chosen,
        }
    )


def order(first: int = 1, *, second: str, third: bool = True) -> str:
    return _call(
        {
            "func_name": "order",
            "first": first,
            "second": second,
            "third": third,
        }
    )


def left_out(
    a: int,
    b: Optional[str] = None,
    c: Optional[str] = None,
    *,
    d: Optional[float],
) -> str:
    return _call(
        _without(
            {"func_name": "left_out", "a": a, "b": b, "c": c, "d": d}, "b"
        )
    )


@configure(
    field_params={
        "self_": {"alias": "self"},
        "request_base": {"alias": "_request_base"},
    },
    methods=["request_base", "_private", "init__"],
)
class Hidden:
    def __init__(self, self_: int, request_base: int):
        self._request_base: Dict[str, Any] = {
            "class_name": "Hidden",
            "self": self_,
            "_request_base": request_base,
        }

    def request_base(self) -> str:
        return _call(self._request_base, {"func_name": "_request_base"})

    @configure(field_params={"x": {"alias": "_x"}})
    def _private(self, x: int) -> str:
        return _call(self._request_base, {"func_name": "_private", "_x": x})

    @configure(field_params={"self_": {"alias": "self"}})
    def init__(self, self_: int) -> str:
        return _call(
            self._request_base, {"func_name": "__init__", "self": self_}
        )


Hidden.request_base.__name__ = "_request_base"
Hidden.init__.__name__ = "__init__"


# Here stands python/connection.py.tmpl.


backend_config = ModuleConfig.model_validate(
    {"messaging_config": _configured(topic="parameters-topic")}
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
    members=[own, aliases, order, left_out, Hidden],
)
