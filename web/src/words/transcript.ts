/** What is said in a recording: read, followed while it plays, found, and clicked to go there. */

import type { Timeline } from "../api";
import { find, make } from "../dom";
import { clock, lastNotAbove, percent } from "../text";
import { saidAt, type Timed } from "./follow";
import { disagrees, doubted, mark, phraseLine } from "./phrase";

const plainly = (text: string): string => text.toLowerCase().trim().replace(/\s+/g, " ");

const byStart = (a: { start: number }, b: { start: number }): number => a.start - b.start;

/** Marks one of several elements, and tells of another than before. */
class Marker {
  private marked: Element | null = null;

  constructor(private readonly name: string) {}

  move(to: Element | null): boolean {
    if (to === this.marked) return false;
    this.marked?.removeAttribute(this.name);
    to?.setAttribute(this.name, "true");
    this.marked = to;
    return true;
  }
}

export class Transcript {
  private readonly words: Timed<HTMLElement>[] = [];
  private readonly phrases: Timed<HTMLLIElement>[];
  private readonly word = new Marker("data-now");
  private readonly phrase = new Marker("aria-current");

  constructor(
    timeline: Timeline,
    private readonly seek: (time: number) => void,
    private readonly now: () => number,
    signal: AbortSignal,
  ) {
    const said = timeline.words;
    find("said-card").hidden = !said;
    const rows = [...(said?.phrases ?? [])].sort(byStart);
    this.phrases = rows.map((phrase) => {
      const at = clock(phrase.start, 1);
      const jump = make(
        "button",
        { type: "button", class: "jump", "aria-label": `Go to the phrase at ${at}` },
        at,
      );
      jump.addEventListener("click", () => seek(phrase.start), { signal });
      const line = phraseLine(phrase, {
        language: said?.language ?? null,
        jump,
        word: (word, text) => {
          const unsure = doubted(word);
          const title = unsure
            ? `heard with ${percent(word.confidence ?? 0)} certainty`
            : undefined;
          const span = make("span", { class: unsure && "doubted", title }, text);
          span.dataset.seek = word.start.toFixed(3);
          this.words.push({ start: word.start, end: word.end, what: span });
          return span;
        },
      });
      return { start: phrase.start, end: phrase.end, what: line };
    });
    this.words.sort(byStart);
    const nothing = make("li", {}, make("p", {}, "No words were found."));
    find("said").replaceChildren(
      ...(rows.length ? this.phrases.map(({ what }) => what) : [nothing]),
    );
    if (!said) return;
    this.tell(
      said,
      rows.filter(disagrees).length,
      rows.some((phrase) => phrase.words.some(doubted)),
    );
    const on = (id: string, event: string, act: (event: Event) => void): void =>
      find(id).addEventListener(event, act, { signal });
    on("said", "click", ({ target }) => this.click(target as Element));
    on("said", "keydown", (event) => this.step(event as KeyboardEvent));
    on("find-said", "input", () => this.sift());
    on("only-apart", "click", () => {
      const button = find("only-apart");
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      this.sift();
    });
  }

  /** Say who wrote it down, what the words count for, and what the marks mean. */
  private tell(said: NonNullable<Timeline["words"]>, apart: number, someDoubted: boolean): void {
    find<HTMLInputElement>("find-said").value = "";
    find("found").textContent = "";
    find("said-tools").hidden = !said.phrases.length;
    const only = find("only-apart");
    only.hidden = !apart;
    only.setAttribute("aria-pressed", "false");
    only.replaceChildren(mark(), ` Only where voice and words disagree (${apart})`);
    const facts = [
      said.transcriber && `Written down by ${said.transcriber}.`,
      said.translator && `Translated by ${said.translator}.`,
      said.model &&
        `${said.model} judges the words, which count with the weight ${said.weight} beside the voice.`,
      someDoubted && "Dotted words may have been misheard.",
    ];
    const paragraphs = [make("p", { class: "how" }, facts.filter(Boolean).join(" "))];
    if (apart) {
      const why =
        " Voice and words disagree: a friendly word said angrily, say. Irony, politeness and holding back " +
        "sound like that, and so does a word or a tone that was misheard; listen before you conclude.";
      paragraphs.push(make("p", { class: "how" }, mark(), why));
    }
    find("said-how").replaceChildren(...paragraphs);
  }

  private click(target: Element): void {
    const word = target.closest<HTMLElement>("[data-seek]");
    if (word) this.seek(Number(word.dataset.seek));
  }

  /** By keyboard, from a phrase's time: up and down to other phrases, left and right word by word. */
  private step(event: KeyboardEvent): void {
    const button = (event.target as Element).closest(".jump");
    const aside = { ArrowLeft: -1, ArrowRight: 1 }[event.key] ?? 0;
    const along = { ArrowUp: -1, ArrowDown: 1 }[event.key] ?? 0;
    if (!button || !(aside || along) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation(); // else the page moves the playhead, too
    const focus = (line: Element | null | undefined): void =>
      line?.querySelector<HTMLElement>(".jump")?.focus();
    if (along) {
      const shown = this.phrases.map(({ what }) => what).filter((line) => !line.hidden);
      focus(shown[shown.findIndex((line) => line.contains(button)) + along]);
      return;
    }
    const at = lastNotAbove(this.words.length, this.now() + 1e-3, (k) => this.words[k]?.start ?? 0);
    const next = this.words[at + aside];
    if (!next) return;
    this.seek(next.start);
    focus(next.what.closest("li"));
  }

  /** Show the phrases that hold what is looked for (a word, a name, a feeling), or where the two disagree. */
  private sift(): void {
    const wanted = plainly(find<HTMLInputElement>("find-said").value);
    const apart = find("only-apart").getAttribute("aria-pressed") === "true";
    let count = 0;
    for (const { what: line } of this.phrases) {
      const kept =
        plainly(line.textContent ?? "").includes(wanted) &&
        (!apart || line.classList.contains("apart"));
      line.hidden = !kept;
      count += Number(kept);
    }
    const all = this.phrases.length;
    find("found").textContent = wanted || apart ? `${count} of ${all} phrases` : "";
  }

  /** Mark the word and the phrase that are said at a time. */
  show(time: number): void {
    this.word.move(saidAt(this.words, time));
    const line = saidAt(this.phrases, time);
    if (!this.phrase.move(line) || !line?.offsetHeight) return;
    const box = line.closest<HTMLElement>(".scroll");
    if (!box || box.scrollHeight <= box.clientHeight) return;
    // Only the list scrolls, never the page under the reader's eyes.
    const top = line.offsetTop;
    const bottom = top + line.offsetHeight;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (bottom > box.scrollTop + box.clientHeight) box.scrollTop = bottom - box.clientHeight;
  }
}
