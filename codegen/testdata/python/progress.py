# Golden stub. Write it anew with: go test ./codegen -update
"""Client of the backend on the topic progress-topic."""

from typing import Any, Dict, Optional

import demessaging.backend as _demessaging_backend
from demessaging import BackendModule as _BackendModule
from demessaging import main
from demessaging.config import ModuleConfig
from deprogressapi import ProgressReport

__all__ = ["run_steps", "report_fail"]


def run_steps(
    n: int = 2,
    delay: float = 0.1,
    reporter: Optional[ProgressReport] = ProgressReport(
        report_id="root",
        step_message="Running steps",
        steps=2,
        report_type="tree",
    ),
) -> str:
    """Run some steps and report.

    Parameters
    ----------
    n : int, optional
        Number of steps.
    reporter : Optional[ProgressReport], optional
        The report.
    """
    return _call(
        {
            "func_name": "run_steps",
            "n": n,
            "delay": delay,
            "reporter": reporter,
        }
    )


def report_fail(
    reporter: Optional[ProgressReport] = ProgressReport(
        report_id="root", step_message="Failing", report_type="tree"
    )
) -> str:
    return _call({"func_name": "report_fail", "reporter": reporter})


# Here stands python/connection.py.tmpl.


backend_config = ModuleConfig.model_validate(
    {"messaging_config": _configured(topic="progress-topic")}
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
    members=[run_steps, report_fail],
)
