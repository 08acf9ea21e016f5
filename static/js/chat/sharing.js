/** The line above a conversation: its links, made and revoked in a dialog, and the menu of its exports. */

import { copyText } from "../copy.js";
import { openDialog } from "../dialogs.js";
import { h, icon } from "../dom.js";
import { getJson, postJson } from "../http.js";
import { gettext, interpolate } from "../i18n.js";
import { toast } from "../toasts.js";

const NIL = /0{8}-0{4}-0{4}-0{4}-0{12}/;
const MENU_PX = 224;

const root = document.querySelector("[data-share]");
const thread = root?.closest("footnote-thread");
const part = (name) => root.querySelector(`[data-share-${name}]`);

/** The addresses of links that were made while this page is open: the server tells each of them once. */
const addresses = new Map();

function here(template) {
  return template.replace(NIL, thread.dataset.conversation);
}

function showMenu(button) {
  const menu = root.querySelector("[data-export-menu]");
  for (const link of menu.querySelectorAll("[data-export]")) {
    link.dataset.template ??= link.getAttribute("href");
    link.href = here(link.dataset.template);
  }
  const at = button.getBoundingClientRect();
  const left = getComputedStyle(button).direction === "rtl" ? at.right - MENU_PX : at.left;
  menu.style.top = `${at.bottom + 4}px`;
  menu.style.left = `${Math.max(8, Math.min(left, innerWidth - MENU_PX - 8))}px`;
}

async function openSharing() {
  openDialog("share-conversation");
  part("refusal").hidden = true;
  part("make").disabled = true;
  part("body").setAttribute("aria-busy", "true");
  try {
    const { refusal, links } = await getJson(here(root.dataset.linksUrl));
    part("make").disabled = refusal !== null;
    say(refusal);
    drawLinks(links);
  } catch (error) {
    say(error.message);
  }
  part("body").removeAttribute("aria-busy");
}

function say(words) {
  part("refusal").hidden = !words;
  part("refusal").textContent = words ?? "";
}

function drawLinks(links) {
  part("list").replaceChildren(...links.map(makeRow));
  part("links").hidden = links.length === 0;
}

function makeRow(link) {
  const address = addresses.get(link.id);
  const revoke = h("button", { class: "button button--small button--danger", type: "button" }, gettext("Revoke"));
  revoke.setAttribute("aria-label", interpolate(gettext("Revoke the link: %(made)s"), { made: link.made }));
  const row = h(
    "li",
    { class: "share__link", "data-link": link.id },
    h(
      "div",
      { class: "share__facts" },
      h("p", {}, link.made),
      h("p", { class: "soft small" }, `${link.expires} · ${link.opened}`),
    ),
    revoke,
    address ? makeAddress(address) : null,
  );
  revoke.addEventListener("click", () => takeAway(row, link));
  return row;
}

function makeAddress(address) {
  const field = h("input", { class: "share__address", type: "text", value: address, readOnly: true, "aria-label": gettext("Address of the link") });
  const button = h("button", { class: "button button--small", type: "button" }, icon("copy", "icon--small"), gettext("Copy"));
  field.addEventListener("focus", () => field.select());
  button.addEventListener("click", async () => {
    if (await copyText(address)) {
      toast(gettext("Copied."), { kind: "ok" });
    } else {
      field.select();
      toast(gettext("The browser did not allow copying. The address is selected: copy it with the keyboard."), { kind: "warn" });
    }
  });
  return h(
    "div",
    { class: "share__new" },
    h("div", { class: "share__copy" }, field, button),
    h("p", { class: "soft small" }, gettext("Copy it now: the address is not kept, and is gone when you leave this page.")),
  );
}

async function make(event) {
  event.preventDefault();
  const button = part("make");
  button.setAttribute("aria-busy", "true");
  try {
    const link = await postJson(here(root.dataset.shareUrl), new FormData(event.target));
    addresses.set(link.id, link.address);
    part("list").prepend(makeRow(link));
    part("links").hidden = false;
    part("list").querySelector(".share__address").focus();
    say(null);
  } catch (error) {
    say(error.message);
  }
  button.removeAttribute("aria-busy");
}

async function takeAway(row, link) {
  const button = row.querySelector(".button--danger");
  button.setAttribute("aria-busy", "true");
  try {
    await postJson(root.dataset.revokeUrl.replace("/0/", `/${link.id}/`), {});
    addresses.delete(link.id);
    row.remove();
    part("links").hidden = !part("list").childElementCount;
    (part("links").hidden ? part("make") : part("heading")).focus();
    toast(gettext("The link no longer works."), { kind: "ok" });
  } catch (error) {
    button.removeAttribute("aria-busy");
    say(error.message);
  }
}

if (thread) {
  root.querySelector("[data-share-open]").addEventListener("click", openSharing);
  part("form").addEventListener("submit", make);
  // Before the popover is shown, which the button itself does.
  root.querySelector("[data-export-open]").addEventListener("click", (event) => showMenu(event.currentTarget));
}
