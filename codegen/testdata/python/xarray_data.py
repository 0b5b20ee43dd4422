# Golden stub. Write it anew with: go test ./codegen -update
"""Client of the backend on the topic xarray-topic."""

# Made from the api_info of a running backend, which holds neither the
# description of the module nor its imports and hard-coded parts.

import base64
import io
from typing import Any, Dict

import demessaging.backend as _demessaging_backend
import xarray
from demessaging import BackendModule as _BackendModule
from demessaging import configure, main
from demessaging.config import ModuleConfig
from demessaging.serializers.xarray import encode_xarray
from pydantic import BeforeValidator, PlainSerializer
from typing_extensions import Annotated

__all__ = ["get_data", "mean_data"]


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


@configure(return_annotation=_Dataset)
def get_data() -> xarray.Dataset:
    """Get a small dataset."""
    return _call({"func_name": "get_data"})


@configure(annotations={"ds": _Dataset}, return_annotation=_Dataset)
def mean_data(ds: xarray.Dataset) -> xarray.Dataset:
    """Mean over x.

    Parameters
    ----------
    ds : xarray.Dataset
        The input.

    Returns
    -------
    xarray.Dataset
        The mean.
    """
    return _call({"func_name": "mean_data", "ds": ds})


# Here stands python/connection.py.tmpl.


backend_config = ModuleConfig.model_validate(
    {"messaging_config": _configured(topic="xarray-topic")}
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
    members=[get_data, mean_data],
)
