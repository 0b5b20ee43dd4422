from django.core.asgi import get_asgi_application

# Django has to be set up before the models behind the imports below.
pages = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from dasf_broker.routing import websocket_urlpatterns  # noqa: E402
from dasf_broker.token_auth_middleware import TokenAuthMiddlewareStack  # noqa: E402

sockets = TokenAuthMiddlewareStack(URLRouter(websocket_urlpatterns))
application = ProtocolTypeRouter({"http": pages, "websocket": sockets})
