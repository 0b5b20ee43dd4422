"""Make calls over a network that loses, and say what became of them.

    faults.py STUB.py CALLS

Prints "OK FAILED": how many calls returned what they should, and how many said
that the backend is out of reach. Anything else raises.
"""
import importlib.util
import sys
from concurrent.futures import ThreadPoolExecutor

spec = importlib.util.spec_from_file_location("stub", sys.argv[1])
stub = importlib.util.module_from_spec(spec)
sys.modules["stub"] = stub
spec.loader.exec_module(stub)
stub.BackendModule.liveness = 6


def call(i):
    n = 10 + i % 4 * 100_000
    try:
        got = stub.big(n)
    except ConnectionError:
        return False
    assert got == "x" * n, len(got)
    return True


with ThreadPoolExecutor(20) as pool:
    done = list(pool.map(call, range(int(sys.argv[2]))))
print(done.count(True), done.count(False))
