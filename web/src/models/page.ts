/** The page of models: their cards, and how they did. */

import type { Card, Models } from "../api";
import { find, make } from "../dom";
import { swatch } from "../recording/table";

/** Protocols whose test clips come from voices of the training: never beside the others. */
const known = (protocol: string): boolean => protocol.includes("random");

const FIGURES: Record<string, string> = {
  uar: "UAR",
  wa: "Accuracy",
  ece: "Calibration error",
  "mean uar of the corpora": "UAR, mean of corpora",
  seeds: "Seeds",
};

function results(card: Card, wanted: (protocol: string) => boolean): HTMLElement | null {
  const rows = Object.entries(card.results).filter(([protocol]) => wanted(protocol));
  if (!rows.length) return null;
  const names = Object.keys(FIGURES).filter((name) => rows.some(([, row]) => name in row));
  const head = names.map((name) => make("th", { scope: "col" }, FIGURES[name] ?? name));
  const body = rows.map(([protocol, row]) => {
    const cells = names.map((name) => {
      const figure = row[name];
      const text = figure === undefined ? "" : name === "seeds" ? `${figure}` : figure.toFixed(3);
      return make("td", { class: "figure" }, text);
    });
    return make("tr", {}, make("th", { scope: "row" }, protocol), ...cells);
  });
  return make(
    "div",
    { class: "scroll", tabindex: 0, role: "group", "aria-label": "Results" },
    make(
      "table",
      { class: "plain" },
      make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Protocol"), ...head)),
      make("tbody", {}, ...body),
    ),
  );
}

function fact(name: string, ...what: (Node | string)[]): HTMLElement[] {
  return [make("dt", {}, name), make("dd", {}, ...what)];
}

function article(card: Card, loaded: boolean, first: boolean): HTMLElement {
  const state = first ? "loaded, answers first" : loaded ? "loaded" : "installed, not loaded";
  const labels = card.labels.map((label) => make("li", {}, swatch(label), label));
  const corpora = card.training.map(({ corpus, licence }) => `${corpus} (${licence})`).join("; ");
  const own = results(card, (protocol) => !known(protocol));
  const mixed = results(card, known);
  return make(
    "article",
    { class: "card" },
    make(
      "h2",
      {},
      `${card.name} ${card.version} `,
      make("span", { class: loaded ? "badge on" : "badge" }, state),
    ),
    make("p", {}, card.description),
    make("ul", { class: "legend", "aria-label": "Feelings that it can name" }, ...labels),
    make(
      "dl",
      { class: "facts" },
      ...fact("Languages", card.languages.join(", ") || "not stated"),
      ...fact("Hears", `${card.window} s at once, an answer each ${card.hop} s`),
      ...fact("Trained on", corpora || "not stated"),
      ...fact("Licence", card.licence || "not stated"),
    ),
    own && make("h3", {}, "On voices that it never heard in training"),
    own,
    mixed && make("h3", {}, "On other clips of voices from its training"),
    mixed &&
      make(
        "p",
        { class: "faint" },
        "Such figures say little about new voices, and compare with none of the above.",
      ),
    mixed,
    !own && !mixed && make("p", { class: "faint" }, "No results stand in its card."),
  );
}

export function showModels(models: Models): void {
  const first = models.loaded[0];
  const cards = models.models.map((card) =>
    article(card, models.loaded.includes(card.name), card.name === first),
  );
  const count = models.models[0]?.labels.length ?? 1;
  const guessing = `guessing among ${count} would reach ${(1 / count).toFixed(3)}`;
  find("models").replaceChildren(
    make("h1", {}, "Models"),
    make(
      "p",
      { class: "sentence" },
      models.loaded.length > 1
        ? "Each of the loaded models can hear a recording; compare them there."
        : "One model is loaded. Start the server with --model more than once to compare several.",
    ),
    ...cards,
    make(
      "p",
      { class: "faint" },
      `UAR: the part of each feeling’s clips that was recognised, averaged over the feelings; ${guessing}.`,
    ),
  );
}
