"""Every way in which a remote model fails, as a code and a sentence that says what to do."""

import json

from rag.errors import GenerationError, OutboundError


def explain(error: Exception, model: str, *, began: bool) -> GenerationError:
    """The package's error for whatever the SDK, its HTTP client or the guard raised.

    ``began`` says whether text of the answer had come before.
    """
    import openai

    cause = error.__cause__
    for candidate in (error, cause):
        if isinstance(candidate, OutboundError):
            return _of_outbound(candidate)
    if isinstance(error, openai.APIStatusError):
        return _of_status(error.status_code, model)
    return _of_connection(error, cause, began=began)


def _of_connection(error: Exception, cause: BaseException | None, *, began: bool) -> GenerationError:
    """The connection failed, or what came over it was no answer."""
    import httpx2
    import openai

    if isinstance(error, openai.APITimeoutError | httpx2.TimeoutException | TimeoutError):
        return timed_out()
    if isinstance(error, httpx2.ConnectError) or isinstance(cause, httpx2.ConnectError):
        return GenerationError(
            "llm_refused_connection", "The model server cannot be reached. Check that it runs and its base URL."
        )
    # The SDK builds its objects unchecked, so that a reply of another shape surfaces as one of Python's own errors.
    odd = (json.JSONDecodeError, UnicodeDecodeError, AttributeError, TypeError, ValueError, KeyError)
    if isinstance(error, (*odd, openai.APIResponseValidationError)):
        return malformed()
    if began:
        return interrupted()
    if isinstance(error, openai.APIConnectionError | httpx2.RequestError):
        return unavailable("closed the connection before it answered")
    return unavailable("reported an error")


def _of_status(status: int, model: str) -> GenerationError:
    if status in (401, 403):
        return GenerationError(
            "llm_unauthorized",
            "The model server refuses the API key. An administrator can enter a new one.",
            retryable=False,
        )
    if status == 429:
        return GenerationError(
            "llm_rate_limited", "The model server is receiving too many requests. Wait a moment and ask again."
        )
    if status == 404:
        return GenerationError(
            "llm_unavailable",
            f"The model server knows no model “{model}” at this base URL. "
            "Check the model's name and that the base URL is complete, often with /v1 at its end.",
            retryable=False,
        )
    if status >= 500:
        return unavailable(f"answered with status {status}")
    return GenerationError(
        "llm_unavailable", f"The model server rejected the request with status {status}.", retryable=False
    )


def _of_outbound(error: OutboundError) -> GenerationError:
    if error.code == "outbound_timeout":
        return timed_out()
    if error.code in ("outbound_too_large", "outbound_encoding"):
        return malformed()
    return GenerationError("llm_refused_connection", error.message, retryable=False)


def timed_out() -> GenerationError:
    """The model said nothing for too long."""
    return GenerationError("llm_timeout", "The model took too long to answer. Ask again, or try another model.")


def interrupted() -> GenerationError:
    """The stream ended before the answer did."""
    return GenerationError("llm_interrupted", "The model broke off before the end of the answer. Ask again.")


def filtered() -> GenerationError:
    """The provider cut the answer off by its own rules."""
    return GenerationError("llm_interrupted", "The provider's content filter stopped the answer.", retryable=False)


def malformed() -> GenerationError:
    """What came is not of the protocol."""
    return GenerationError(
        "llm_malformed", "The model server sent something that is not an answer. Check that its base URL is right."
    )


def endless(limit: int) -> GenerationError:
    """More text than an answer can have."""
    return GenerationError(
        "llm_malformed", f"The model wrote more than {limit:,} characters and was stopped.", retryable=False
    )


def empty() -> GenerationError:
    """A proper stream without text."""
    return GenerationError("llm_malformed", "The model sent an empty answer. Ask again, or try another model.")


def unavailable(what: str) -> GenerationError:
    """The server is there, and cannot answer now."""
    return GenerationError("llm_unavailable", f"The model server {what}. Ask again in a moment.")


def local_failed() -> GenerationError:
    """A local model raised an error while it wrote."""
    return GenerationError(
        "llm_unavailable", "The local model failed while it wrote. The log says why; a smaller model may fit better."
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
        "The question and its passages are longer than the local model can read. Use fewer passages.",
        retryable=False,
    )
