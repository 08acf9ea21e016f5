"""Where in Valkey an answer's events and signs of life stand."""

from uuid import UUID


def stream_key(conversation_id: UUID) -> str:
    """The stream of a conversation."""
    return f"live:conversation:{conversation_id}"


def alive_key(message_id: UUID) -> str:
    """Exists while a process is writing this answer."""
    return f"chat:answer:{message_id}:alive"


def stop_key(message_id: UUID) -> str:
    """Exists when somebody asked for this answer to stop, maybe through another process."""
    return f"chat:answer:{message_id}:stop"
