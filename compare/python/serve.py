"""echo.py as a part of a comparison: it says that it is ready, and ends with
its standard input. What it prints beside that goes to standard error."""
import os
import sys
import threading

from demessaging import main

from echo import text  # noqa: F401

__all__ = ["text"]


def until_end():
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    print("ready on ", flush=True)
    sys.stdout = sys.stderr
    threading.Thread(target=until_end, daemon=True).start()
    main(messaging_config=dict(topic="dasf-compare"))
