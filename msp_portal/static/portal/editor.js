// The editor of a mapping profile: underlines mistakes, inserts columns, helps with functions.
// Everything else it does works without this file, by whole posts.
"use strict";

(() => {
  const editor = document.getElementById("editor");
  const help = document.getElementById("function-help");
  const columnFilter = document.getElementById("column-filter");
  let changed = false; // since everybody was last checked
  let last = null; // the expression that had the focus last

  const expressionOf = (target) => target.closest?.("textarea[data-expression]");

  // The place of a mistake (line and column, from 1) as an underline behind the text.
  function underline(row) {
    const text = row.querySelector("textarea[data-expression]");
    const mirror = row.querySelector(".expression-mirror");
    const result = row.querySelector(".rule-result");
    if (!text || !mirror || !result) return;
    mirror.replaceChildren();
    const wrong = result.querySelector(".result-wrong") && !result.querySelector("output");
    text.toggleAttribute("aria-invalid", false);
    if (wrong) text.setAttribute("aria-invalid", "true");
    if (!result.dataset.line) return;
    const lines = text.value.split("\n");
    const before = lines.slice(0, Number(result.dataset.line) - 1).join("\n");
    const start = (before ? before.length + 1 : 0) + Number(result.dataset.column) - 1;
    const rest = text.value.slice(start);
    const word = rest.match(/^(\[[^\]\n]*\]?|"[^"\n]*"?|\w+|.)/s)?.[0] || " ";
    const mark = document.createElement("mark");
    mark.textContent = word;
    mirror.append(text.value.slice(0, start), mark, rest.slice(word.length));
  }

  // The call around the caret: its name, and which argument the caret is in.
  function callAt(text, caret) {
    const word = text.slice(0, caret).match(/[A-Za-z]\w*$/)?.[0] ?? "";
    const name = word + text.slice(caret).match(/^\w*/)[0];
    if (find(name) || startsOf(word).length) return { name, argument: -1 };
    let depth = 0;
    let commas = 0;
    let quoted = false;
    for (let at = caret - 1; at >= 0; at -= 1) {
      const sign = text[at];
      if (sign === '"' && text[at - 1] !== "\\") quoted = !quoted;
      if (quoted) continue;
      if (sign === ")") depth += 1;
      else if (sign === "," && depth === 0) commas += 1;
      else if (sign === "(" && depth > 0) depth -= 1;
      else if (sign === "(") {
        const outer = text.slice(0, at).match(/\w*$/)[0];
        if (find(outer)) return { name: outer, argument: commas };
        commas = 0;
      }
    }
    return { name, argument: -1 };
  }

  const entries = [...document.querySelectorAll("[data-function]")];
  const find = (name) => entries.find((each) => each.dataset.function === name);
  const startsOf = (name) => (name.length < 2 ? [] : entries.filter(
    (each) => each.dataset.function.toLowerCase().startsWith(name.toLowerCase())).slice(0, 6));

  function showHelp(text) {
    const { name, argument } = callAt(text.value, text.selectionStart);
    const entry = find(name);
    const key = `${name}/${argument}`;
    if (help.dataset.shown === key) return;
    help.dataset.shown = key;
    if (entry) {
      const copy = entry.cloneNode(true);
      copy.removeAttribute("data-function");
      emphasise(copy.querySelector("[data-signature]"), argument);
      help.replaceChildren(copy);
      return;
    }
    const near = startsOf(name);
    const line = document.createElement("p");
    line.className = near.length ? "" : "muted";
    line.textContent = near.length
      ? near.map((each) => each.querySelector("[data-signature]").textContent).join("\n")
      : "Help on the function at the cursor appears here.";
    line.classList.toggle("signatures", near.length > 0);
    help.replaceChildren(line);
  }

  function emphasise(signature, argument) {
    const [, head, list] = signature.textContent.match(/^(\w+\()(.*)\)$/) ?? [];
    if (argument < 0 || !head) return;
    const parts = list.split(",");
    const at = Math.min(argument, parts.at(-1).trim() === "..." ? parts.length - 2 : parts.length - 1);
    signature.replaceChildren(head);
    parts.forEach((part, number) => {
      const shown = number === at ? document.createElement("b") : document.createElement("span");
      shown.textContent = part;
      signature.append(shown, number < parts.length - 1 ? "," : ")");
    });
  }

  const kindOf = (row) => row.querySelector("select[name$='-kind']");

  function insert(text) {
    const goal = last ?? editor.querySelector("textarea[data-expression]");
    if (!goal) return;
    const kind = kindOf(goal.closest(".rule-row"));
    if (kind.value === "constant" && !goal.value) kind.value = "column";
    goal.focus();
    if (kind.value === "column") goal.value = text.slice(1, -1);
    else goal.setRangeText(text, goal.selectionStart, goal.selectionEnd, "end");
    goal.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // A column's name becomes the expression that reads it, and back.
  function convert(kind) {
    const text = kind.closest(".rule-row").querySelector("textarea[data-expression]");
    const known = [...document.querySelectorAll("#columns > li")].map((each) => each.dataset.columnName);
    if (kind.value === "expression" && known.includes(text.value.trim())) {
      text.value = `[${text.value.trim()}]`;
    } else if (kind.value === "column") {
      text.value = text.value.trim().replace(/^\[([^[\]]*)\]$/, "$1");
    }
  }

  function visibleColumns() {
    return [...document.querySelectorAll("#columns > li")].filter((each) => !each.hidden);
  }

  function filterColumns() {
    const wanted = columnFilter.value.trim().toLowerCase();
    for (const each of document.querySelectorAll("#columns > li")) {
      each.hidden = !each.dataset.columnName.toLowerCase().includes(wanted);
    }
  }

  editor.addEventListener("focusin", (event) => {
    const text = expressionOf(event.target);
    if (text) { last = text; showHelp(text); }
  });
  for (const name of ["keyup", "click", "input"]) {
    editor.addEventListener(name, (event) => {
      const text = expressionOf(event.target);
      if (text) showHelp(text);
    });
  }
  editor.addEventListener("input", (event) => {
    const row = event.target.closest?.(".rule-row");
    if (row) row.querySelector(".expression-mirror")?.replaceChildren();
    const looking = ["", "q", "person", "show", "note"].includes(event.target.name ?? "");
    if (!looking) {
      changed = true;
      document.getElementById("effect")?.setAttribute("data-stale", "");
    }
    if (event.target === columnFilter) filterColumns();
  });
  editor.addEventListener("change", (event) => {
    if (event.target.matches(".rule-row select[name$='-kind']")) convert(event.target);
  });
  editor.addEventListener("keydown", (event) => {
    if (event.key === " " && event.ctrlKey && expressionOf(event.target) && columnFilter) {
      event.preventDefault();
      columnFilter.focus();
    }
    if (event.key === "Enter" && event.target.id === "q") {
      event.preventDefault();
      document.getElementById("person").focus();
    }
    if (event.target !== columnFilter) return;
    if (event.key === "Enter") {
      event.preventDefault();
      visibleColumns()[0]?.querySelector("[data-insert]").click();
      columnFilter.value = "";
      filterColumns();
    } else if (event.key === "Escape") {
      last?.focus();
    }
  });
  editor.addEventListener("click", (event) => {
    const button = event.target.closest("[data-insert]");
    if (button) insert(button.dataset.insert);
  });
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target?.id === "effect") changed = false;
  });
  for (const name of ["htmx:afterSwap", "htmx:oobAfterSwap"]) {
    document.body.addEventListener(name, (event) => {
      const swapped = event.detail.target ?? event.target;
      if (swapped.id === "effect") document.getElementById("effect").toggleAttribute("data-stale", changed);
      if (swapped.id === "person") swapped.dispatchEvent(new Event("change", { bubbles: true }));
      for (const row of editor.querySelectorAll(".rule-row")) underline(row);
    });
  }
  for (const row of editor.querySelectorAll(".rule-row")) underline(row);
})();
