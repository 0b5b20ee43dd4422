"""Call a backend that answers each request with itself, through stubs of what
is hard to name, and compare what was sent.

    names.py

The stubs lie in the working folder. Prints "all right" at the end; whatever is
wrong raises.
"""
import json
import sys

sys.path.insert(0, "")

import empty
import keywords
import parameters
import texts


def sent(got, **want):
    got = json.loads(got)
    if got != want:
        raise AssertionError(f"sent {got!r}, want {want!r}")


sent(keywords.class_(7), func_name="class", **{"import": 7})
sent(keywords.print(1, len=2), func_name="print", int=1, str="a", len=2)
names = ["class", "from", "lambda", "default", "type", "None", "await"]
names += ["interface", "func", "range", "delete", "function", "new"]
names += ["arguments"]
values = {name: i for i, name in enumerate(names)}
sent(keywords.lambda_(*values.values()), func_name="lambda", **values)
one = keywords.import_(global_=3)
whole = {"class_name": "import", "global": 3}
sent(one.return_(4), function={"func_name": "return", "yield": 4}, **whole)
sent(one.str(5), function={"func_name": "str", "x": 5}, **whole)
sent(one.constructor(), function={"func_name": "constructor"}, **whole)
sent(one.call("y"), function={"func_name": "call", "y": "y"}, **whole)

names = ["self", "request", "model", "cls", "args", "options", "ctx"]
names += ["client", "target", "opts", "value", "context", "backend_config"]
names += ["model_dump", "model_name", "schema", "json", "copy"]
values = {name: i for i, name in enumerate(names)}
sent(parameters.own(*values.values()), func_name="own", **values)
names = ["lat-lon", "2x", "_hidden", "__dunder__", "model_", "größe"]
names += ["\ufb01le", "日付", "a b", "a_b", "", "😀", "x2x", "named.by-hand"]
values = {name: i for i, name in enumerate(names)}
sent(parameters.aliases(*values.values()), func_name="aliases", **values)
got = parameters.aliases(*list(values.values())[:-1], chosen=13)
sent(got, func_name="aliases", **values)
got = parameters.order(second="s")
sent(got, func_name="order", first=1, second="s", third=True)
got = parameters.left_out(1, d=None)
sent(got, func_name="left_out", a=1, c=None, d=None)
one = parameters.Hidden(1, 2)
whole = {"class_name": "Hidden", "self": 1, "_request_base": 2}
sent(one.request_base(), function={"func_name": "_request_base"}, **whole)
sent(one._private(3), function={"func_name": "_private", "_x": 3}, **whole)
sent(one.init__(4), function={"func_name": "__init__", "self": 4}, **whole)

given = {"a": '"\\', "b": '"""', "d": "1'\"`"}
want = {"c": 'it\'s "both"\\', **given}
sent(texts.quotes(**given), func_name="quotes", **want)
sent(texts.letters(), func_name="letters", a="größe 日本 😀\u2028\t\x00")
sent(empty.ping(), func_name="ping")
sent(empty.Empty().ping(), class_name="Empty", function={"func_name": "ping"})
print("all right")
