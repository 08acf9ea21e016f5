"""A websocket to the ASGI application, for tests."""

from asgiref.testing import ApplicationCommunicator
from channels.testing import WebsocketCommunicator


class Socket(WebsocketCommunicator):
    """Channels' communicator keeps database connections open while it waits; this one leaves them alone."""

    send_input = ApplicationCommunicator.send_input
    receive_output = ApplicationCommunicator.receive_output
