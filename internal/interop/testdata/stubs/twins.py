"""Call the reference modules through their stubs, and compare each value.

    twins.py

The stubs lie in the working folder, under the names of their modules. Prints
"all right" at the end; whatever is wrong raises, and so do warnings.
"""
import datetime
import sys
import warnings

sys.path.insert(0, "")
warnings.simplefilter("error", UserWarning)
warnings.simplefilter("error", RuntimeWarning)

import all_types
import greet
import hello_world
import hello_world_class
import misc
import progress


def equal(got, want):
    if got != want or type(got) is not type(want):
        raise AssertionError(f"got {got!r}, want {want!r}")


def fails(text, function, *args):
    try:
        got = function(*args)
    except ValueError as e:
        if text not in str(e):
            raise AssertionError(f"{e!r} does not contain {text!r}")
    else:
        raise AssertionError(f"{function} returned {got!r}")


for module in all_types, greet, hello_world, hello_world_class, misc, progress:
    module.BackendModule.timeout = 100

equal(hello_world.hello_world("Größe"), "Hello World, Größe")

hello = hello_world_class.HelloWorld("hi")
equal(hello.repeat_message(2), ["hi", "hi"])
equal(hello.repeat_message(repeat=0), [])
equal(hello.upper(), "HI!")
equal(hello.upper(suffix="?"), "HI?")
fails("greater than or equal to 0", hello.repeat_message, -1)

hello = greet.HelloWorld(message="hi")
answer = hello.greet(2, "größer")
equal(type(answer), greet.GreetResponse)
equal(answer.message, "hi")
equal(answer.greetings, ["größer", "größer"])
equal(type(answer.greeting_time), datetime.datetime)
equal(hello.repeat_message(1), ["hi"])
equal(greet.compute_sum({"a": 1.5, "ü": 2}), 3.5)

person = all_types.Person(
    name="Ada",
    address=all_types.Address(street="s", number=7),
    born=datetime.date(1815, 12, 10),
)
given = dict(
    i=100,
    f=0.5,
    b=False,
    s="ab",
    lf=[1.5, -2],
    di={"a": 2**40},
    color=all_types.Color.BLUE,
    level=all_types.Level(2),
    mode="slow",
    when=datetime.datetime(2024, 2, 29, 12, 30, 15),
    day=datetime.date(2024, 2, 29),
    person=person,
)
want = dict(
    given,
    lf=[1.5, -2.0],
    color="blue",
    level=2,
    when="2024-02-29T12:30:15",
    day="2024-02-29",
    person={
        "name": "Ada",
        "address": {"street": "s", "number": 7, "tags": []},
        "born": "1815-12-10",
    },
    opt=None,
    m=10,
    greeting="hello",
    ratio=1.5,
    flag=True,
    names=["a", "b"],
)
equal(all_types.all_types(**given), want)
changed = dict(opt="", m=-5, greeting="", ratio=0, flag=False, names=[])
equal(all_types.all_types(**given, **changed), {**want, **changed})
fails("multiple of 5", lambda: all_types.all_types(**given, m=4))
equal(all_types.no_annotations("x"), ["x", 3])
equal(all_types.no_annotations(None, [{}]), [None, [{}]])
street = {"a": [all_types.Address(street="s")]}
equal(all_types.unions("x", (2, "b"), street, {"k": [1, None]}), None)
equal(all_types.unions(7), None)

equal(misc.echo("ä\n\\\""), "ä\n\\\"")
equal(misc.big(600_000), "x" * 600_000)
equal(misc.none(), None)
equal(misc.sleep(0.01, tag="t"), "slept 0.01 t")
fails("error executing request: boom", misc.fail)
fails("error executing request: ", misc.fail_empty)
fails("error executing request: ", misc.wrong_return)

equal(progress.run_steps(3, delay=0), "done 3")
fails("failed inside the report", progress.report_fail)
print("all right")
