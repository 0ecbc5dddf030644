"use strict";
const form = document.getElementById("filter");
const cases = [...document.querySelectorAll("details")];
const words = new Map(cases.map((item) => [item, item.textContent.toLowerCase()]));

function filter() {
  const wanted = new Set([...form.querySelectorAll("[name=verdict]:checked")].map((box) => box.value));
  const topic = form.elements.topic.value;
  const text = form.elements.text.value.trim().toLowerCase();
  let shown = 0;
  for (const item of cases) {
    item.hidden = !wanted.has(item.className) || (topic && !item.id.startsWith(topic + "/")) ||
      !words.get(item).includes(text);
    shown += item.hidden ? 0 : 1;
  }
  for (const section of document.querySelectorAll("section.topic")) {
    section.hidden = !section.querySelector("details:not([hidden])");
  }
  document.getElementById("shown").textContent = `${shown} of ${cases.length} cases shown`;
}

function openTarget() {
  const item = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (item && item.matches("details")) {
    if (item.hidden) form.reset(), filter();
    item.open = true;
    item.scrollIntoView();
  }
}

form.hidden = false;
form.addEventListener("input", filter);
form.addEventListener("reset", () => setTimeout(filter));
form.addEventListener("submit", (event) => event.preventDefault());

for (const cell of document.querySelectorAll("td.n")) {
  const topic = cell.parentElement.querySelector("th").textContent;
  const verdict = cell.classList[1];
  const button = document.createElement("button");
  button.textContent = cell.textContent;
  button.title = `show the cases of topic ${topic} with verdict ${verdict}`;
  button.addEventListener("click", () => {
    for (const box of form.querySelectorAll("[name=verdict]")) box.checked = box.value === verdict;
    form.elements.topic.value = topic;
    form.elements.text.value = "";
    filter();
    form.scrollIntoView();
  });
  cell.replaceChildren(button);
}

for (const block of document.querySelectorAll("pre.again")) {
  const line = block.textContent;
  const button = document.createElement("button");
  button.className = "copy";
  button.textContent = "copy";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(line);
    } catch {
      const range = document.createRange();
      range.selectNodeContents(block.firstChild);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      document.execCommand("copy");
    }
    button.textContent = "copied";
    setTimeout(() => { button.textContent = "copy"; }, 1500);
  });
  block.append(button);
}

addEventListener("hashchange", openTarget);
filter();
openTarget();
