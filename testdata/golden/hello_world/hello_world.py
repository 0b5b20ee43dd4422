from demessaging import main

__all__ = ["hello_world"]


def hello_world(name: str) -> str:
    return "Hello World, " + name


if __name__ == "__main__":
    main(messaging_config=dict(topic="hello-world-topic"))
