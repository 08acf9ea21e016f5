/** The page's connection as the reader sees it: a banner when it stays away, and a word when it is back. */

import { gettext } from "../i18n.js";
import { LiveSocket } from "./socket.js";

const BANNER_AFTER_MS = 1200;

/** A LiveSocket with its banner. Events: `open`, `lost`, `message` (detail: the parsed event). */
export class Connection extends EventTarget {
  #socket;
  #banner;
  #announcer;
  #timer = 0;

  constructor(path, banner, announcer) {
    super();
    this.#socket = new LiveSocket(path);
    this.#banner = banner;
    this.#announcer = announcer;
    this.#socket.addEventListener("open", () => this.#opened());
    this.#socket.addEventListener("lost", () => this.#lost());
    this.#socket.addEventListener("message", (event) => this.dispatchEvent(new CustomEvent("message", { detail: event.detail })));
  }

  get isOpen() {
    return this.#socket.isOpen;
  }

  connect() {
    this.#socket.connect();
  }

  close() {
    this.#socket.close();
  }

  /** Send a command; false when there is no connection, and nothing was sent. */
  send(command) {
    return this.#socket.send(command);
  }

  #opened() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    if (!this.#banner.hidden) {
      this.#banner.hidden = true;
      this.#announcer.say(gettext("The connection is back."));
    }
    this.dispatchEvent(new CustomEvent("open"));
  }

  #lost() {
    // A short gap is nobody's concern; the answer goes on from where it was.
    this.#timer ||= setTimeout(() => {
      this.#timer = 0;
      if (!this.isOpen) {
        this.#banner.hidden = false;
        this.#announcer.say(gettext("The connection was lost. Connecting again."));
      }
    }, BANNER_AFTER_MS);
    this.dispatchEvent(new CustomEvent("lost"));
  }
}
