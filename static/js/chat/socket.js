/**
 * A socket that stays: it connects again after a loss, each time a little later, and says when it is open.
 *
 * What has to be followed again after a reconnect is the caller's: it listens to `open` and sends its `follow`.
 */

const FIRST_DELAY_MS = 400;
const LONGEST_DELAY_MS = 15000;
const PING_EVERY_MS = 25000;
const SILENCE_MS = 10000;
const STEADY_MS = 10000;
const NOT_SIGNED_IN = 4401;

/** How long to wait before try number `attempt` (from 0): doubling, with half of it by chance so that a server that
 * comes back is not met by everyone at once. Milliseconds. */
export function backoff(attempt, random = Math.random) {
  const whole = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(attempt, 10));
  return whole / 2 + (whole / 2) * random();
}

/** An id for a command, by which its answer is known. */
export function freshRequest() {
  return crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
}

/** Events: `open`, `lost` (detail {retryInMs}), `message` (detail: the parsed event). */
export class LiveSocket extends EventTarget {
  #url;
  #socket = null;
  #attempt = 0;
  #openSince = Infinity;
  #retryTimer = 0;
  #pingTimer = 0;
  #silenceTimer = 0;
  #closed = false;

  /** `path` is the socket's path on this host. */
  constructor(path) {
    super();
    const url = new URL(path, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    this.#url = url.href;
    addEventListener("online", () => this.#retryNow());
    addEventListener("pageshow", () => this.#retryNow());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) {
        this.#retryNow();
      }
    });
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  connect() {
    clearTimeout(this.#retryTimer);
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.addEventListener("open", () => {
      this.#openSince = performance.now();
      this.#schedulePing();
      this.dispatchEvent(new CustomEvent("open"));
    });
    socket.addEventListener("message", (message) => {
      this.#schedulePing();
      this.dispatchEvent(new CustomEvent("message", { detail: JSON.parse(message.data) }));
    });
    socket.addEventListener("close", (event) => {
      if (socket === this.#socket) {
        this.#lost(event.code);
      }
    });
  }

  /** Send a command; false when the socket is not open, and nothing was sent. */
  send(command) {
    if (!this.isOpen) {
      return false;
    }
    this.#socket.send(JSON.stringify(command));
    return true;
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#retryTimer);
    this.#stopPinging();
    this.#socket?.close();
  }

  #lost(code) {
    this.#stopPinging();
    this.#socket = null;
    if (this.#closed) {
      return;
    }
    if (code === NOT_SIGNED_IN) {
      location.assign(`/accounts/login/?next=${encodeURIComponent(location.pathname)}`);
      return;
    }
    // A server that lets everyone in and cannot serve them is not to be asked without end.
    const wasSteady = performance.now() - this.#openSince >= STEADY_MS;
    this.#openSince = Infinity;
    this.#attempt = wasSteady ? 0 : this.#attempt;
    const retryInMs = backoff(this.#attempt);
    this.#attempt += 1;
    this.#retryTimer = setTimeout(() => this.connect(), retryInMs);
    this.dispatchEvent(new CustomEvent("lost", { detail: { retryInMs } }));
  }

  #retryNow() {
    if (!this.#closed && this.#socket === null) {
      this.connect();
    }
  }

  #stopPinging() {
    clearTimeout(this.#pingTimer);
    clearTimeout(this.#silenceTimer);
  }

  // A connection that died without a word (a laptop that slept) shows by the pong that does not come.
  #schedulePing() {
    this.#stopPinging();
    this.#pingTimer = setTimeout(() => {
      this.send({ type: "ping" });
      this.#silenceTimer = setTimeout(() => {
        const dead = this.#socket;
        this.#lost(1006);
        dead?.close();
      }, SILENCE_MS);
    }, PING_EVERY_MS);
  }
}
