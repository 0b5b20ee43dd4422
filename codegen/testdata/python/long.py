# Golden stub. Write it anew with: go test ./codegen -update
"""Client of the backend on the topic long-topic."""

import datetime
from typing import Any, Dict, List, Literal, Optional, Tuple, Union

import demessaging.backend as _demessaging_backend
from demessaging import BackendModule as _BackendModule
from demessaging import configure, main
from demessaging.config import ModuleConfig

__all__ = [
    "a_function_whose_name_is_so_long_that_nothing_else_fits_beside_it_on_its_line",
    "one",
]


@configure(
    field_params={
        "a_rather_long_parameter_name_0": {"max_length": 5},
        "a_rather_long_parameter_name_1": {"max_length": 5},
        "a_rather_long_parameter_name_2": {"max_length": 5},
        "a_rather_long_parameter_name_3": {"max_length": 5},
        "a_rather_long_parameter_name_4": {"max_length": 5},
        "a_rather_long_parameter_name_5": {"max_length": 5},
        "a_rather_long_parameter_name_6": {"max_length": 5},
        "a_rather_long_parameter_name_7": {"max_length": 5},
        "a_rather_long_parameter_name_8": {"max_length": 5},
        "a_rather_long_parameter_name_9": {"max_length": 5},
        "a_rather_long_parameter_name_10": {"max_length": 5},
        "a_rather_long_parameter_name_11": {"max_length": 5},
    }
)
def a_function_whose_name_is_so_long_that_nothing_else_fits_beside_it_on_its_line(
    a_rather_long_parameter_name_0: List[
        Optional[Union[int, str, Dict[str, Tuple[float, str]]]]
    ],
    a_rather_long_parameter_name_1: List[
        Optional[Union[int, str, Dict[str, Tuple[float, str]]]]
    ],
    a_rather_long_parameter_name_2: List[
        Optional[Union[int, str, Dict[str, Tuple[float, str]]]]
    ],
    a_rather_long_parameter_name_3: List[
        Optional[Union[int, str, Dict[str, Tuple[float, str]]]]
    ],
    a_rather_long_parameter_name_4: List[
        Optional[Union[int, str, Dict[str, Tuple[float, str]]]]
    ],
    a_rather_long_parameter_name_5: List[
        Optional[Union[int, str, Dict[str, Tuple[float, str]]]]
    ],
    a_rather_long_parameter_name_6: List[
        Optional[Union[int, str, Dict[str, Tuple[float, str]]]]
    ] = [
        "a default of some length",
        "and another one that is longer than that",
        {"key": (1.5, "text")},
    ],
    a_rather_long_parameter_name_7: List[
        Optional[Union[int, str, Dict[str, Tuple[float, str]]]]
    ] = [
        "a default of some length",
        "and another one that is longer than that",
        {"key": (1.5, "text")},
    ],
    a_rather_long_parameter_name_8: List[
        Optional[Union[int, str, Dict[str, Tuple[float, str]]]]
    ] = [
        "a default of some length",
        "and another one that is longer than that",
        {"key": (1.5, "text")},
    ],
    a_rather_long_parameter_name_9: List[
        Optional[Union[int, str, Dict[str, Tuple[float, str]]]]
    ] = [
        "a default of some length",
        "and another one that is longer than that",
        {"key": (1.5, "text")},
    ],
    a_rather_long_parameter_name_10: List[
        Optional[Union[int, str, Dict[str, Tuple[float, str]]]]
    ] = [
        "a default of some length",
        "and another one that is longer than that",
        {"key": (1.5, "text")},
    ],
    a_rather_long_parameter_name_11: List[
        Optional[Union[int, str, Dict[str, Tuple[float, str]]]]
    ] = [
        "a default of some length",
        "and another one that is longer than that",
        {"key": (1.5, "text")},
    ],
) -> Dict[str, List[Optional[Union[datetime.datetime, datetime.date]]]]:
    """One line that is much longer than any line should be, One line that is much longer than any line should be, One line that is much longer than any line should be, One line that is much longer than any line should be,"""
    return _call(
        {
            "func_name": "a_function_whose_name_is_so_long_that_nothing_else_fits_beside_it_on_its_line",
            "a_rather_long_parameter_name_0": a_rather_long_parameter_name_0,
            "a_rather_long_parameter_name_1": a_rather_long_parameter_name_1,
            "a_rather_long_parameter_name_2": a_rather_long_parameter_name_2,
            "a_rather_long_parameter_name_3": a_rather_long_parameter_name_3,
            "a_rather_long_parameter_name_4": a_rather_long_parameter_name_4,
            "a_rather_long_parameter_name_5": a_rather_long_parameter_name_5,
            "a_rather_long_parameter_name_6": a_rather_long_parameter_name_6,
            "a_rather_long_parameter_name_7": a_rather_long_parameter_name_7,
            "a_rather_long_parameter_name_8": a_rather_long_parameter_name_8,
            "a_rather_long_parameter_name_9": a_rather_long_parameter_name_9,
            "a_rather_long_parameter_name_10": a_rather_long_parameter_name_10,
            "a_rather_long_parameter_name_11": a_rather_long_parameter_name_11,
        }
    )


def one(
    mode: Literal[
        "the first of the values",
        "the second of the values",
        "the third of the values",
        "the fourth",
    ] = "the second of the values",
) -> str:
    return _call({"func_name": "one", "mode": mode})


# Here stands python/connection.py.tmpl.


backend_config = ModuleConfig.model_validate(
    {"messaging_config": _configured(topic="long-topic")}
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
    members=[
        a_function_whose_name_is_so_long_that_nothing_else_fits_beside_it_on_its_line,
        one,
    ],
)
