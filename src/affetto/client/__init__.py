"""A client of `affetto serve`: recordings and live sound. Needs the extra `server`."""

from affetto.client.clients import AsyncClient, Client
from affetto.client.live import LiveStream
from affetto.client.place import ServerError

__all__ = ["AsyncClient", "Client", "LiveStream", "ServerError"]
