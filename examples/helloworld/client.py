"""Call the hello_world backend with the Python package demessaging, as it is.

    pip install demessaging
    python3 examples/helloworld/client.py

The broker is looked for on localhost:8080; DE_BACKEND_HOST and DE_BACKEND_PORT
name another one.
"""
from demessaging import BackendModule


def hello_world(name: str) -> str:
    """Say what the function takes and returns: it runs in the backend."""
    raise NotImplementedError


backend = BackendModule.create_model(
    members=[hello_world],
    messaging_config={"topic": "hello-world-topic"},
    log_config={"level": 30},
)

if __name__ == "__main__":
    request = {"func_name": "hello_world", "name": "Peter"}
    print(backend.model_validate(request).compute().root)
