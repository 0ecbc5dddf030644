"use strict";
// Adds a button to each line to paste, which copies the line. Lines may be added later: call addCopyButtons(element).
function addCopyButtons(element) {
  for (const block of element.querySelectorAll("pre.again:not(:has(button))")) {
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
}
addCopyButtons(document);
