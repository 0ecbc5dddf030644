// The report of a run: a case gets its details when it is opened for the first time.
const bodies = JSON.parse(document.getElementById("bodies").textContent);
const rules = JSON.parse(document.getElementById("rules").textContent);
const cases = new Map();  // the details of each case as HTML, by its element
const words = new Map();

function textOf(item) {
  if (!words.has(item)) {
    const body = cases.get(item).replace(/<[^>]*>/g, "").replace(/&lt;/g, "<").replace(/&gt;/g, ">")
      .replace(/&#34;/g, '"').replace(/&#39;/g, "'").replace(/&amp;/g, "&");
    words.set(item, item.textContent + body);
  }
  return words.get(item);
}

function fillIn(item) {
  if (item.children.length > 1) return;
  item.insertAdjacentHTML("beforeend", cases.get(item));
  for (const line of item.querySelectorAll("[data-rule]")) {
    const name = line.textContent;
    const [text, link] = rules[name] ?? ["", ""];
    const source = document.createElement(link ? "a" : "span");
    source.textContent = name;
    if (link) source.href = link;
    line.className = "rule";
    line.replaceChildren(text, " ", source);
  }
  addCopyButtons(item);
}

document.querySelectorAll("main details").forEach((item, number) => {
  cases.set(item, bodies[number]);
  item.dataset.verdict = item.className;
  item.dataset.topic = item.id.split("/")[0];
  item.addEventListener("toggle", () => fillIn(item));
});
startFilter(document.getElementById("filter"), textOf);
