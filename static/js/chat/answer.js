/** How events change one answer. Pure; the thread and the playground share it. */

/** How many Unicode code points a text has: offsets on the wire count these, not UTF-16 units. */
export function codePoints(text) {
  let count = 0;
  for (const _ of text) {
    count += 1;
  }
  return count;
}

/** A message from the wire, with what is counted here: `length` of its text in code points, and its `steps`. A finished
 * answer comes without its passages, which `passages.js` has. */
export function withLength(message) {
  const { text, steps = [], filters = [], passages, sentences = [] } = message;
  return { ...message, length: codePoints(text), steps, filters, passages: passages ?? [], sentences };
}

/** An answer about to be written. */
export function newAnswer(id) {
  const nothing = { text: "", citations: [], passages: [], filters: [], error: null, stats: null, in_reply_to: null, assistant: null, feedback: null };
  return withLength({ id, role: "assistant", status: "running", seq: -1, ...nothing });
}

/**
 * The answer after an event of the kinds `answer.*` (or `run.*`). The same object when the event is already part of
 * it; null when text is missing in between, so that the state has to be fetched again.
 */
export function reduceAnswer(answer, event) {
  const kind = event.type.slice(event.type.indexOf(".") + 1);
  if (event.seq !== undefined && event.seq <= answer.seq) {
    return answer;
  }
  const seq = event.seq ?? answer.seq;
  switch (kind) {
    case "delta":
      if (event.offset > answer.length) {
        return null;
      }
      if (event.offset < answer.length) {
        return answer;
      }
      return { ...answer, seq, text: answer.text + event.text, length: answer.length + codePoints(event.text) };
    case "citation":
      return { ...answer, seq, citations: [...answer.citations, event.citation] };
    case "filters":
      return { ...answer, seq, filters: event.filters };
    case "passages":
      return { ...answer, seq, passages: event.passages };
    case "sentences":
      return { ...answer, seq, sentences: event.sentences };
    case "step":
      return { ...answer, seq, steps: [...answer.steps, event.step] };
    case "resumed":
      return { ...answer, seq, status: "running", error: null };
    case "feedback":
      return { ...answer, seq, feedback: event.feedback };
    case "completed":
      return event.message ? { ...withLength(event.message), seq: Math.max(seq, event.message.seq), steps: answer.steps } : answer;
    default:
      return answer;
  }
}
