import { expect, it } from "vitest";
import type { Phrase } from "../src/api";
import { saidAt } from "../src/words/follow";
import { differs, disagrees } from "../src/words/phrase";
import { wordPlaces } from "../src/words/places";

const named = (...texts: string[]): { text: string }[] => texts.map((text) => ({ text }));

it("finds words in the text that is made of them", () => {
  expect(wordPlaces("“Well, then!”", named("Well", "then!"))).toEqual([
    [1, 5],
    [7, 12],
  ]);
  expect(wordPlaces("no no", named("no", "no"))).toEqual([
    [0, 2],
    [3, 5],
  ]);
  expect(wordPlaces("你好吗？", named("你", "好吗"))).toEqual([
    [0, 1],
    [1, 3],
  ]);
});

it("finds none where the text says something else", () => {
  expect(wordPlaces("Quite another text", named("Well"))).toEqual([]);
  expect(wordPlaces("Well then, Ada", named("Well", "then"))).toEqual([]);
  expect(wordPlaces("I, Ada", named("Ada"))).toEqual([]);
  expect(wordPlaces("", [])).toEqual([]);
});

it("tells what is said at a time, also where voices overlap", () => {
  const list = [
    { start: 0, end: 4, what: "long" },
    { start: 1, end: 2, what: "short" },
    { start: 5, end: 6, what: "last" },
  ];
  const at = (time: number): string | null => saidAt(list, time);
  expect([-1, 0, 1, 1.5, 3, 4.5, 5, 6].map(at)).toEqual([
    null,
    "long",
    "short",
    "short",
    "long",
    null,
    "last",
    null,
  ]);
});

it("says where voice and words differ, and where they disagree", () => {
  const phrase = (voice: string | null, wording: string | null, apart: number | null): Phrase =>
    ({ voice_emotion: voice, wording_emotion: wording, incongruence: apart }) as Phrase;
  expect(differs(phrase("sad", "sad", 0.1))).toBe(false);
  expect(differs(phrase("sad", "neutral", 0.1))).toBe(false);
  expect(differs(phrase("sad", "fear", 0.1))).toBe(true);
  expect(differs(phrase("sad", null, null))).toBe(false);
  expect(differs(phrase("sad", "happy", 0.7))).toBe(true);
  expect(disagrees(phrase("sad", "happy", 0.7))).toBe(true);
  expect(disagrees(phrase("sad", "fear", 0.39))).toBe(false);
});
