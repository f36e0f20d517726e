/** The page: three pages under one address, and the keyboard. */

import { guarded } from "./alert";
import { type About, get, type Models, onToken } from "./api";
import { find } from "./dom";
import { LivePage } from "./live/page";
import { showModels } from "./models/page";
import { RecordingPage } from "./recording/page";
import { startTheme } from "./theme";
import { learn } from "./vocabulary";

interface Shown {
  key?(name: string): boolean;
  shown?(): void;
}

const PAGES = ["recording", "live", "models"];
const pages: Record<string, Shown> = {};

function current(): string {
  const name = location.hash.slice(1);
  return PAGES.includes(name) ? name : "recording";
}

function route(): void {
  for (const name of PAGES) find(`page-${name}`).hidden = name !== current();
  for (const link of document.querySelectorAll<HTMLElement>("nav a")) {
    if (link.dataset.page === current()) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  pages[current()]?.shown?.();
}

function keys(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target as HTMLElement;
  if (target.closest("input, select, dialog, summary")) return;
  if (event.key === " " && target.closest("button")) return;
  const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (pages[current()]?.key?.(name)) event.preventDefault();
}

function askForToken(wrong: boolean): Promise<string> {
  const dialog = find<HTMLDialogElement>("ask");
  const field = find<HTMLInputElement>("token");
  if (wrong) find("ask-title").textContent = "That is not this server’s token";
  field.value = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(field.value), { once: true });
  });
}

async function start(): Promise<void> {
  const [about, models] = await Promise.all([get<About>("v1/about"), get<Models>("v1/models")]);
  learn(about);
  const recording = new RecordingPage(about, models);
  pages.recording = recording;
  pages.live = new LivePage(about, async (name, sound, timeline) => {
    location.hash = "recording";
    route(); // what isn't shown can't be drawn, nor have the focus
    await recording.take(name, sound, timeline);
  });
  showModels(models);
  find("server").textContent = `affetto ${about.version}`;
  route();
  document.documentElement.dataset.ready = "";
}

startTheme();
onToken(askForToken);
// Its address would be that of a page.
document.querySelector(".skip")?.addEventListener("click", (event) => {
  event.preventDefault();
  find("main").focus();
});
addEventListener("hashchange", route);
addEventListener("keydown", keys);
route();
void guarded(start);
