/** A menu beside its button: a popover that is filled when it opens, moved through with the arrow keys. */

import { freshId, h, icon } from "../dom.js";

const GAP_PX = 4;
const EDGE_PX = 12;
const MENU = { width: 270, height: 260 };

// Where there is more room, above or below; what does not fit there scrolls.
function place(menu, button, width, height) {
  const at = button.getBoundingClientRect();
  // It begins where the button begins, in the direction of reading.
  const isRtl = getComputedStyle(button).direction === "rtl";
  const start = isRtl ? document.documentElement.clientWidth - at.right : at.left;
  const edge = `${Math.max(EDGE_PX, Math.min(start, innerWidth - width - EDGE_PX))}px`;
  const below = innerHeight - at.bottom - GAP_PX - EDGE_PX;
  const above = at.top - GAP_PX - EDGE_PX;
  const isAbove = below < height && above > below;
  Object.assign(menu.style, {
    top: isAbove ? "auto" : `${at.bottom + GAP_PX}px`,
    bottom: isAbove ? `${innerHeight - at.top + GAP_PX}px` : "auto",
    left: isRtl ? "auto" : edge,
    right: isRtl ? edge : "auto",
    maxHeight: `${isAbove ? above : below}px`,
    overflowY: "auto",
  });
}

function step(menu, event) {
  const items = [...menu.querySelectorAll(".menu__item")];
  const at = items.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (to !== undefined && items.length) {
    event.preventDefault();
    items.at(to % items.length).focus();
  }
}

/** An entry of a menu: {icon, label, run, isChosen}. */
function makeItem(menu, { icon: name, label, run, isChosen }) {
  const choose = () => {
    menu.hidePopover();
    run();
  };
  return h(
    "button",
    { class: "menu__item", type: "button", "aria-pressed": isChosen === undefined ? null : String(isChosen), on: { click: choose } },
    isChosen || name ? icon(isChosen ? "check" : name, "icon--small") : icon("arrow-forward", "icon--small icon--directional"),
    h("span", {}, label),
  );
}

/**
 * A popover beside `button`, which opens it; `fill(popover)` gives what is in it each time. `label` names it; about how
 * wide and high it is, in pixels, decides where it opens.
 */
export function makePopover(button, label, fill, { width, height, extraClass = "" } = MENU) {
  const popover = h("div", { class: `menu ${extraClass}`.trim(), id: freshId("menu"), popover: "auto", role: "group", "aria-label": label });
  button.setAttribute("popovertarget", popover.id);
  let openedAt = 0;
  // A page tells of a scroll in the frame after it: one that was over before the menu opened has not moved its button.
  const away = () => {
    if (Math.abs(button.getBoundingClientRect().top - openedAt) > 1) {
      popover.hidePopover();
    }
  };
  popover.addEventListener("beforetoggle", (event) => {
    if (event.newState === "open") {
      popover.replaceChildren(...fill(popover).filter(Boolean));
      place(popover, button, width, height);
      openedAt = button.getBoundingClientRect().top;
      addEventListener("scroll", away, { passive: true });
    } else {
      removeEventListener("scroll", away);
    }
  });
  return popover;
}

/** A menu of `items()` beside `button`: entries {icon, label, run, isChosen}, null where there is none. */
export function makeMenu(button, label, items) {
  const menu = makePopover(button, label, () => {
    const entries = items().filter(Boolean).map((item) => makeItem(menu, item));
    // Focused as the menu opens: the next key may come before any event of it.
    entries[0]?.setAttribute("autofocus", "");
    return entries;
  });
  menu.addEventListener("keydown", (event) => step(menu, event));
  return menu;
}
