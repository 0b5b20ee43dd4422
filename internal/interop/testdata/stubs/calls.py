"""Call the reference module through a stub, and compare each value.

    calls.py STUB.py [nan] [large]

The words say what the backend can do: take NaN for a float, and take a request
of 3 MB, be it in pieces or because its broker has no low limit. Where the
broker is comes from DE_BACKEND_ variables. It prints "all right" at the end;
whatever is wrong raises, and so do warnings.
"""
import datetime
import importlib.util
import math
import sys
import warnings

warnings.simplefilter("error", UserWarning)
warnings.simplefilter("error", RuntimeWarning)

spec = importlib.util.spec_from_file_location("stub", sys.argv[1])
stub = importlib.util.module_from_spec(spec)
sys.modules["stub"] = stub
spec.loader.exec_module(stub)
able = set(sys.argv[2:])
stub.BackendModule.timeout = 100


def equal(got, want):
    if got != want or type(got) is not type(want):
        raise AssertionError(f"got {got!r}, want {want!r}")


def fails(kind, text, function, *args, **kws):
    try:
        got = function(*args, **kws)
    except kind as e:
        if text not in str(e):
            raise AssertionError(f"{e!r} does not contain {text!r}")
    else:
        raise AssertionError(f"{function} returned {got!r}")


ada = stub.Person(
    name="Ada Größe 日本 😀",
    address=stub.Address(street='A "street"\n\\', tags=["a", ""]),
    born=datetime.date(1815, 12, 10),
)
bob = stub.Person(
    name="", address=stub.Address(street="", number=7), height=math.pi
)
utc = datetime.timezone.utc
given = dict(
    person=ada,
    color=stub.Color.LIGHT_BLUE,
    when=datetime.datetime(2024, 2, 29, 12, 30, 15, 123456, tzinfo=utc),
    day=datetime.date(2024, 2, 29),
    wait=datetime.timedelta(days=1, seconds=5, microseconds=7),
)
got = stub.describe(**given, friends={"bob": bob})
equal(type(got), stub.Description)
for name, value in given.items():
    equal(getattr(got, name), value)
equal(got.note, None)
equal(got.friends, {"bob": bob})
naive = datetime.datetime(2024, 2, 29, 12, 30)
got = stub.describe(**{**given, "when": naive}, note="")
equal(got.when, naive)
equal(got.note, "")
equal(got.friends, {})

equal(stub.scale([1, 2.5, 1e300]), [2.0, 5.0, 2e300])
equal(stub.scale([0.1, 5e-324], factor=1), [0.1, 5e-324])
equal(stub.either(7), 7)
equal(stub.either("7"), "7")
equal(stub.nothing(), None)
for value in (None, {"a": [1, "b", None, 1.5]}, 2**53 + 1, "ü"):
    equal(stub.anything(value), value)
fails(ValueError, "error executing request: not now", stub.fail, "not now")
fails(ValueError, "greater than 0", stub.scale, [1], 0)
fails(ValueError, "at least 1 item", stub.scale, [])
equal(stub.Counter(start=3).add(), 4)
equal(stub.Counter().up_to(3), [0, 1, 2])

equal(stub.big(), "x" * 3_000_000)
equal(stub.big(511_999), "x" * 511_999)
equal(stub.length("ü" * 250_000), 250_000)
if "large" in able:
    equal(stub.length("ü" * 1_500_000), 1_500_000)
else:
    fails(ValueError, "not known to take", stub.length, "ü" * 1_500_000)
if "nan" in able:
    values = stub.scale([1, math.nan, math.inf])
    equal(values[0], 2.0)
    equal([math.isnan(v) for v in values], [False, True, True])

with stub.BackendModule.time_limit(1):
    fails(TimeoutError, "no result within 1 s", stub.sleep, 20)
equal(stub.sleep(0.01), 0.01)

report = stub.ProgressReport(step_message="Counting")
equal(stub.steps(2, report), 2)
print("all right")
