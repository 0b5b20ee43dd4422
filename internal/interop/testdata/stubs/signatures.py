"""Compare the signatures of a stub with those of demessaging's own.

    signatures.py OURS.py THEIRS.py

Prints one line for each difference, and at last how many signatures there were.
Some facts are not in a backend's description; there demessaging, which reads
the module's source, knows more:

- a parameter without an annotation is any value, and so is Any
- so is the result of a function without an annotation, and of one that
  returns None
"""
import enum
import importlib.util
import inspect
import re
import sys
import warnings

from pydantic import BaseModel

warnings.simplefilter("ignore")


def load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def annotation(value):
    if value in (inspect.Parameter.empty, None, type(None)):
        return "Any"
    if inspect.isclass(value) and value.__module__ in ("ours", "theirs"):
        return value.__name__
    text = inspect.formatannotation(value)
    text = re.sub(r"\b(ours|theirs)\.", "", text)
    # A type of two xarrays' folders, and one module's two names for a class.
    return text.replace("xarray.core.dataset.", "xarray.")


def default(value):
    if isinstance(value, BaseModel):
        return value.model_dump()
    if isinstance(value, enum.Enum):
        return value.value
    return value


def parameters(function):
    signature = inspect.signature(function)
    out = [
        (p.name, p.kind.name, annotation(p.annotation), default(p.default))
        for p in signature.parameters.values()
    ]
    return out, annotation(signature.return_annotation)


def compare(path, ours, theirs):
    global count
    count += 1
    ours, theirs = parameters(ours), parameters(theirs)
    if ours != theirs:
        print(f"{path}:\n  ours   {ours}\n  theirs {theirs}")


def methods(cls):
    names = inspect.getmembers(cls, inspect.isfunction)
    return [name for name, _ in names if not name.startswith("_")]


count = 0
ours, theirs = load("ours", sys.argv[1]), load("theirs", sys.argv[2])
if ours.__all__ != theirs.__all__:
    print(f"__all__: ours {ours.__all__} theirs {theirs.__all__}")
for name in theirs.__all__:
    mine, other = getattr(ours, name), getattr(theirs, name)
    if not inspect.isclass(other):
        compare(name, mine, other)
        continue
    compare(name + ".__init__", mine.__init__, other.__init__)
    if methods(mine) != methods(other):
        print(f"{name}: ours {methods(mine)} theirs {methods(other)}")
    for method in methods(other):
        one, two = getattr(mine, method), getattr(other, method)
        compare(f"{name}.{method}", one, two)
print(f"{count} signatures")
