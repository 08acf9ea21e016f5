/** Dialogs: a button with data-dialog-open="ID" opens one, data-dialog-close or a click outside closes it. */

/** Open the dialog with this id. */
export function openDialog(id) {
  const dialog = document.getElementById(id);
  if (dialog && !dialog.open) {
    dialog.showModal();
  }
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog-open]");
  if (opener) {
    opener.closest("[popover]")?.hidePopover();
    openDialog(opener.dataset.dialogOpen);
    return;
  }
  if (event.target.closest("[data-dialog-close]") || event.target.matches("dialog[open]")) {
    event.target.closest("dialog")?.close();
  }
});
