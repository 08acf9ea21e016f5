"""An e-mail as both its formats give it."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Mail:
    """One message. ``fields`` are what stands under the subject; ``flowed``: lines that end in a space go on."""

    subject: str = ""
    fields: list[tuple[str, str]] = field(default_factory=list)
    plain: str = ""
    html: str = ""
    flowed: bool = False
    rich: bytes = b""
    attachments: list[tuple[str, bytes]] = field(default_factory=list)
    damaged: bool = False
