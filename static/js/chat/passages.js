/** The passages of finished answers: they do not come with the conversation but when somebody wants to see them. */

import { getJson } from "../http.js";
import { passagesUrl } from "./places.js";

const MOST_KEPT = 40;
const kept = new Map();

/** Keep what has been seen of an answer. */
export function rememberPassages(id, passages) {
  kept.delete(id);
  kept.set(id, passages);
  if (kept.size > MOST_KEPT) {
    kept.delete(kept.keys().next().value);
  }
}

/** What has been seen of an answer's passages, or null. */
export function knownPassages(id) {
  return kept.get(id) ?? null;
}

/** The passages of an answer; raises RequestError. */
export async function fetchPassages(id) {
  if (!kept.has(id)) {
    const { passages } = await getJson(passagesUrl(id));
    rememberPassages(id, passages);
  }
  return kept.get(id);
}
