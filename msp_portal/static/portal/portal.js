// Progressive enhancement only: every page works without this file.
// Loaded in <head> without defer, so that a chosen theme is set before the first paint.
"use strict";

const root = document.documentElement;
const themeKey = "portal-theme";

function stored() {
  try { return localStorage.getItem(themeKey); } catch { return null; }
}

function currentTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  return root.dataset.theme || (dark ? "dark" : "light");
}

function switchTheme() {
  root.dataset.theme = currentTheme() === "dark" ? "light" : "dark";
  try { localStorage.setItem(themeKey, root.dataset.theme); } catch { /* storage may be closed */ }
}

async function copy(button) {
  await navigator.clipboard.writeText(button.dataset.copy);
  const status = button.querySelector("[data-copied]");
  status.textContent = "Copied";
  setTimeout(() => { status.textContent = ""; }, 2000);
}

function describe(input) {
  const output = input.closest("[data-dropzone]").querySelector("output");
  const file = input.files[0];
  output.textContent = file ? `${file.name}, ${Math.ceil(file.size / 1024).toLocaleString("en")} KB` : "";
}

function onDrag(event) {
  const zone = event.target.closest?.("[data-dropzone]");
  if (!zone) return;
  event.preventDefault();
  zone.classList.toggle("is-over", event.type === "dragover");
  if (event.type !== "drop") return;
  const input = zone.querySelector("input[type=file]");
  input.files = event.dataTransfer.files;
  describe(input);
}

if (["light", "dark"].includes(stored())) root.dataset.theme = stored();
root.dataset.js = "";

for (const name of ["dragover", "dragleave", "drop"]) document.addEventListener(name, onDrag);
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-dropzone] input[type=file]")) describe(event.target);
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-theme-switch]")) switchTheme();
  if (event.target.closest("[data-print]")) print();
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});
