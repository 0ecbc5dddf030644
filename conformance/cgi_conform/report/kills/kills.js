startFilter(document.getElementById("filter"));
