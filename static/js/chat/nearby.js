/**
 * Long conversations: answers near the screen are drawn at once, the others as plain text that is made ready when they
 * come near or when there is time, from the newest up. So everything is on the page from the beginning, for the
 * browser's search and for screen readers, and the first paint waits for little.
 */

const LONG = 40;
const AT_ONCE = 6;
const AHEAD = "1500px 0px";
const SLICE_MS = 8;
const WAIT_MS = 500;
const STILL_MS = 200;

const whenIdle = globalThis.requestIdleCallback ?? ((act) => setTimeout(() => act({ timeRemaining: () => SLICE_MS }), 50));

/** Wakes views (`element`, `wake()`) that are near the screen, and the others when there is time. */
export class Nearby {
  #views = new Map();
  #asleep = new Set();
  #observer;
  #isWaking = false;
  #scrolledAt = -STILL_MS;

  constructor() {
    this.#observer = new IntersectionObserver((entries) => this.#seen(entries), { rootMargin: AHEAD });
    addEventListener("scroll", () => (this.#scrolledAt = performance.now()), { passive: true });
  }

  /** Whether a view at `order` of `count` messages can wait. */
  canWait(order, count) {
    return count > LONG && order < count - AT_ONCE;
  }

  /** Whether so many messages are a long conversation. */
  isLong(count) {
    return count > LONG;
  }

  /** Look after a view that has been drawn as plain text. */
  watch(view) {
    this.#views.set(view.element, view);
    this.#observer.observe(view.element);
    this.#asleep.add(view);
    this.#wakeSoon();
  }

  /** The view is awake, or thrown away. */
  forget(view) {
    this.#views.delete(view.element);
    this.#asleep.delete(view);
    this.#observer.unobserve(view.element);
  }

  #seen(entries) {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) {
        this.#wake(this.#views.get(target));
      }
    }
  }

  #wake(view) {
    if (this.#asleep.has(view)) {
      // Every element that is observed is looked at in every frame of a scroll.
      this.forget(view);
      view.wake();
    }
  }

  #wakeSoon() {
    if (this.#isWaking) {
      return;
    }
    this.#isWaking = true;
    whenIdle((deadline) => {
      const began = performance.now();
      // While the reader scrolls, every frame is needed; what comes near is made ready all the same.
      if (began - this.#scrolledAt < STILL_MS) {
        this.#isWaking = false;
        setTimeout(() => this.#wakeSoon(), STILL_MS);
        return;
      }
      const waiting = [...this.#asleep].reverse();
      // One at least: a page that is never idle gets there too.
      do {
        this.#wake(waiting.shift());
      } while (waiting.length && performance.now() - began < SLICE_MS && deadline.timeRemaining() > 1);
      this.#isWaking = false;
      if (this.#asleep.size) {
        this.#wakeSoon();
      }
    }, { timeout: WAIT_MS });
  }
}
