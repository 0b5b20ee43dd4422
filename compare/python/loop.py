"""A closed loop of calls by a stub that demessaging generated.

    loop.py STUB.py

It reads a load as JSON, makes its calls on threads, prints what was measured as
JSON, and ends with its standard input.
"""
import importlib.util
import json
import os
import sys
import threading
import time


def load_stub(path):
    spec = importlib.util.spec_from_file_location("stub", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["stub"] = module
    spec.loader.exec_module(module)
    return module


def main():
    out, sys.stdout = sys.stdout, sys.stderr
    stub = load_stub(sys.argv[1])
    load = json.loads(sys.stdin.readline())
    text = "x" * load["payload"]
    stub.text(text=text)  # it connects
    begin = time.perf_counter_ns() + load["warm_up"]
    end = begin + load["duration"]
    lock = threading.Lock()
    times, total, last, failure = [], 0, 0, None

    def calls():
        nonlocal total, last, failure
        while failure is None:
            start = time.perf_counter_ns()
            if start >= end:
                return
            try:
                if stub.text(text=text) != text:
                    raise ValueError("another text came back")
            except BaseException as e:
                failure = e
                return
            now = time.perf_counter_ns()
            with lock:
                total += 1
                if now >= begin:
                    times.append(now - start)
                    last = max(last, now)

    threads = [threading.Thread(target=calls, daemon=True) for _ in range(load["in_flight"])]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if failure is not None:
        raise failure
    if not times:
        raise ValueError("no call ended in the time that is counted: give it more")
    times.sort()

    def at(share):
        return times[int(share * (len(times) - 1))]

    out.write(
        json.dumps(
            dict(
                calls=len(times), all_calls=total + 1, seconds=(last - begin) / 1e9, bytes=2 * len(text) * len(times),
                p50_ns=at(0.5), p90_ns=at(0.9), p99_ns=at(0.99), max_ns=times[-1],
            )
        )
        + "\n"
    )
    out.flush()
    sys.stdin.read()
    sys.stderr.flush()
    os._exit(0)  # demessaging waits for its sockets otherwise


main()
