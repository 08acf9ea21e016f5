/** Ways for files into the composer: the button, dropping them anywhere on the page, pasting them. */

import { gettext } from "../../i18n.js";
import { toast } from "../../toasts.js";

/** Call `take(files)` with what is chosen, dropped or pasted. */
export function takeFiles(form, input, take) {
  const picker = form.querySelector("[data-composer-picker]");
  form.querySelector("[data-composer-attach]").addEventListener("click", () => picker.click());
  picker.addEventListener("change", () => {
    take([...picker.files]);
    picker.value = "";
    input.focus();
  });
  input.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    // A word processor gives a picture of the text along with it: the text is meant.
    if (files.length && !event.clipboardData.getData("text/plain")) {
      event.preventDefault();
      take(files);
    }
  });
  takeDropped(form, take);
}

function takeDropped(form, take) {
  let depth = 0;
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  const leave = () => {
    depth = 0;
    delete form.dataset.over;
  };
  addEventListener("dragenter", (event) => {
    if (carriesFiles(event)) {
      depth += 1;
      form.dataset.over = "";
    }
  });
  addEventListener("dragleave", (event) => {
    if (carriesFiles(event)) {
      depth -= 1;
      if (depth <= 0) {
        leave();
      }
    }
  });
  addEventListener("dragover", (event) => {
    if (carriesFiles(event)) {
      event.preventDefault();
    }
  });
  addEventListener("drop", (event) => {
    if (carriesFiles(event)) {
      event.preventDefault();
      leave();
      take(droppedFiles(event.dataTransfer));
    }
  });
}

function droppedFiles(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const isFolder = (item) => item.webkitGetAsEntry?.()?.isDirectory;
  if (items.some(isFolder)) {
    toast(gettext("Folders cannot be dropped. Open the folder and choose its files."), { kind: "warn" });
  }
  return items.filter((item) => !isFolder(item)).map((item) => item.getAsFile()).filter(Boolean);
}
