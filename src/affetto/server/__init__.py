"""A server: recordings by REST, live sound by WebSocket. Needs the extra `server`."""

from typing import TYPE_CHECKING

from affetto.lazy import lazily

if TYPE_CHECKING:
    from affetto.server.app import create_app
    from affetto.server.settings import Settings

__all__ = ["Settings", "create_app"]

_HOMES = {"Settings": "settings", "create_app": "app"}

__getattr__ = lazily(__name__, _HOMES)
