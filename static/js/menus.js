/** Menus and lists to choose from that a script opens beside a button: where they stand, and how keys go through them. */

const GAP = 4;
const EDGE = 8;
const ITEMS = "[role^=menuitem]:not([hidden]), [role=option]:not([hidden])";

const openers = new WeakMap();
let pressedOpen = null;

// A press on the button of an open menu closes it; the click that follows must not open it again.
document.addEventListener(
  "pointerdown",
  () => {
    pressedOpen = document.querySelector(".menu:popover-open");
  },
  { capture: true },
);

function place(menu, button) {
  const at = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const isRtl = document.documentElement.dir === "rtl";
  let left = isRtl ? at.right - width : at.left;
  if (left + width > innerWidth - EDGE) {
    left = at.right - width;
  }
  const below = at.bottom + GAP;
  const top = below + height <= innerHeight - EDGE ? below : at.top - GAP - height;
  menu.style.left = `${Math.max(EDGE, Math.min(left, innerWidth - width - EDGE))}px`;
  menu.style.top = `${Math.max(EDGE, Math.min(top, innerHeight - height - EDGE))}px`;
}

/** Open `menu` beside `button`, with the chosen item focused, else the first. Pressed again, the button closes it. */
export function openMenu(menu, button) {
  const wasOpen = pressedOpen === menu && openers.get(menu) === button;
  pressedOpen = null;
  if (wasOpen) {
    menu.hidePopover();
    return;
  }
  openers.set(menu, button);
  menu.showPopover();
  place(menu, button);
  button.setAttribute("aria-expanded", "true");
  (menu.querySelector("[aria-selected=true], [aria-checked=true]") ?? menu.querySelector(ITEMS))?.focus();
}

/** Close `menu`; the focus goes back to its button. */
export function closeMenu(menu) {
  menu.hidePopover();
  const button = openers.get(menu);
  if (button?.isConnected && button.checkVisibility()) {
    button.focus();
  }
}

function next(items, at, key) {
  const moves = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 };
  return key in moves ? items.at(moves[key] % items.length) : null;
}

function named(items, at, letter) {
  const after = [...items.slice(at + 1), ...items.slice(0, at + 1)];
  return after.find((item) => item.textContent.trim().toLowerCase().startsWith(letter.toLowerCase()));
}

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.(".menu[role]:popover-open");
  if (!menu || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  const items = [...menu.querySelectorAll(ITEMS)];
  const at = items.indexOf(document.activeElement);
  if (event.key === "Tab") {
    closeMenu(menu);
    return;
  }
  const to = next(items, at, event.key) ?? (/^\S$/u.test(event.key) ? named(items, at, event.key) : null);
  if (to) {
    event.preventDefault();
    to.focus();
  }
});

document.addEventListener(
  "toggle",
  (event) => {
    if (event.newState === "closed") {
      openers.get(event.target)?.setAttribute("aria-expanded", "false");
    }
  },
  { capture: true },
);
