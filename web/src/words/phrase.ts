/** A phrase as a line: when, who, what is felt, what is said; in recordings and live. */

import type { Phrase, Word } from "../api";
import { make } from "../dom";
import { swatch } from "../recording/table";
import { clock, percent, uncertainBelow } from "../text";
import { colourOf } from "../vocabulary";
import { wordPlaces } from "./places";

/** From this incongruence on it is said that voice and words disagree, as everywhere in Affetto. */
const INCONGRUENT_FROM = 0.4;

/** Below this confidence a word is marked as perhaps misheard. */
const DOUBTED_BELOW = 0.5;

export const doubted = ({ confidence }: Word): boolean =>
  confidence !== undefined && confidence !== null && confidence < DOUBTED_BELOW;

export const disagrees = ({ incongruence }: Phrase): boolean =>
  incongruence !== null && incongruence >= INCONGRUENT_FROM;

/** Whether voice and words tell different feelings; neutral words tell none. */
export function differs(phrase: Phrase): boolean {
  const { voice_emotion: voice, wording_emotion: words } = phrase;
  if (voice === null || words === null) return false;
  return disagrees(phrase) || (words !== voice && words !== "neutral");
}

/** How sure the feeling of words and voice together is. */
export const sureness = ({ scores }: Phrase): number => Math.max(0, ...Object.values(scores));

export const mark = (): HTMLElement =>
  make("span", { class: "apart-mark", "aria-hidden": "true" }, "≠");

function felt(phrase: Phrase): HTMLElement | null {
  if (phrase.emotion === null) return null;
  const sure = sureness(phrase);
  return make(
    "span",
    { class: "felt" },
    swatch(phrase.emotion),
    make("b", {}, phrase.emotion),
    sure < uncertainBelow ? " (uncertain) " : " ",
    make("span", { class: "figure" }, percent(sure)),
  );
}

/** The text with an element for each word, where it is known when they are said. */
function* spoken(
  phrase: Phrase,
  each: (word: Word, text: string) => Node,
): Generator<Node | string> {
  const { text, words } = phrase;
  const places = wordPlaces(text, words);
  let at = 0;
  for (const [k, [start, end]] of places.entries()) {
    const word = words[k];
    if (!word) break;
    yield text.slice(at, start);
    yield each(word, text.slice(start, end));
    at = end;
  }
  yield text.slice(at);
}

function named(label: string, part: number): HTMLElement {
  return make(
    "span",
    {},
    swatch(label),
    `${label} `,
    make("span", { class: "figure" }, percent(part)),
  );
}

/** What voice and words are on their own, where that is not the same. */
function note(phrase: Phrase): HTMLElement | null {
  const { voice_emotion: voice, wording_emotion: words } = phrase;
  if (voice === null || words === null || !differs(phrase)) return null;
  const both = [
    "voice ",
    named(voice, phrase.voice[voice] ?? 0),
    ", words ",
    named(words, phrase.wording[words] ?? 0),
  ];
  if (!disagrees(phrase)) return make("p", { class: "each" }, ...both);
  const told = make("b", {}, "Voice and words disagree:");
  return make("p", { class: "each disagree" }, mark(), " ", told, " ", ...both);
}

/** Make the line of a phrase; the time is a button where it leads somewhere. */
export function phraseLine(
  phrase: Phrase,
  {
    language,
    jump,
    word,
  }: {
    language: string | null;
    jump?: HTMLElement;
    word?: (word: Word, text: string) => Node;
  },
): HTMLLIElement {
  const lang = phrase.language ?? language ?? undefined;
  const text = word ? [...spoken(phrase, word)] : [phrase.text];
  const line = make(
    "li",
    { class: disagrees(phrase) ? "apart" : undefined },
    make(
      "div",
      { class: "head" },
      jump ?? make("span", { class: "figure faint" }, clock(phrase.start, 1)),
      phrase.speaker !== null && make("span", { class: "who" }, phrase.speaker),
      felt(phrase),
    ),
    make("p", { class: "text", dir: "auto", lang }, ...text),
    phrase.translation ? make("p", { class: "translation", lang: "en" }, phrase.translation) : null,
    note(phrase),
  );
  line.style.setProperty("--feeling", colourOf(phrase.emotion));
  return line;
}
