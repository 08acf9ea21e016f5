/**
 * Scrolling to a message and arriving there. What is far from the screen is not laid out, so the sizes on the way are
 * guesses that come true while one scrolls: the place is looked at again until it stays.
 */

import { prefersStillness } from "../dom.js";

const STEADY_FRAMES = 6;
const MOST_FRAMES = 60;
const SOFT_MS = 1000;
const THEIRS = ["wheel", "touchmove", "keydown", "pointerdown"];

let landing = 0;

const nextFrame = () => new Promise((done) => requestAnimationFrame(done));

function scrollEnd() {
  return new Promise((done) => {
    addEventListener("scrollend", done, { once: true });
    setTimeout(done, SOFT_MS);
  });
}

/**
 * Scroll `element` to the top of the window. Softly only to what is near and while the reader has nothing against motion:
 * past dozens of messages it would show nothing but a blur. Ends where the reader scrolls, or is sent elsewhere.
 */
export async function land(element, { softly = true } = {}) {
  landing += 1;
  const turn = landing;
  let isLeft = false;
  const leave = () => (isLeft = true);
  THEIRS.forEach((name) => addEventListener(name, leave, { passive: true }));
  const place = (behavior) => element.scrollIntoView({ block: "start", behavior });
  const isNear = Math.abs(element.getBoundingClientRect().top) < 2 * innerHeight;
  if (softly && isNear && !prefersStillness()) {
    place("smooth");
    await scrollEnd();
  } else {
    place("instant");
  }
  for (let frame = 0, steady = 0; frame < MOST_FRAMES && steady < STEADY_FRAMES; frame += 1) {
    await nextFrame();
    if (isLeft || turn !== landing || !element.isConnected) {
      break;
    }
    const before = element.getBoundingClientRect().top;
    place("instant");
    steady = Math.abs(element.getBoundingClientRect().top - before) < 1 ? steady + 1 : 0;
  }
  THEIRS.forEach((name) => removeEventListener(name, leave));
}
