"""Outbound HTTP that refuses to reach inside the network unless an admin allowed it.

The address is checked where the connection is made: a host is resolved once, every address it has must be allowed,
and the connection goes to one of those very addresses. A name that resolves differently a moment later (DNS
rebinding), a redirect, or an unusual spelling of 127.0.0.1 gains nothing. Host header and TLS name stay the host's.
Proxies from the environment are not used: a proxy would resolve the name again, out of sight.
"""

import httpx2

from rag.outbound.policy import OutboundPolicy, check_url
from rag.outbound.transport import GuardedAsyncTransport, GuardedTransport, OutboundLimits, warm_up

__all__ = ["OutboundLimits", "OutboundPolicy", "check_url", "guarded_async_client", "guarded_client", "warm_up"]

_DEFAULT_LIMITS = OutboundLimits()
_DEFAULT_TIMEOUT = httpx2.Timeout(30.0, connect=5.0)
_HEADERS = {"accept-encoding": "identity", "user-agent": "footnote"}


def guarded_client(
    policy: OutboundPolicy,
    *,
    timeout: httpx2.Timeout = _DEFAULT_TIMEOUT,
    limits: OutboundLimits = _DEFAULT_LIMITS,
    follow_redirects: bool = False,
) -> httpx2.Client:
    """A client that calls only what ``policy`` permits; its calls raise OutboundError besides httpx2's own errors."""
    return httpx2.Client(
        transport=GuardedTransport(policy, limits),
        timeout=timeout,
        follow_redirects=follow_redirects,
        max_redirects=5,
        headers=_HEADERS,
        trust_env=False,
    )


def guarded_async_client(
    policy: OutboundPolicy,
    *,
    timeout: httpx2.Timeout = _DEFAULT_TIMEOUT,
    limits: OutboundLimits = _DEFAULT_LIMITS,
    follow_redirects: bool = False,
) -> httpx2.AsyncClient:
    """As ``guarded_client``, for asyncio."""
    return httpx2.AsyncClient(
        transport=GuardedAsyncTransport(policy, limits),
        timeout=timeout,
        follow_redirects=follow_redirects,
        max_redirects=5,
        headers=_HEADERS,
        trust_env=False,
    )
