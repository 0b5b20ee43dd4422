"""What measure.Members serves, as far as demessaging is measured with it."""
from demessaging import main

__all__ = ["text"]


def text(text: str, size: int = 0) -> str:
    return "x" * size if size else text


if __name__ == "__main__":
    main(messaging_config=dict(topic="dasf-compare"))
