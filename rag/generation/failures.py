"""Every way in which a remote model fails, as a code and a sentence that says what to do."""

import httpx2

from rag.errors import GenerationError, OutboundError
from rag.errors import marked as _


def explain(error: Exception, model: str, *, began: bool) -> GenerationError:
    """The package's error for whatever the HTTP client, the guard or the reading of the reply raised.

    ``began`` says whether text of the answer had come before.
    """
    if isinstance(error, OutboundError):
        return _of_outbound(error)
    if isinstance(error, httpx2.HTTPStatusError):
        return _of_status(error.response.status_code, model)
    return _of_connection(error, began=began)


def _of_connection(error: Exception, *, began: bool) -> GenerationError:
    """The connection failed, or what came over it was no answer."""
    if isinstance(error, httpx2.TimeoutException | TimeoutError):
        return timed_out()
    if isinstance(error, httpx2.ConnectError):
        return GenerationError(
            "llm_refused_connection", _("The model server cannot be reached. Check that it runs and its base URL.")
        )
    # JSON that is none, or text that is not in UTF-8.
    if isinstance(error, ValueError):
        return malformed()
    if began:
        return interrupted()
    if isinstance(error, httpx2.RequestError):
        return unavailable(_("closed the connection before it answered"))
    return unavailable(_("reported an error"))


def _of_status(status: int, model: str) -> GenerationError:
    if status in (401, 403):
        return GenerationError(
            "llm_unauthorized",
            _("The model server refuses the API key. An administrator can enter a new one."),
            retryable=False,
        )
    if status == 429:
        return GenerationError(
            "llm_rate_limited", _("The model server is receiving too many requests. Wait a moment and ask again.")
        )
    if status == 404:
        return GenerationError(
            "llm_unavailable",
            _(
                "The model server knows no model “%(model)s” at this base URL. Check the model's name and that "
                "the base URL is complete, often with /v1 at its end."
            )
            % {"model": model},
            retryable=False,
        )
    if status >= 500:
        return unavailable(_("answered with status %(status)s") % {"status": status})
    return GenerationError(
        "llm_unavailable",
        _("The model server rejected the request with status %(status)s.") % {"status": status},
        retryable=False,
    )


def _of_outbound(error: OutboundError) -> GenerationError:
    if error.code == "outbound_timeout":
        return timed_out()
    if error.code in ("outbound_too_large", "outbound_encoding"):
        return malformed()
    return GenerationError("llm_refused_connection", error.message, retryable=False)


def timed_out() -> GenerationError:
    """The model said nothing for too long."""
    return GenerationError("llm_timeout", _("The model took too long to answer. Ask again, or try another model."))


def interrupted() -> GenerationError:
    """The stream ended before the answer did."""
    return GenerationError("llm_interrupted", _("The model broke off before the end of the answer. Ask again."))


def filtered() -> GenerationError:
    """The provider cut the answer off by its own rules."""
    return GenerationError("llm_interrupted", _("The provider's content filter stopped the answer."), retryable=False)


def malformed() -> GenerationError:
    """What came is not of the protocol."""
    return GenerationError(
        "llm_malformed", _("The model server sent something that is not an answer. Check that its base URL is right.")
    )


def endless(limit: int) -> GenerationError:
    """More text than an answer can have."""
    return GenerationError(
        "llm_malformed",
        _("The model wrote more than %(limit)s characters and was stopped.") % {"limit": f"{limit:,}"},
        retryable=False,
    )


def empty() -> GenerationError:
    """A proper stream without text."""
    return GenerationError("llm_malformed", _("The model sent an empty answer. Ask again, or try another model."))


def unavailable(what: str) -> GenerationError:
    """The server is there, and cannot answer now."""
    return GenerationError("llm_unavailable", _("The model server %(what)s. Ask again in a moment.") % {"what": what})


def local_failed() -> GenerationError:
    """A local model raised an error while it wrote."""
    return GenerationError(
        "llm_unavailable", _("The local model failed while it wrote. The log says why; a smaller model may fit better.")
    )


def not_installed() -> GenerationError:
    """A local model was asked for where torch is not installed."""
    return GenerationError(
        "llm_not_installed",
        "Local models need packages that are not installed. Run: pip install -r requirements-local-llm.txt",
        retryable=False,
    )


def too_long_to_read() -> GenerationError:
    """More than a local model's window holds."""
    return GenerationError(
        "llm_unavailable",
        _("The question and its passages are longer than the local model can read. Use fewer passages."),
        retryable=False,
    )
