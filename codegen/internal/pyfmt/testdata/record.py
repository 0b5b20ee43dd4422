"""Write black.jsonl: statements, and what black makes of them.

    python -m venv V && V/bin/pip install black==26.10.1
    V/bin/python codegen/internal/pyfmt/testdata/record.py

Each line has the source, whose statements stand on one line each, the line
length, and the text that black leaves alone at that length.
"""
import json
import pathlib
import random

import black

WIDTHS = [1, 5, 10, 20, 30, 40, 50, 60, 70, 79, 88, 100, 120]
CASES = 400

by_hand = [
    "x = 1\n",
    "x: int = -1\n",
    'name = "a string that is longer than the line"\n',
    "def f(): pass\n",
    "def f() -> Dict[str, Dict[str, int]]:\n    pass\n",
    "def f(self) -> Tuple[\n    int,\n]:\n    pass\n",
    "def f(a: int = 1, *, b: Optional[str]) -> str:\n    pass\n",
    "def f(r: Optional[Report] = Report(step=\"Running\", steps=2)) -> str:\n    pass\n",
    "from demessaging import configure\n",
    "from demessaging import BackendModule as _BackendModule\n",
    "from typing import Any, Dict, List, Literal, Optional, Tuple, Union\n",
    "class Color(str, enum.Enum):\n    RED = \"red\"\n",
    "@configure(field_params={\"i\": {\"gt\": 0, \"le\": 100}, \"s\": {\"pattern\": \"^[a-z]+$\"}})\ndef f(i: int):\n    pass\n",
    "x = f(a)(b)[c](d, e)\n",
    "t: Tuple[int] = (1,)\n",
    "u = {}\n",
    "v = f()\n",
    "größe = \"日本語日本語日本語\"\n",
]

rnd = random.Random(7)
NAMES = ["a", "x", "name", "repeat", "a_rather_long_parameter_name", "HelloWorld"]


def text():
    return '"' + "".join(rnd.choice("abc xyz") for _ in range(rnd.choice([1, 3, 8, 20, 50]))) + '"'


def annotation(depth=0):
    if depth > 2 or rnd.random() < 0.4:
        return rnd.choice(["int", "str", "float", "Any", "Color", "datetime.datetime"])
    kind = rnd.choice(["List", "Dict", "Optional", "Union", "Tuple", "Literal"])
    if kind in ("List", "Optional"):
        return f"{kind}[{annotation(depth + 1)}]"
    if kind == "Dict":
        return f"Dict[str, {annotation(depth + 1)}]"
    if kind == "Literal":
        return "Literal[" + ", ".join(text() for _ in range(rnd.randint(1, 4))) + "]"
    return f"{kind}[" + ", ".join(annotation(depth + 1) for _ in range(rnd.randint(1, 4))) + "]"


def value(depth=0):
    c = rnd.random()
    inner = [value(depth + 1) for _ in range(rnd.randint(0, 3))] if depth < 4 and c > 0.45 else []
    if depth > 3 or c < 0.45:
        return rnd.choice(["1", "-1", "1.5", "None", "Color.BLUE", text(), rnd.choice(NAMES)])
    if c < 0.55:
        return "[" + ", ".join(inner) + "]"
    if c < 0.7:
        return "{" + ", ".join(f"{text()}: {v}" for v in inner) + "}"
    if c < 0.78:
        return "(" + ", ".join(inner) + ("," if len(inner) == 1 else "") + ")"
    keywords = rnd.sample(["ge", "step_message", "steps", "description"], rnd.randint(0, 3))
    args = inner[:2] + [f"{k}={value(depth + 1)}" for k in keywords]
    return rnd.choice(["Field", "Report", "datetime.date", "_call"]) + "(" + ", ".join(args) + ")"


def parameters():
    parts, optional = [], False
    for i in range(rnd.randint(0, 6)):
        part = f"p{i}_{rnd.choice(NAMES)}: {annotation()}"
        optional = optional or rnd.random() < 0.4
        parts.append(part + (f" = {value()}" if optional else ""))
    return ", ".join(parts)


def statement():
    c = rnd.random()
    name = rnd.choice(NAMES)
    if c < 0.3:
        return f"def {name}({parameters()}) -> {annotation()}:\n    pass\n"
    if c < 0.5:
        return f"{name} = {value()}\n"
    if c < 0.65:
        return f"{name}: {annotation()} = {value()}\n"
    if c < 0.8:
        return f"def f():\n    return {value()}\n"
    if c < 0.95:
        return f"@configure(field_params={value()})\ndef f():\n    pass\n"
    return f"{name}({value()}, {value()})\n"


def formatted(source, width):
    # A version of Python, which black finds by itself in a whole stub.
    version = {black.TargetVersion.PY39}
    mode = black.Mode(line_length=width, target_versions=version)
    return black.format_str(source, mode=mode)


cases = [(s, w) for s in by_hand for w in (5, 20, 40, 79)]
while len(cases) < CASES:
    cases.append((statement(), rnd.choice(WIDTHS)))
with open(pathlib.Path(__file__).with_name("black.jsonl"), "w") as out:
    for source, width in cases:
        source = formatted(source, 100_000)
        case = {"width": width, "source": source, "black": formatted(source, width)}
        out.write(json.dumps(case, ensure_ascii=False) + "\n")
