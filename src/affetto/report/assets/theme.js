// Light and dark: as the system says, until the reader chooses; always light on paper.

const dark = matchMedia("(prefers-color-scheme: dark)");
let chosen = null;
const theme = {};

function readTheme() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["surface", "text", "faint", "line", "silent", "accent"]) {
    theme[name] = style.getPropertyValue(`--${name}`).trim();
  }
}

function setTheme(name) {
  document.documentElement.dataset.theme = name;
  $("theme").textContent = name === "dark" ? "Light" : "Dark";
  $("theme").setAttribute("aria-label", `Use ${name === "dark" ? "light" : "dark"} colours`);
  readTheme();
  document.dispatchEvent(new Event("theme"));
}

const wanted = () => chosen ?? (dark.matches ? "dark" : "light");
$("theme").addEventListener("click", () => {
  chosen = wanted() === "dark" ? "light" : "dark";
  setTheme(chosen);
});
dark.addEventListener("change", () => setTheme(wanted()));
addEventListener("beforeprint", () => setTheme("light"));
addEventListener("afterprint", () => setTheme(wanted()));
setTheme(wanted());
