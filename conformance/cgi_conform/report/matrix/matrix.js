// On the first page the chosen area hides the other columns, and level and verdict change the numbers in the cells.
const form = document.getElementById("filter");

function watchTable(counts) {
  const { area, level, verdict, text } = form.elements;
  const verdicts = [...verdict.options].map((option) => option.value).filter(Boolean);  // the worst first
  const rows = [...document.querySelectorAll("[data-row]")];
  const judged = [...document.querySelectorAll("[data-counts]")];

  function numbers(levels) {
    const total = {};
    for (const [name, found] of Object.entries(levels ?? {})) {
      if (level.value && name !== level.value) continue;
      for (const [each, number] of Object.entries(found)) total[each] = (total[each] ?? 0) + number;
    }
    return total;
  }

  function fill(cell, total, name) {
    const shown = verdict.value || verdicts.find((each) => total[each]) || "";
    const sum = Object.values(total).reduce((left, right) => left + right, 0);
    const number = total[shown] ?? 0;
    const link = cell.querySelector("a");
    cell.className = number ? shown : "";
    if (!link) return;
    link.hidden = !number;
    link.querySelector("b").textContent = number;
    const rest = link.querySelector("small") ?? link.appendChild(document.createElement("small"));
    rest.textContent = number === sum ? "" : `/${sum}`;
    const words = verdicts.filter((each) => total[each]).map((each) => `${total[each]} ${each}`).join(", ");
    link.setAttribute("aria-label", `${name}, ${cell.dataset.area}: ${words || "no case"}`);
    const query = new URLSearchParams(link.search);
    for (const one of [level, verdict]) one.value ? query.set(one.name, one.value) : query.delete(one.name);
    link.search = query.toString();
  }

  return () => {
    const wanted = text.value.trim().toLowerCase();
    for (const row of rows) row.hidden = !row.querySelector("th").textContent.toLowerCase().includes(wanted);
    judged.forEach((row, number) => {
      const name = row.querySelector("th a").textContent;
      for (const cell of row.querySelectorAll("td[data-area]")) fill(cell, numbers(counts[number][cell.dataset.area]), name);
    });
    for (const cell of document.querySelectorAll("[data-area]")) {
      cell.hidden = Boolean(area.value) && cell.dataset.area !== area.value;
    }
    const shown = rows.filter((row) => !row.hidden).length;
    document.getElementById("shown").textContent = `${shown} of ${rows.length} rows shown`;
  };
}

const counts = document.getElementById("counts");
if (form) startFilter(form, undefined, counts ? watchTable(JSON.parse(counts.textContent)) : undefined);
