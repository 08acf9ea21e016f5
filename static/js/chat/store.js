/**
 * The state of a conversation, and how each event changes it. Pure: no page, no socket.
 *
 * Applying events in order to a snapshot gives the same state as a snapshot taken afterwards. An event that is already
 * part of a message (its `seq` is not above the message's) changes nothing, so an event may come twice.
 */

import { reduceAnswer, withLength } from "./answer.js";

/** The state of a page: `conversation` is null until the first question of a new chat was taken. */
export function emptyState() {
  return { conversation: null, seq: null, messages: [], pending: null, late: null, refusal: null, gap: false };
}

/** A question that was sent and not yet confirmed. */
export function withPending(state, requestId, question) {
  return { ...state, pending: { requestId, question }, late: null, refusal: null };
}

/** Give up waiting for the sent question: it goes back to the composer. It may have arrived all the same, as `late`. */
export function withoutPending(state) {
  return { ...state, pending: null, late: state.pending };
}

/** The state without what `isConfirmed` says of: the question that is waited for, or the late one. */
function confirmed(state, isConfirmed) {
  const left = (asked) => (asked && isConfirmed(asked) ? null : asked);
  return { ...state, pending: left(state.pending), late: left(state.late) };
}

/** The question of `before` that is neither waited for nor late any more, or null. */
export function settledQuestion(before, state) {
  const asked = before.pending ?? before.late;
  return asked && !state.pending && !state.late ? asked.question : null;
}

/** The answer that is being written, or null. */
export function runningAnswer(state) {
  return state.messages.find((message) => message.role === "assistant" && message.status === "running") ?? null;
}

/** The ids of the messages that reply to the same one as `id` does, itself among them, oldest first. */
export function siblingsOf({ messages }, id) {
  const { role, in_reply_to: parent } = messages.find((message) => message.id === id) ?? {};
  return messages.filter((message) => message.role === role && message.in_reply_to === parent).map((message) => message.id);
}

/** The end of the branch that one comes to from message `id` by the newest reply each time. */
export function newestBelow({ messages }, id) {
  const newest = new Map(messages.map((message) => [message.in_reply_to, message.id]));
  let leaf = id;
  for (let steps = 0; newest.has(leaf) && steps < messages.length; steps += 1) {
    leaf = newest.get(leaf);
  }
  return leaf;
}

/** The state with the branch that ends at message `leaf`. */
export function withLeaf(state, leaf) {
  return { ...state, conversation: { ...state.conversation, leaf } };
}

/**
 * The branch that is shown, from the beginning: for each message its `siblings`, the ids of all that reply to the same
 * one, itself among them, oldest first.
 */
export function shownBranch({ messages, conversation }) {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const families = new Map();
  for (const message of messages) {
    const family = `${message.role} ${message.in_reply_to}`;
    families.set(family, [...(families.get(family) ?? []), message.id]);
  }
  const branch = [];
  let message = byId.get(conversation?.leaf) ?? messages.at(-1);
  while (message && branch.length < messages.length) {
    branch.push({ message, siblings: families.get(`${message.role} ${message.in_reply_to}`) });
    message = byId.get(message.in_reply_to);
  }
  return branch.reverse();
}

function afterSnapshot(state, event) {
  const before = new Map(state.messages.map((message) => [message.id, message]));
  const messages = event.messages.map((message) => ({
    ...withLength(message),
    // Steps are only told as they happen; those that were seen are kept.
    steps: before.get(message.id)?.steps ?? [],
  }));
  const fresh = messages.filter((message) => message.role === "user" && !before.has(message.id));
  const arrived = ({ question }) => fresh.some((message) => message.text === question.trim());
  return confirmed({ ...state, conversation: event.conversation, messages, seq: event.seq, gap: false }, arrived);
}

function afterMessageCreated(state, event) {
  const { message } = event;
  const next = confirmed(state, ({ requestId }) => message.role === "user" && requestId === event.request_id);
  if (state.messages.some((known) => known.id === message.id)) {
    return next;
  }
  const others = state.messages.filter((known) => known.id !== event.replaces);
  const created = { ...withLength(message), seq: Math.max(message.seq, event.seq) };
  return withLeaf({ ...next, messages: [...others, created] }, message.id);
}

function afterAnswerEvent(state, event) {
  const id = event.message_id ?? event.message?.id;
  const at = state.messages.findIndex((message) => message.id === id);
  if (at < 0) {
    return state;
  }
  const changed = reduceAnswer(state.messages[at], event);
  if (changed === null) {
    return { ...state, gap: true };
  }
  return changed === state.messages[at] ? state : { ...state, messages: state.messages.with(at, changed) };
}

function afterError(state, event) {
  const { pending } = state;
  if (pending && event.request_id === pending.requestId) {
    return { ...state, pending: null, refusal: { code: event.code, message: event.message, question: pending.question } };
  }
  return { ...state, refusal: { code: event.code, message: event.message, question: null } };
}

const OUTSIDE_STREAM = new Set(["error", "pong", "conversation.created", "conversation.snapshot"]);

/** The state after `event`. The same object when the event changes nothing. */
export function reduce(state, event) {
  const { type } = event;
  if (type === "conversation.created") {
    const isOurs = [state.pending, state.late].some((asked) => asked?.requestId === event.request_id);
    return isOurs ? { ...state, conversation: event.conversation, seq: null } : state;
  }
  if (type === "error") {
    return afterError(state, event);
  }
  if (type === "pong" || event.conversation_id !== state.conversation?.id) {
    return state;
  }
  let next = state;
  if (type === "conversation.snapshot") {
    next = afterSnapshot(state, event);
  } else if (type === "conversation.renamed") {
    next = { ...state, conversation: { ...state.conversation, title: event.title } };
  } else if (type === "conversation.branch") {
    next = withLeaf(state, event.leaf);
  } else if (type === "message.created") {
    next = afterMessageCreated(state, event);
  } else if (type.startsWith("answer.")) {
    next = afterAnswerEvent(state, event);
  }
  // What was missed is fetched again from the last event that fitted, so a gap does not move the count on.
  if (!OUTSIDE_STREAM.has(type) && !next.gap && event.seq > (next.seq ?? -1)) {
    next = { ...next, seq: event.seq };
  }
  return next;
}
