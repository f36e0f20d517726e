import { expect, it } from "vitest";
import type { Segment } from "../src/api";
import { agreement } from "../src/recording/agreement";

const segment = (start: number, end: number, emotion: string): Segment => ({
  start,
  end,
  emotion,
  confidence: 1,
  scores: {},
  valence: 0,
  arousal: 0,
  speaker: null,
  text: null,
});

it("counts only time in which both hear speech", () => {
  const one = [segment(0, 2, "sad"), segment(3, 5, "happy")];
  const two = [segment(1, 2.5, "sad"), segment(4, 6, "angry")];
  expect(agreement(one, two)).toBeCloseTo(0.5, 1);
  expect(agreement(one, one)).toBe(1);
});

it("says nothing where they share no speech", () => {
  expect(agreement([segment(0, 1, "sad")], [segment(2, 3, "sad")])).toBeNull();
  expect(agreement([], [])).toBeNull();
});
