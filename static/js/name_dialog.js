/** Asking for one name in a dialog of templates/chat/_name_dialog.html. */

let send = null;

function showError(dialog, message) {
  const error = dialog.querySelector("[data-name-error]");
  error.textContent = message;
  error.hidden = !message;
  dialog.querySelector("input").setAttribute("aria-invalid", String(Boolean(message)));
}

async function submitted(event) {
  event.preventDefault();
  const dialog = event.target.closest("dialog");
  const button = dialog.querySelector("[type=submit]");
  button.setAttribute("aria-busy", "true");
  try {
    await send(dialog.querySelector("input").value);
    dialog.close();
  } catch (error) {
    showError(dialog, error.message);
    dialog.querySelector("input").focus();
  } finally {
    button.removeAttribute("aria-busy");
  }
}

/** Open the dialog `id` with `value` in its field; `save(name)` may refuse with an error, which is shown there. */
export function askName(id, { heading, value, save }) {
  const dialog = document.getElementById(id);
  if (!dialog.dataset.ready) {
    dialog.dataset.ready = "true";
    dialog.querySelector("form").addEventListener("submit", submitted);
  }
  send = save;
  if (heading) {
    dialog.querySelector("[data-dialog-title]").textContent = heading;
  }
  showError(dialog, "");
  const input = dialog.querySelector("input");
  input.value = value;
  dialog.showModal();
  input.select();
}
