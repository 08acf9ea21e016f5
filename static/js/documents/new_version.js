/** The dialog that gives a document another file: choosing or dropping it, its progress, and what the server says. */

import { icon } from "../dom.js";
import { gettext } from "../i18n.js";
import { toast } from "../toasts.js";
import { refusal, sendFile, sentWords } from "./send_file.js";

const dialog = document.getElementById("new-version");
const form = dialog.querySelector("[data-new-version]");
const picker = form.elements.file;
const item = dialog.querySelector("[data-sending]");
const problem = dialog.querySelector("[data-problem]");

let stop = null;

function showProblem(message) {
  problem.replaceChildren(...(message ? [icon("alert", "icon--small"), message] : []));
  problem.hidden = !message;
}

function showSending(file) {
  form.hidden = Boolean(file);
  item.hidden = !file;
  item.querySelector("[data-sending-name]").textContent = file?.name ?? "";
  showSent(0);
}

function showSent(share) {
  item.querySelector("[data-sending-words]").textContent =
    share === 1 ? gettext("Sent, the server is keeping it") : sentWords(share);
  item.querySelector("progress").value = share;
}

async function take(file) {
  const refused = refusal(file, form.dataset);
  showProblem(refused);
  if (refused || stop) {
    return;
  }
  showSending(file);
  const sending = sendFile(form.action, {}, file, showSent);
  stop = sending.stop;
  item.querySelector("[data-stop]").focus();
  try {
    const answer = await sending.answer;
    stop = null;
    if (answer.message) {
      dialog.close();
      toast(answer.message);
    } else {
      // The page says how far the new version is, and shows the one before meanwhile.
      location.reload();
      return;
    }
  } catch (error) {
    if (stop) {
      showProblem(error.message);
    }
    stop = null;
  }
  showSending(null);
  picker.focus();
}

function breakOff() {
  const running = stop;
  stop = null;
  running?.();
}

picker.addEventListener("change", () => {
  const [file] = picker.files;
  picker.value = "";
  if (file) {
    take(file);
  }
});
form.addEventListener("submit", (event) => event.preventDefault());
dialog.querySelector("[data-stop]").addEventListener("click", breakOff);
dialog.addEventListener("close", () => {
  breakOff();
  showProblem("");
});

const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
dialog.addEventListener("dragover", (event) => {
  if (carriesFiles(event)) {
    event.preventDefault();
    form.dataset.over = "";
  }
});
dialog.addEventListener("dragleave", () => delete form.dataset.over);
dialog.addEventListener("drop", (event) => {
  if (!carriesFiles(event)) {
    return;
  }
  event.preventDefault();
  delete form.dataset.over;
  const files = event.dataTransfer.files;
  if (files.length > 1) {
    showProblem(gettext("A document has one file. Drop a single one."));
  } else if (files.length) {
    take(files[0]);
  }
});
addEventListener("beforeunload", (event) => {
  if (stop) {
    event.preventDefault();
  }
});
