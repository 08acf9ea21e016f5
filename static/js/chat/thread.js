/**
 * <footnote-thread>: one conversation. Joins the socket, the state and what is drawn; each of them is its own module.
 *
 * Attributes: data-conversation (id or empty), data-socket (path), data-url (a conversation's address with a nil id).
 * The page gives the assistants as JSON in `#thread-assistants`, and may give a snapshot in `#thread-snapshot`.
 */

import { jsonScript } from "../dom.js";
import { gettext } from "../i18n.js";
import { toast } from "../toasts.js";
import { Announcer, endingWords } from "./announcer.js";
import "./assistant_picker.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { Drawer } from "./drawer.js";
import { EmptyThread } from "./empty.js";
import { spokenFilters } from "./filters.js";
import { Follower } from "./following.js";
import { Jump } from "./jump.js";
import { loadMarkdown } from "./markdown.js";
import { MessageList } from "./message_list.js";
import { Nearby } from "./nearby.js";
import { NoteLayout } from "./notes.js";
import { keepPlace } from "./siblings.js";
import { freshRequest } from "./socket.js";
import { ThreadHead } from "./thread_head.js";
import { emptyState, reduce, runningAnswer, settledQuestion, shownBranch, withLeaf, withPending, withoutPending } from "./store.js";
import { Working } from "./working.js";

const NIL = /0{8}-0{4}-0{4}-0{4}-0{12}/;
const UNCONFIRMED_MS = 6000;

class FootnoteThread extends HTMLElement {
  #state = emptyState();
  #socket;
  #composer;
  #head;
  #drawer;
  #announcer;
  #follower;
  #list;
  #empty;
  #choice;
  #frame = 0;
  #confirmTimer = 0;
  #isFirstSnapshot = true;
  #hasChosen = false;
  #isFirstConnection = true;
  #early = null;
  #askedAgain;
  #jump;
  #working;

  connectedCallback() {
    this.#head = new ThreadHead(this.querySelector(".thread__head"));
    this.#choice = this.querySelector("[data-assistant-choice]");
    // Somebody may be quicker than the connection: what they chose stays.
    this.#choice?.addEventListener("change", () => (this.#hasChosen = true));
    this.#empty = new EmptyThread(this.querySelector("[data-thread-empty]"), this.#choice);
    this.#empty.addEventListener("suggest", (event) => this.#askSuggested(event.detail.question));
    this.#announcer = new Announcer(this.querySelector("[data-announcer]"));
    this.#drawer = new Drawer(this.querySelector("[data-drawer]"));
    const messages = this.querySelector("[data-messages]");
    this.#list = new MessageList(messages, {
      drawer: this.#drawer,
      nearby: new Nearby(),
      notes: new NoteLayout(messages),
      working: () => this.#working,
    });
    this.#follower = new Follower(this.#list.element, this.querySelector("[data-composer]"));
    this.#composer = new Composer(this.querySelector("[data-composer]"));
    this.#composer.addEventListener("ask", (event) => this.#ask(event.detail));
    this.#working = new Working({
      list: this.#list.element,
      announcer: this.#announcer,
      state: () => this.#state,
      send: (command) => this.#command(command),
      ask: (question) => this.#ask({ question }),
      expect: (requestId) => (this.#askedAgain = requestId),
      makeView: () => this.#list.makeView({ isBare: true }),
      show: (leaf, id) => {
        this.#state = withLeaf(this.#state, leaf);
        this.#draw();
        return this.#list.viewOf(id);
      },
    });
    this.#composer.addEventListener("stop", () => this.#stop());
    const conversationId = this.dataset.conversation;
    if (conversationId) {
      this.#state = { ...this.#state, conversation: { id: conversationId, title: document.title, assistant: null } };
    }
    this.#composer.keepDraftAs(conversationId || null);
    const snapshot = jsonScript("thread-snapshot");
    if (snapshot) {
      this.#take(snapshot);
    }
    this.#jump = new Jump({
      state: () => this.#state,
      show: (id) => this.#command({ type: "show", message_id: id }),
      draw: () => this.#draw(),
      element: (id) => this.#list.viewOf(id)?.element,
    });
    this.#connect();
    const load = () => loadMarkdown().then(() => this.#list.refresh());
    if (conversationId) {
      load();
    } else {
      // Nothing to render yet: the library comes when a question is being written.
      this.#composer.input.addEventListener("input", load, { once: true });
    }
    if (matchMedia("(pointer: fine)").matches) {
      this.#composer.focus();
    }
  }

  disconnectedCallback() {
    this.#socket?.close();
  }

  #connect() {
    this.#socket = new Connection(this.dataset.socket, this.querySelector("[data-thread-banner]"), this.#announcer);
    this.#socket.addEventListener("open", () => this.#opened());
    this.#socket.addEventListener("lost", () => this.#lost());
    this.#socket.addEventListener("message", (event) => this.#take(event.detail));
    this.#socket.connect();
  }

  #opened() {
    this.#isFirstConnection = false;
    this.#composer.isOnline = true;
    const { conversation, seq } = this.#state;
    if (conversation) {
      this.#socket.send({ type: "follow", conversation_id: conversation.id, after: seq });
    }
    if (this.#state.pending) {
      this.#expectConfirmation();
    }
    const early = this.#early;
    this.#early = null;
    if (early !== null) {
      this.#ask(early);
    }
  }

  #lost() {
    this.#isFirstConnection = false;
    this.#early = null;
    this.#composer.isOnline = false;
  }

  #take(event) {
    const before = this.#state;
    const isAnswered = this.#working.take(event);
    const state = reduce(before, event);
    this.#state = state;
    if (state.gap && !before.gap) {
      this.#socket.send({ type: "follow", conversation_id: state.conversation.id, after: null });
    }
    if (event.type === "conversation.created" && state !== before) {
      this.#conversationBegan(event.conversation);
    } else if (event.type === "conversation.snapshot") {
      this.#snapshotTaken();
    } else if (event.type === "conversation.renamed") {
      this.#head.show(state.conversation);
    } else if (event.type === "conversation.branch") {
      this.#jump.branchShown();
    } else if (event.type === "message.created") {
      this.#head.asked();
    } else if (event.type === "error" && !isAnswered) {
      this.#refused(state.refusal, before.pending);
    }
    if (before.pending && !state.pending) {
      clearTimeout(this.#confirmTimer);
    }
    const settled = settledQuestion(before, state);
    // What was asked at a click leaves a draft where it is.
    if (settled && event.type !== "error" && this.#composer.input.value.trim() === settled.trim()) {
      this.#composer.clear();
    }
    this.#announce(event);
    this.#working.announce(event);
    if (event.type === "conversation.branch" && state.conversation.leaf !== before.conversation?.leaf) {
      keepPlace(this.#list.element, () => this.#draw());
    }
    this.#scheduleDraw();
    if (event.type === "message.created" && event.request_id === this.#askedAgain) {
      this.#askedAgain = undefined;
      this.#draw();
      this.#scrollToLast();
    }
  }

  #ask(asked) {
    if (this.#isFirstConnection) {
      // Quicker than the connection: the question stays in the box and is sent as soon as it is there.
      this.#early = asked;
      return;
    }
    const { question, scope, files } = asked;
    const requestId = freshRequest();
    const { conversation } = this.#state;
    const assistant = asked.assistant ?? (this.#choice?.value || null);
    const command = { type: "ask", conversation_id: conversation?.id ?? null, assistant, question, scope, files, request_id: requestId };
    if (!this.#socket.send(command)) {
      this.#composer.isOnline = false;
      return;
    }
    this.#state = withPending(this.#state, requestId, question);
    this.#composer.say("");
    this.#announcer.say(gettext("The question was sent."));
    this.#expectConfirmation();
    this.#draw();
    this.#scrollToLast();
  }

  // An ask that was under way when the connection broke may or may not have arrived. The state tells after the
  // reconnect; when it does not, the question goes back into the box.
  #expectConfirmation() {
    clearTimeout(this.#confirmTimer);
    this.#confirmTimer = setTimeout(() => {
      const { pending } = this.#state;
      if (pending && this.#socket.isOpen) {
        this.#state = withoutPending(this.#state);
        this.#composer.restore(pending.question);
        this.#draw();
        this.#composer.say(gettext("The question did not reach the server. Send it again."), true);
      }
    }, UNCONFIRMED_MS);
  }

  #stop() {
    const answer = runningAnswer(this.#state);
    if (answer) {
      this.#socket.send({ type: "stop", message_id: answer.id });
    }
  }

  #command(command) {
    const isSent = this.#socket.send(command);
    if (!isSent) {
      toast(gettext("There is no connection. Try again when it is back."), { kind: "warn" });
    }
    return isSent;
  }

  #refused(refusal, pending) {
    if (refusal.question !== null) {
      this.#composer.restore(pending.question);
      this.#composer.isWaiting = false;
      this.#composer.say(refusal.message, true);
      this.#announcer.say(refusal.message);
    } else {
      toast(refusal.message, { kind: "bad" });
    }
  }

  #conversationBegan(conversation) {
    history.replaceState(null, "", this.dataset.url.replace(NIL, conversation.id));
    this.dataset.conversation = conversation.id;
    this.#composer.clear();
    this.#composer.keepDraftAs(conversation.id);
    this.#isFirstSnapshot = false;
    this.#head.began(conversation);
  }

  #snapshotTaken() {
    this.#head.show(this.#state.conversation);
    const slug = this.#state.conversation.assistant?.slug;
    if (this.#choice && slug && this.#isFirstSnapshot && !this.#hasChosen) {
      this.#choice.value = slug;
    }
    if (this.#isFirstSnapshot) {
      this.#isFirstSnapshot = false;
      for (const message of this.#state.messages) {
        this.#announcer.skip(message.id, message.text);
      }
      this.#draw();
      if (!this.#jump.go()) {
        this.#scrollToLast(false);
      }
    }
  }

  #announce(event) {
    const id = event.message_id ?? event.message?.id;
    const answer = this.#state.messages.find((message) => message.id === id && message.role === "assistant");
    if (!answer) {
      return;
    }
    if (event.type === "answer.filters") {
      this.#announcer.say(spokenFilters(event.filters));
    } else if (event.type === "answer.delta") {
      this.#announcer.follow(id, answer.text, false);
    } else if (event.type === "answer.completed") {
      this.#announcer.follow(id, answer.text, true);
      this.#announcer.say(endingWords(answer));
    }
  }

  #scheduleDraw() {
    // A hidden page gets no frames; what it must show then is drawn when it is seen again.
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw() {
    const { pending, conversation } = this.#state;
    const branch = shownBranch(this.#state);
    const isEmpty = !branch.length && !pending;
    this.#empty.hidden = !isEmpty || Boolean(conversation);
    this.toggleAttribute("data-empty", isEmpty && !conversation);
    const running = runningAnswer(this.#state);
    this.#composer.isRunning = Boolean(running);
    this.#composer.isWaiting = Boolean(pending);
    this.#list.draw(branch, pending);
    this.#working.drawn(pending || running ? null : this.#list.newestAnswer);
    this.#follower.grown(Boolean(running));
  }

  #scrollToLast(softly = true) {
    this.#follower.scrollBy(() => this.#list.scrollToLast(softly));
  }

  #askSuggested(question) {
    loadMarkdown();
    this.#composer.ask(question);
  }
}

customElements.define("footnote-thread", FootnoteThread);
