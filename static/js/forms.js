/**
 * Forms: a field is checked as one leaves it, the cursor goes to the first error, and leaving with changes is asked
 * about. The server checks everything again; this only says it sooner.
 */

function showError(control, message) {
  const slot = control.closest("[data-field]")?.querySelector("[data-field-error]");
  if (!slot) {
    return;
  }
  slot.querySelector("span").textContent = message;
  slot.hidden = !message;
  if (message) {
    control.setAttribute("aria-invalid", "true");
    control.setAttribute("aria-describedby", [control.dataset.describedBy, slot.id].filter(Boolean).join(" "));
  } else {
    control.removeAttribute("aria-invalid");
  }
}

// An error that appears moves what is below it. While a button is being pressed it waits, or the press would miss it.
let pointerIsDown = false;
const afterPress = [];

document.addEventListener("pointerdown", () => (pointerIsDown = true), true);
for (const end of ["pointerup", "pointercancel"]) {
  document.addEventListener(
    end,
    () => {
      pointerIsDown = false;
      setTimeout(() => afterPress.splice(0).forEach((check) => check()));
    },
    true,
  );
}

function whenPressed(check) {
  if (pointerIsDown) {
    afterPress.push(check);
  } else {
    check();
  }
}

document.addEventListener("focusout", (event) => {
  const control = event.target;
  if (!control.matches?.("[data-field] :is(input, select, textarea)")) {
    return;
  }
  control.dataset.describedBy ??= control.getAttribute("aria-describedby") ?? "";
  // An untouched empty field is not scolded for being passed by.
  if (control.value || control.getAttribute("aria-invalid")) {
    whenPressed(() => showError(control, control.validationMessage));
  }
});

document.addEventListener(
  "invalid",
  (event) => {
    const control = event.target;
    for (let fold = control.closest("details"); fold; fold = fold.parentElement.closest("details")) {
      fold.open = true;
    }
    if (control.closest("[data-field]")) {
      event.preventDefault();
      showError(control, control.validationMessage);
      if (control === control.form.querySelector(":invalid:not(fieldset)")) {
        control.focus();
      }
    }
  },
  true,
);

// After the server sent a form back: to the first field it refused.
document.querySelector("[data-field] [aria-invalid=true]")?.focus();

// data-guard: warn before leaving with changes.
const changed = new Set();

document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form[data-guard]");
  if (form) {
    changed.add(form);
  }
});
document.addEventListener("submit", (event) => {
  changed.delete(event.target);
});
// At the window, behind all that a page does at the document: what it keeps from being sent stays on the page.
addEventListener("submit", (event) => {
  const button = event.submitter;
  if (button?.matches(".button") && !event.defaultPrevented) {
    button.setAttribute("aria-busy", "true");
  }
});
addEventListener("beforeunload", (event) => {
  if (changed.size > 0) {
    event.preventDefault();
  }
});
addEventListener("pageshow", () => {
  document.querySelectorAll(".button[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
});

/** Say that the form's changes are kept, so that leaving is not asked about. */
export function markSaved(form) {
  changed.delete(form);
}
