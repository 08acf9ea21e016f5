"""How a server of models fails, told in one way whatever it serves: an error with a code and a sentence.

Each code begins with what the server does, ``embedding_`` or ``reranking_``:

unauthorized     the key is refused (401, 403)
model_unknown    no such model or path (404)
rejected         another refusal (4xx)
rate_limited     too many requests (429)
unavailable      no connection, a cut one, or the server's own failure (5xx)
timeout          no answer in time
address          the address may not be called, or has no host behind it
malformed        what came is not of the protocol
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import httpx2

from rag.errors import OutboundError, RagError
from rag.errors import marked as _

Failure = TypeVar("Failure", bound=RagError)

CALL_ERRORS = (OutboundError, httpx2.HTTPError, httpx2.InvalidURL, UnicodeError, ValueError)
"""What a call may raise that ``of_call`` tells."""

PASSING = ("rate_limited", "unavailable", "timeout")
MOST_SAID = 200


@dataclass(frozen=True, slots=True)
class ServerFailures(Generic[Failure]):
    """The failures of one kind of server.

    ``error`` makes them of a code and a sentence. ``task`` begins the codes and names the server, ``sends`` is what it
    answers with. ``path_hint`` says how its base URL is complete, ``to_check`` what else may be wrong with an answer.
    ``said_in`` are the keys of an answer that may say why it is a refusal.
    """

    error: Callable[[str, str], Failure]
    task: str
    sends: str
    path_hint: str
    to_check: str
    said_in: tuple[str, ...] = ("error",)

    def of_call(self, error: Exception) -> Failure:
        """Of one of CALL_ERRORS, which came in the place of an answer."""
        match error:
            case OutboundError(code="outbound_timeout") | httpx2.TimeoutException():
                return self._failure("timeout", _("took too long to answer. Check how busy it is."))
            case OutboundError(code="outbound_too_large" | "outbound_encoding"):
                return self.malformed(_("sent more than %(what)s, or compressed them unasked") % {"what": self.sends})
            case OutboundError():
                return self.error(f"{self.task}_address", error.message)
            case httpx2.ConnectError():
                return self._unavailable(_("cannot be reached"))
            case httpx2.HTTPError():
                return self._unavailable(_("broke off the connection"))
        return self.error(f"{self.task}_address", _("The base URL or the key cannot be used. Check both."))

    def of_refusal(self, response: httpx2.Response, model: str, api_key: str) -> Failure:
        """Of an answer that is no success; what the server says is told without the key."""
        status = response.status_code
        if status in (401, 403):
            return self._failure("unauthorized", _("refuses the API key. An admin can enter a new one."))
        if status == 404:
            return self._failure(
                "model_unknown",
                _(
                    "knows no model “%(model)s” at this base URL. Check the model's name and that the base URL is "
                    "complete%(hint)s."
                )
                % {"model": model, "hint": self.path_hint},
            )
        if status == 429:
            return self._failure("rate_limited", _("is receiving too many requests. Wait a moment."))
        if status >= 500:
            return self._unavailable(_("answered with status %(status)s") % {"status": status})
        said = self._said(response)
        if api_key:
            said = said.replace(api_key, "...")
        told = said[:MOST_SAID].rstrip(".")
        if told:
            what = _("rejected the request with status %(status)s: %(told)s.") % {"status": status, "told": told}
        else:
            what = _("rejected the request with status %(status)s.") % {"status": status}
        return self._failure("rejected", what)

    def malformed(self, what: str) -> Failure:
        """Of an answer that is not of the protocol: the server ``what``."""
        return self._failure(
            "malformed", _("%(what)s. Check its base URL and %(which)s.") % {"what": what, "which": self.to_check}
        )

    def is_passing(self, failure: Failure) -> bool:
        """Whether the same call may go well a little later."""
        return failure.code in {f"{self.task}_{each}" for each in PASSING}

    def _unavailable(self, what: str) -> Failure:
        return self._failure("unavailable", _("%(what)s. Check that it runs and its base URL.") % {"what": what})

    def _failure(self, code: str, what: str) -> Failure:
        return self.error(f"{self.task}_{code}", _("The %(task)s server %(what)s") % {"task": self.task, "what": what})

    def _said(self, response: httpx2.Response) -> str:
        try:
            answer = response.json()
            said = next((answer[key] for key in self.said_in if answer.get(key)), "")
            if isinstance(said, dict):
                said = said.get("message", "")
        except (ValueError, AttributeError, RecursionError):
            return ""
        return " ".join(str(said).split())
