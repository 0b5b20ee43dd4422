"""A client of demessaging that does what it is told on standard input.

    driver.py STUB.py

STUB.py is the client stub that demessaging generated. Each line on standard
input is an order, carried out on a thread of its own:

    {"id": 1, "call": "hello_world", "args": {"name": "Peter"}}
    {"id": 2, "call": "shout", "class": "Repeater", "init": {"message": "hi"}, "args": {}}
    {"id": 3, "send": {"func_name": "hello_world"}, "properties": {"messageType": "info"}}

`call` goes through the stub, which checks the arguments before it sends them;
`send` hands a payload to demessaging's MessageProducer as it is. The answers
come on standard output, one a line, as they are ready:

    {"id": 1, "value": "Hello World, Peter"}
    {"id": 3, "error": {"type": "ValueError", "text": "..."}}
    {"printed": "..."}

The last is what the peer printed by itself, such as its progress reports.
"""
import asyncio
import base64
import importlib.util
import json
import os
import sys
import threading

from demessaging.messaging.producer import MessageProducer
from pydantic_core import to_jsonable_python

answers = sys.stdout
lock = threading.Lock()


def answer(**fields):
    with lock:
        answers.write(json.dumps(fields) + "\n")
        answers.flush()


class Printed:
    """What the peer prints goes out as lines of their own."""

    def write(self, text):
        if text.strip():
            answer(printed=text)
        return len(text)

    def flush(self):
        pass

    def isatty(self):
        return False


def load(path):
    spec = importlib.util.spec_from_file_location("stub", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["stub"] = module
    spec.loader.exec_module(module)
    return module


class Client:
    def __init__(self, stub):
        self.stub = stub
        self.lock = threading.Lock()
        self.producer = None

    def call(self, order):
        target = self.stub
        if "class" in order:
            target = getattr(self.stub, order["class"])(**order.get("init", {}))
        return getattr(target, order["call"])(**order.get("args", {}))

    def send(self, order):
        with self.lock:
            if self.producer is None:
                config = self.stub.BackendModule.backend_config.messaging_config
                self.producer = MessageProducer(config)
                self.producer.connect()
        payload = order["send"]
        if payload is not None and not isinstance(payload, str):
            payload = json.dumps(payload)
        request = {
            "properties": order.get("properties", {}),
            "payload": base64.b64encode((payload or "").encode()).decode(),
        }
        return asyncio.run(self.producer.send_request(request))

    def run(self, order):
        try:
            value = self.call(order) if "call" in order else self.send(order)
            answer(id=order["id"], value=to_jsonable_python(value))
        except BaseException as e:
            answer(id=order["id"], error={"type": type(e).__name__, "text": str(e)})


def main():
    sys.stdout = Printed()
    stub = load(sys.argv[1])
    token = os.environ.get("DRIVER_AUTHORIZATION")
    if token:
        stub.BackendModule.backend_config.messaging_config.header = {"authorization": token}
    client = Client(stub)
    answer(ready=True)
    for line in sys.stdin:
        order = json.loads(line)
        threading.Thread(target=client.run, args=(order,), daemon=True).start()


main()
