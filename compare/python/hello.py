"""The smallest module, as examples/helloworld."""
from demessaging import main

__all__ = ["hello_world"]


def hello_world() -> str:
    return "Hello World"


if __name__ == "__main__":
    main(messaging_config=dict(topic="hello-world-topic"))
