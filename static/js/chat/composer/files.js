/** The files of the conversation: sent one after the other, followed until they are indexed, taken out with an undo. */

import { getJson, postJson } from "../../http.js";
import { gettext, interpolate } from "../../i18n.js";
import { doSoon } from "../../undo.js";
import { refusal, sendFile, sentWords } from "../../documents/send_file.js";
import { isFinal, stateWords } from "../../documents/states.js";
import { makeChip } from "./chips.js";

const LOOK_MS = 700;
const LOOK_HIDDEN_MS = 5000;
const NIL = "00000000-0000-0000-0000-000000000000";

/**
 * What is attached. `urls` has `attach`, `states` and `detach` (with a nil id), `limits` {most, maxBytes, maxMb}.
 * Events: `change`, `problem` (detail: a sentence).
 */
export class Files extends EventTarget {
  /** The conversation that they belong to; null while it has not begun. */
  conversation = null;
  #urls;
  #limits;
  #id = null;
  /** {file, state, error, sent, stop}, the first attached first. */
  #entries = [];
  #isSending = false;
  #timer = 0;
  /** Deeds of taking out that can still be taken back. */
  #removals = new Set();

  constructor(urls, limits) {
    super();
    this.#urls = urls;
    this.#limits = limits;
  }

  /** What holds them on the server, which the first question of a new chat names; null while there is none. */
  get id() {
    return this.#entries.length ? this.#id : null;
  }

  get isSending() {
    return this.#isSending;
  }

  /** Whether one of them can not be used. */
  get hasFailed() {
    return this.#entries.some(({ error, state }) => error || state?.status === "failed");
  }

  /** Begin with the files that `id` holds. */
  async restore(id) {
    if (id) {
      this.#id = id;
      await this.#look();
    }
  }

  /** Attach files, as many as there is room for. */
  add(files) {
    const room = this.#limits.most - this.#entries.length;
    if (files.length > room) {
      const words = gettext("A conversation takes %(most)s files. Take one out, or upload them as documents.");
      this.#tell(interpolate(words, { most: this.#limits.most }));
    }
    for (const file of [...files].slice(0, Math.max(0, room))) {
      const message = refusal(file, this.#limits);
      this.#entries.push({ file, state: null, error: message ? { message } : null, sent: 0, stop: null });
    }
    this.#changed();
    this.#send();
  }

  /** Take out now what was taken out but can still be taken back; the next question must not find it. */
  async settle() {
    await Promise.all([...this.#removals].map((deed) => deed.now()));
  }

  /** A chip for each, with its state in words; what needs somebody stands first. */
  chips() {
    const isBad = ({ error, state }) => Boolean(error) || state?.status === "failed";
    return [...this.#entries].sort((one, other) => isBad(other) - isBad(one)).map((entry) => {
      const { file, state, error, sent } = entry;
      const name = state?.filename ?? file.name;
      const problem = error?.message ?? state?.error?.message ?? "";
      const isUnderWay = !problem && !isFinal(state?.status);
      return makeChip(
        { kind: "file", name },
        {
          label: interpolate(gettext("Take out %(name)s"), { name }),
          remove: () => this.#takeOut(entry, name),
          problem,
          state: problem || (isUnderWay ? (state ? stateWords(state) : sentWords(sent)) : ""),
          share: isUnderWay ? shareOf(entry) : undefined,
        },
      );
    });
  }

  // One after the other: the first of a new chat makes what holds them all.
  async #send() {
    if (this.#isSending) {
      return;
    }
    this.#isSending = true;
    for (let entry = this.#next(); entry; entry = this.#next()) {
      const fields = this.conversation ? { conversation: this.conversation } : this.#id ? { files: this.#id } : {};
      const { answer, stop } = sendFile(this.#urls.attach, fields, entry.file, (share) => {
        entry.sent = share;
        this.#changed();
      });
      entry.stop = stop;
      try {
        const told = await answer;
        this.#id = told.files;
        const isHere = this.#entries.some((other) => other !== entry && other.state?.id === told.document.id);
        entry.state = told.document;
        if (!this.#entries.includes(entry)) {
          // Taken out just as it arrived.
          postJson(this.#urls.detach.replace(NIL, told.document.id), {}).catch(() => {});
        } else if (isHere) {
          this.#drop(entry);
          this.#tell(interpolate(gettext("%(name)s is here already."), { name: told.document.filename }));
        }
      } catch (error) {
        entry.error = error;
      }
      entry.stop = null;
      this.#changed();
    }
    this.#isSending = false;
    this.#changed();
    this.#follow();
  }

  #next() {
    return this.#entries.find((entry) => !entry.state && !entry.error);
  }

  #follow() {
    clearTimeout(this.#timer);
    if (this.#entries.some(({ state }) => state && !isFinal(state.status))) {
      this.#timer = setTimeout(() => this.#look(), document.hidden ? LOOK_HIDDEN_MS : LOOK_MS);
    }
  }

  async #look() {
    try {
      const { documents } = await getJson(this.#urls.states.replace(NIL, this.#id));
      this.#take(documents);
    } catch (error) {
      if (error.status === 404) {
        this.#entries = this.#entries.filter((entry) => !entry.state);
        this.#id = null;
        this.#tell(gettext("The attached files are not there any more. Attach them again."));
        this.#changed();
        return;
      }
      // Anything else passes: it is asked again.
    }
    this.#follow();
  }

  #take(documents) {
    const leaving = new Set([...this.#removals].map((deed) => deed.id));
    const states = new Map(documents.filter((each) => !leaving.has(each.id)).map((each) => [each.id, each]));
    this.#entries = this.#entries.filter((entry) => !entry.state || states.has(entry.state.id));
    for (const state of states.values()) {
      const entry = this.#entries.find((one) => one.state?.id === state.id);
      if (entry) {
        entry.state = state;
      } else if (!this.#isSending) {
        this.#entries.push({ file: null, state, error: null, sent: 1, stop: null });
      }
    }
    this.#changed();
  }

  #takeOut(entry, name) {
    const at = this.#entries.indexOf(entry);
    this.#drop(entry);
    this.#changed();
    if (!entry.state) {
      entry.stop?.();
      return;
    }
    const removal = { id: entry.state.id };
    this.#removals.add(removal);
    const deed = doSoon(interpolate(gettext("%(name)s is taken out of the conversation."), { name }), {
      url: this.#urls.detach.replace(NIL, entry.state.id),
      data: {},
      undo: () => {
        this.#removals.delete(removal);
        this.#entries.splice(at, 0, entry);
        this.#changed();
        this.#follow();
      },
      done: () => this.#removals.delete(removal),
    });
    removal.now = deed.now;
  }

  #drop(entry) {
    this.#entries = this.#entries.filter((one) => one !== entry);
  }

  #tell(words) {
    this.dispatchEvent(new CustomEvent("problem", { detail: words }));
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** How far a file is: the share that was sent, then of what was indexed; null where nothing can be counted. */
function shareOf({ state, sent }) {
  if (!state) {
    return sent;
  }
  return state.total ? state.done / state.total : null;
}
