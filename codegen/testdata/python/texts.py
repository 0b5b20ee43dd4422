# Golden stub. Write it anew with: go test ./codegen -update
"""Client of the backend on the topic texts-topic."""

from typing import Any, Dict

import demessaging.backend as _demessaging_backend
from demessaging import BackendModule as _BackendModule
from demessaging import configure, main
from demessaging.config import ModuleConfig

__all__ = ["quotes", "letters", "quoted", "backslash", "sections", "comment"]


@configure(field_params={"d": {"pattern": "^\\d+'\"`$"}})
def quotes(
    a: str, b: str = 'say "hi"', c: str = 'it\'s "both"\\', *, d: str
) -> str:
    """
    \"\"\"Triple quotes\"\"\" and a backslash: \\n.
    Ends with \\

    Parameters
    ----------
    a : str
        Ends with a quote: "
    b : str, optional
        \"\"\"
    c : str, optional
        C:\\new\\table and \\
    d : str
        */ ends a comment, ${x} and `y` do not
    """
    return _call({"func_name": "quotes", "a": a, "b": b, "c": c, "d": d})


def letters(a: str = "größe 日本 \U0001f600\u2028\t\x00") -> str:
    """Straße\u2028über        Tabs


        indented
            tab
    windows\x0cform feed\x00

    Parameters
    ----------
    a : str, optional
        Größe in µm, 日本語, emoji 😀.
    """
    return _call({"func_name": "letters", "a": a})


def quoted() -> str:
    """
    "Quoted" at the start
    """
    return _call({"func_name": "quoted"})


def backslash() -> str:
    """Ends with a backslash \\
    """
    return _call({"func_name": "backslash"})


def sections(x: int) -> int:
    """Short.

    Parameters
    ----------
    Not a section.

    Parameters
    ----------
    x : int
        First line.

        After a gap:

        - one
        - two

    Returns
    -------
    int
        - one
        - two
    """
    return _call({"func_name": "sections", "x": x})


@configure(field_params={"a": {"title": "A title"}})
def comment(a: int) -> str:
    """//go:generate rm -rf
    */ /* <b>html</b> @param x {@link y}

    Parameters
    ----------
    a : int
        //go:build ignore
        // +build x
    """
    return _call({"func_name": "comment", "a": a})


# Here stands python/connection.py.tmpl.


backend_config = ModuleConfig.model_validate(
    {"messaging_config": _configured(topic="texts-topic")}
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
    members=[quotes, letters, quoted, backslash, sections, comment],
)
