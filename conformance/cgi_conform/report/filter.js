// Shows the items that fit the form #filter. The query of the URL holds the filter, and the fragment names one item.
// An item has the attribute data-verdict, and data-NAME for each other select of the form: words, one of which must be
// the chosen value. An item that holds an item that fits is shown, too. Part of a page without such an item is hidden.
// `textOf(item)` returns what the text is searched in. `also()` is called after each change.
function startFilter(form, textOf = (item) => item.textContent, also = () => {}) {
  const fields = [...form.querySelectorAll("select, input")];
  const items = [...document.querySelectorAll("[data-verdict]")].reverse();  // those inside others come first

  function fits(item, text) {
    return fields.every((one) => one.name === "text" || !one.value ||
      (item.dataset[one.name] ?? "").split(" ").includes(one.value)) &&
      (!text || textOf(item).toLowerCase().includes(text));
  }

  function show() {
    const text = form.elements.text.value.trim().toLowerCase();
    let shown = 0;
    for (const item of items) {
      const own = fits(item, text);
      item.hidden = !own && !item.querySelector("[data-verdict]:not([hidden])");
      shown += own ? 1 : 0;
    }
    for (const part of document.querySelectorAll("[data-part]")) {
      part.hidden = !part.querySelector("[data-verdict]:not([hidden])");
    }
    document.getElementById("shown").textContent = `${shown} of ${items.length} shown`;
    also();
  }

  function readUrl() {
    const query = new URLSearchParams(location.search);
    for (const one of fields) {
      one.value = query.get(one.name) ?? "";
      if (one.selectedIndex === -1) one.value = "";  // the URL names no option
    }
  }

  function writeUrl() {
    const query = new URLSearchParams();
    for (const one of fields) if (one.value) query.set(one.name, one.value);
    const words = query.toString();
    history.replaceState(null, "", location.pathname + (words && `?${words}`) + location.hash);
  }

  function showAll() {
    for (const one of fields) one.value = "";
    show();
    writeUrl();
  }

  function openTarget() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.closest("[hidden]")) showAll();
    for (let outer = target; outer; outer = outer.parentElement) if (outer.matches("details")) outer.open = true;
    target.tabIndex = -1;  // browsers take the focus from an element that cannot have it
    target.focus({ preventScroll: true });
    target.scrollIntoView();
  }

  form.hidden = false;
  form.addEventListener("input", () => { show(); writeUrl(); });
  form.addEventListener("reset", (event) => { event.preventDefault(); showAll(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", openTarget);
  addEventListener("popstate", () => { readUrl(); show(); });
  readUrl();
  show();
  openTarget();
}
