from typing import List

from demessaging import configure, main

__all__ = ["HelloWorld"]


@configure(field_params={"message": {"min_length": 1}})
class HelloWorld:
    """A class that repeats a message.

    Parameters
    ----------
    message : str
        The message to repeat.
    """

    def __init__(self, message: str):
        self.message = message

    @configure(field_params={"repeat": {"ge": 0}})
    def repeat_message(self, repeat: int) -> List[str]:
        """Repeat the message.

        Parameters
        ----------
        repeat : int
            How often to repeat.

        Returns
        -------
        List[str]
            The repeated messages.
        """
        return [self.message] * repeat

    def upper(self, suffix: str = "!") -> str:
        return self.message.upper() + suffix


if __name__ == "__main__":
    main(messaging_config=dict(topic="hello-world-class-topic"))
