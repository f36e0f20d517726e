/** The page of recordings: what is dropped is heard, kept in the library, and shown. */

import { guarded, tell } from "../alert";
import { type About, analyze, type Models, type Options, request, type Timeline } from "../api";
import { find, make } from "../dom";
import * as library from "../library";
import { clock } from "../text";
import { onTheme } from "../theme";
import { colourOf } from "../vocabulary";
import { WordSwitch } from "../words/switch";
import { View } from "./view";

const value = (id: string): string => find<HTMLInputElement | HTMLSelectElement>(id).value;

export class RecordingPage {
  private view: View | null = null;
  private waiting: Promise<void> = Promise.resolve();
  private stop: AbortController | null = null;
  private readonly words: WordSwitch;

  constructor(
    private readonly about: About,
    private readonly models: Models,
  ) {
    const names = models.loaded.map((name) => make("option", {}, name));
    find("model").replaceChildren(...names);
    this.words = new WordSwitch("words", about.words);
    find("fetch").hidden = !about.fetch;
    const file = find<HTMLInputElement>("file");
    file.disabled = false;
    file.addEventListener("change", () => {
      this.choose([...(file.files ?? [])]);
      file.value = "";
    });
    find("fetch").addEventListener("submit", (event) => {
      event.preventDefault();
      const url = value("url");
      const name = url.split(/[?#]/)[0]?.split("/").pop() || url;
      void guarded(() => this.queue(name, url));
    });
    find("cancel").addEventListener("click", () => this.stop?.abort());
    this.dropping();
    onTheme(() => this.view?.recolour());
    void guarded(() => this.list());
  }

  private dropping(): void {
    const drop = find("drop");
    const over = (event: DragEvent): void => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      drop.classList.add("over");
    };
    addEventListener("dragenter", over);
    addEventListener("dragover", over);
    addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) drop.classList.remove("over");
    });
    addEventListener("drop", (event) => {
      event.preventDefault();
      drop.classList.remove("over");
      this.choose([...(event.dataTransfer?.files ?? [])]);
    });
  }

  private choose(files: File[]): void {
    tell(null);
    const most = this.about.limits.bytes;
    for (const { name, size } of files.filter((file) => file.size > most)) {
      // Cut upward: what is too large must not look as if it were not.
      const found = `${Math.ceil(size / 1e4) / 100} MB`;
      tell(`${name}: found ${found}, expected at most ${most / 1e6} MB: send it in parts.`);
    }
    for (const file of files.filter(({ size }) => size <= most)) {
      // One of several: the next must not take away what was told of the one before.
      void guarded(() => this.queue(file.name, file), false);
    }
  }

  /** Have it heard after those before it; fails where it can't be, or can't be kept. */
  private queue(name: string, sound: Blob | string): Promise<void> {
    const chosen = { model: value("model"), speakers: value("voices"), prior: value("prior") };
    const options = { ...chosen, ...this.words.options };
    const heard = this.waiting.then(() => this.hear(name, sound, options));
    this.waiting = heard.catch(() => {}); // told by whoever asked
    return heard;
  }

  /** Hear a recording, or what lies at an address. */
  private async hear(name: string, sound: Blob | string, options: Options): Promise<void> {
    this.stop = new AbortController();
    const { signal } = this.stop;
    find("progress").hidden = false;
    try {
      let blob = sound;
      if (typeof blob === "string") {
        find("progress-text").textContent = `Fetching ${name} …`;
        const at = `v1/fetch?${new URLSearchParams({ url: blob })}`;
        blob = await (await request(at, { method: "POST", signal })).blob();
      }
      const doing = options.words ? "Hearing and writing down" : "Hearing";
      find("progress-text").textContent = `${doing} ${name} …`;
      const wanted = { ...options, track: true, drawing: true };
      const timeline = await analyze(blob, name, wanted, signal);
      await this.add(name, blob, timeline, options);
    } finally {
      find("progress").hidden = true;
    }
  }

  /** Take sound from another page, until it is heard, where it has no timeline yet, and kept. */
  async take(name: string, sound: Blob, timeline: Timeline | null): Promise<void> {
    if (timeline) await this.add(name, sound, timeline, {});
    else await this.queue(name, sound);
  }

  private async add(
    name: string,
    sound: Blob,
    timeline: Timeline,
    options: Options,
  ): Promise<void> {
    const added = Date.now();
    const entry = { id: library.newId(), name, added, options, timeline, sound };
    this.open(entry);
    try {
      await library.keep(entry);
    } catch {
      throw new Error("This browser keeps no more recordings: remove some of the recent ones.");
    }
    await this.list();
  }

  private open(entry: library.Entry): void {
    this.view?.close();
    this.view = new View(entry, this.about, this.models);
    find("view").focus({ preventScroll: true });
    find("view").scrollIntoView({ behavior: "smooth" });
  }

  private async list(): Promise<void> {
    const lines = await library.lines();
    find("library-empty").hidden = lines.length > 0;
    find("library").replaceChildren(...lines.map((line) => this.line(line)));
  }

  private line(line: library.Line): HTMLLIElement {
    const ribbon = make("span", { class: "ribbon", "aria-hidden": "true" });
    for (const [start, end, emotion] of line.ribbon) {
      const part = make("i");
      part.style.left = `${(100 * start) / line.duration}%`;
      part.style.width = `${(100 * (end - start)) / line.duration}%`;
      part.style.background = colourOf(emotion);
      ribbon.append(part);
    }
    const when = new Date(line.added).toLocaleDateString();
    const facts = `${clock(line.duration)} · ${line.dominant ?? "no speech"} · ${when}`;
    const open = make(
      "button",
      {
        type: "button",
        class: "entry",
        onclick: () =>
          void guarded(async () => {
            const entry = await library.find(line.id);
            if (entry) this.open(entry);
          }),
      },
      make("b", {}, line.name),
      make("span", { class: "faint" }, facts),
      ribbon,
    );
    const remove = make(
      "button",
      {
        type: "button",
        class: "quiet",
        "aria-label": `Remove ${line.name}`,
        title: "Remove",
        onclick: () =>
          void guarded(async () => {
            await library.remove(line.id);
            await this.list();
          }),
      },
      "✕",
    );
    return make("li", {}, open, remove);
  }

  key(name: string): boolean {
    return this.view?.key(name) ?? false;
  }

  /** Draw anew what was hidden. */
  shown(): void {
    this.view?.recolour();
  }
}
