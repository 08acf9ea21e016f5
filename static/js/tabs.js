/** Tabs: buttons with role="tab" and aria-controls. Arrow keys move, as the ARIA pattern has it. */

function select(tab) {
  const list = tab.closest("[role=tablist]");
  for (const other of list.querySelectorAll("[role=tab]")) {
    const chosen = other === tab;
    other.setAttribute("aria-selected", String(chosen));
    other.tabIndex = chosen ? 0 : -1;
    const panel = document.getElementById(other.getAttribute("aria-controls"));
    if (panel) {
      panel.hidden = !chosen;
    }
  }
}

// The one that is shown may stand beyond the edge of a phone.
for (const shown of document.querySelectorAll(".tabs > [aria-current]")) {
  const [at, list] = [shown, shown.parentElement].map((each) => each.getBoundingClientRect());
  shown.parentElement.scrollLeft += Math.max(0, at.right - list.right) + Math.min(0, at.left - list.left);
}

document.addEventListener("click", (event) => {
  const tab = event.target.closest("[role=tab]");
  if (tab) {
    select(tab);
  }
});

document.addEventListener("keydown", (event) => {
  const tab = event.target.closest?.("[role=tab]");
  if (!tab) {
    return;
  }
  const tabs = [...tab.closest("[role=tablist]").querySelectorAll("[role=tab]")];
  const forward = getComputedStyle(tab).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
  const backward = forward === "ArrowRight" ? "ArrowLeft" : "ArrowRight";
  const at = tabs.indexOf(tab);
  const target = { [forward]: at + 1, [backward]: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
  if (target === undefined) {
    return;
  }
  event.preventDefault();
  const next = tabs[(target + tabs.length) % tabs.length];
  select(next);
  next.focus();
});
