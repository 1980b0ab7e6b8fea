"use strict";
const rows = JSON.parse(document.getElementById("data").textContent);
const tip = document.getElementById("tip"), panel = document.getElementById("panel");
const marks = [...document.querySelectorAll(".row")];
let opened = null;

function visible() { return marks.filter(m => m.getClientRects().length > 0); }

function say(mark) {
  const row = rows[mark.dataset.row];
  tip.textContent = [row.label, ...row.facts.map(([name, value]) => name + ": " + value)].join("\n");
  tip.hidden = false;
}

function place(x, y) {
  const box = tip.getBoundingClientRect();
  tip.style.left = Math.max(8, Math.min(x + 14, innerWidth - box.width - 8)) + "px";
  tip.style.top = (y + 18 + box.height > innerHeight ? Math.max(8, y - box.height - 10) : y + 18) + "px";
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function open(mark) {
  close();
  const row = rows[mark.dataset.row], list = document.createElement("dl");
  opened = mark;
  mark.setAttribute("aria-expanded", "true");
  for (const [name, value] of row.facts) list.append(element("dt", name), element("dd", value));
  for (const note of row.notes) list.append(element("dt", "Note"), element("dd", note));
  for (const source of row.sources) list.append(element("dt", "Read in"), element("dd", source));
  if (!row.sources.length && row.kind === "study") list.append(element("dt", "Read in"), element("dd", "no source was handed to this figure"));
  const button = element("button", "Close");
  button.addEventListener("click", () => { const back = opened; close(); if (back) back.focus(); });
  panel.replaceChildren(element("h2", row.label), list, button);
  panel.hidden = false;
  panel.scrollIntoView({ block: "nearest" });
}

function close() {
  if (opened) opened.setAttribute("aria-expanded", "false");
  opened = null;
  panel.hidden = true;
  tip.hidden = true;
}

for (const mark of marks) {
  mark.addEventListener("mouseenter", event => { say(mark); place(event.clientX, event.clientY); });
  mark.addEventListener("mousemove", event => place(event.clientX, event.clientY));
  mark.addEventListener("mouseleave", () => { tip.hidden = true; });
  mark.addEventListener("focus", () => { const box = mark.getBoundingClientRect(); say(mark); place(box.left + box.width / 2, box.bottom - 10); });
  mark.addEventListener("blur", () => { tip.hidden = true; });
  mark.addEventListener("click", () => open(mark));
  mark.addEventListener("keydown", event => {
    const all = visible(), at = all.indexOf(mark);
    const next = { ArrowDown: all[at + 1], ArrowUp: all[at - 1], Home: all[0], End: all[all.length - 1] }[event.key];
    if (next) { next.focus(); event.preventDefault(); }
    if (event.key === "Enter" || event.key === " ") { open(mark); event.preventDefault(); }
  });
}
document.addEventListener("keydown", event => { if (event.key === "Escape") { const back = opened; close(); if (back) back.focus(); } });
