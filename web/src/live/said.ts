/** What is said while it is said: phrases as they end, and in grey what is heard of the one to come. */

import type { Phrase } from "../api";
import { find, make } from "../dom";
import { percent } from "../text";
import { colourOf, inOrder } from "../vocabulary";
import { phraseLine } from "../words/phrase";
import type { WordsUpdate } from "./stream";

const BEHIND = 3; // seconds from which a lag is told
const MOST = 3; // feelings that are named

/** How much of each feeling there is, as a bar and, of the first few, in figures. */
function ratios(phrase: Phrase): HTMLElement {
  const bar = make("span", { class: "ratio", "aria-hidden": "true" });
  for (const label of inOrder(Object.keys(phrase.scores))) {
    const part = make("i");
    part.style.width = `${100 * (phrase.scores[label] ?? 0)}%`;
    part.style.background = colourOf(label);
    bar.append(part);
  }
  const ranked = Object.entries(phrase.scores).sort(([, a], [, b]) => b - a);
  const told = ranked
    .slice(0, MOST)
    .filter(([, part]) => part >= 0.05)
    .map(([label, part]) => `${label} ${percent(part)}`);
  return make("p", { class: "ratios" }, bar, make("span", { class: "figure" }, told.join(" · ")));
}

export class Said {
  /** Begin with nothing said; hidden where nobody asked. */
  begin(asked: boolean): void {
    find("live-said-card").hidden = !asked;
    find("live-said").replaceChildren();
    find("live-said-empty").hidden = false;
    this.partial("");
    this.note("");
  }

  update({ phrases, text, behind }: WordsUpdate): void {
    this.add(phrases);
    this.partial(text);
    this.note(
      behind >= BEHIND ? `${Math.round(behind)} s of sound are yet to be written down.` : "",
    );
    this.scroll();
  }

  /** The voice goes on alone. */
  fault(text: string): void {
    this.partial("");
    this.note(`Words ended: ${text}`);
  }

  /** All that was said, once it is known, and what there is to say about it. */
  end(phrases: Phrase[], warnings: string[]): void {
    find("live-said").replaceChildren();
    find("live-said-empty").hidden = true;
    this.add(phrases);
    this.partial("");
    this.note([phrases.length ? "" : "No words were found.", ...warnings].join(" ").trim());
    this.scroll();
  }

  private add(phrases: Phrase[]): void {
    if (phrases.length) find("live-said-empty").hidden = true;
    const lines = phrases.map((phrase) => {
      const line = phraseLine(phrase, { language: null });
      if (phrase.emotion !== null) line.append(ratios(phrase));
      return line;
    });
    find("live-said").append(...lines);
  }

  private partial(text: string): void {
    const line = find("live-partial");
    line.textContent = text && `${text} …`;
    line.hidden = !text;
    if (text) find("live-said-empty").hidden = true;
  }

  private note(text: string): void {
    find("live-said-note").textContent = text;
    find("live-said-note").hidden = !text;
  }

  /** Stay at the end, unless somebody reads further up. */
  private scroll(): void {
    const box = find("live-said-box");
    const left = box.scrollHeight - box.scrollTop - box.clientHeight;
    if (left < 160) box.scrollTop = box.scrollHeight;
  }
}
