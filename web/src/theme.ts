import { find } from "./dom";

const KEY = "affetto-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");
const followers: (() => void)[] = [];

/** Be told when the colours change. */
export function onTheme(follow: () => void): void {
  followers.push(follow);
}

/** A colour of the style sheet, such as "text". */
export const ink = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

function wanted(): string {
  const chosen = localStorage.getItem(KEY);
  if (chosen === "dark" || chosen === "light") return chosen;
  return dark.matches ? "dark" : "light";
}

function show(): void {
  const name = wanted();
  document.documentElement.dataset.theme = name;
  const other = name === "dark" ? "light" : "dark";
  find("theme").textContent = other === "dark" ? "Dark" : "Light";
  find("theme").setAttribute("aria-label", `Use ${other} colours`);
  for (const follow of followers) follow();
}

/** Light and dark: as the system says, until the person chooses. */
export function startTheme(): void {
  find("theme").addEventListener("click", () => {
    localStorage.setItem(KEY, wanted() === "dark" ? "light" : "dark");
    show();
  });
  dark.addEventListener("change", show);
  show();
}
