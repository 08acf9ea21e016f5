/** Building elements without strings of HTML. */

/**
 * An element with its properties and children. `class` sets the class; names with a dash and `role` become attributes;
 * `on` is an object of listeners; the rest are properties. Children that are null or false are left out.
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) {
      continue;
    }
    if (name === "class") {
      element.className = value;
    } else if (name === "on") {
      for (const [event, listener] of Object.entries(value)) {
        element.addEventListener(event, listener);
      }
    } else if (name.includes("-") || name === "role" || name === "for" || name === "popovertarget") {
      element.setAttribute(name, value === true ? "" : String(value));
    } else {
      element[name] = value;
    }
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** What is there of `parts`, each in its own direction, with dots between. */
export function dotted(...parts) {
  return parts.filter(Boolean).flatMap((part, place) => (place ? [" · ", h("bdi", {}, part)] : [h("bdi", {}, part)]));
}

const SVG = "http://www.w3.org/2000/svg";

/** An icon of the sprite, by its name in static/img/icons.svg. */
export function icon(name, extraClass = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `icon ${extraClass}`.trim());
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${document.documentElement.dataset.icons}#${name}`);
  svg.append(use);
  return svg;
}

/** The data that a template left with `json_script` under this id, or null. */
export function jsonScript(id) {
  const script = document.getElementById(id);
  return script ? JSON.parse(script.textContent) : null;
}

/** Whether the reader asked for less motion. */
export function prefersStillness() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Scroll so that `element` is seen, softly unless the reader asked for less motion. */
export function scrollTo(element, block = "center") {
  element.scrollIntoView({ block, behavior: prefersStillness() ? "auto" : "smooth" });
}

let lastId = 0;

/** An id that no other element of the page has. */
export function freshId(prefix) {
  lastId += 1;
  return `${prefix}-${lastId}`;
}
