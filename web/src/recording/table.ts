import type { Segment } from "../api";
import { find, make } from "../dom";
import { clock, feeling, percent, signed } from "../text";
import { colourOf, emojiOf } from "../vocabulary";

/** A bar as long as a part of its rail. */
export function bar(part: number, colour: string): HTMLElement {
  const fill = make("span", { class: "fill" });
  fill.style.width = percent(part);
  fill.style.background = colour;
  return make("span", { class: "rail" }, fill);
}

export function swatch(name: string | null): HTMLElement {
  const square = make("span", { class: "swatch", "aria-hidden": "true" });
  square.style.background = colourOf(name);
  return square;
}

/** The table of segments; a click goes there, and the row of the current time is marked. */
export class Table {
  private readonly rows: HTMLTableRowElement[];
  private current: HTMLTableRowElement | null = null;

  constructor(segments: Segment[], seek: (time: number) => void) {
    const table = find<HTMLTableElement>("segments");
    const speakers = segments.some((segment) => segment.speaker !== null);
    const heads = ["Start", "End", "Feeling", "Confidence", "Valence, arousal"];
    if (speakers) heads.splice(2, 0, "Voice");
    const head = heads.map((text) => make("th", { scope: "col", class: cell(text) }, text));
    table.tHead?.replaceChildren(make("tr", {}, ...head));
    this.rows = segments.map((segment) => {
      const jump = make("button", { type: "button", class: "jump" }, clock(segment.start, 1));
      const row = make(
        "tr",
        { onclick: () => seek(segment.start) },
        make("td", { class: "figure" }, jump),
        make("td", { class: "figure end" }, clock(segment.end, 1)),
        speakers && make("td", {}, segment.speaker ?? ""),
        make(
          "td",
          { class: "feeling" },
          swatch(segment.emotion),
          `${emojiOf(segment.emotion)} ${feeling(segment)}`,
        ),
        make(
          "td",
          { class: "confidence figure" },
          bar(segment.confidence, colourOf(segment.emotion)),
          percent(segment.confidence),
        ),
        make(
          "td",
          { class: "figure place" },
          `${signed(segment.valence)}, ${signed(segment.arousal)}`,
        ),
      );
      return row;
    });
    const empty = make("tr", {}, make("td", { colspan: heads.length }, "No speech was found."));
    table.tBodies[0]?.replaceChildren(...(this.rows.length ? this.rows : [empty]));
  }

  show(at: number): void {
    const row = this.rows[at] ?? null;
    if (row === this.current) return;
    this.current?.removeAttribute("aria-current");
    row?.setAttribute("aria-current", "true");
    this.current = row;
    const box = row?.closest<HTMLElement>(".scroll");
    if (!row || !box) return;
    // Only the table scrolls, never the page under the reader's eyes.
    const top = row.offsetTop - 40;
    const bottom = row.offsetTop + row.offsetHeight;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (bottom > box.scrollTop + box.clientHeight) box.scrollTop = bottom - box.clientHeight;
  }
}

const cell = (text: string): string => ({ End: "end", "Valence, arousal": "place" })[text] ?? "";

/** How much of the speech each feeling has, in one reading or in two. */
export function shares(one: Record<string, number>, two: Record<string, number> | null): void {
  const labels = Object.keys({ ...one, ...two });
  const rows = labels.map((label) => {
    const parts = [one[label] ?? 0, ...(two ? [two[label] ?? 0] : [])];
    return make(
      "tr",
      {},
      make("th", { scope: "row" }, swatch(label), `${emojiOf(label)} ${label}`),
      make("td", { class: "wide" }, ...parts.map((part) => bar(part, colourOf(label)))),
      make("td", { class: "figure" }, parts.map(percent).join(" / ")),
    );
  });
  find("shares").replaceChildren(...rows);
}
