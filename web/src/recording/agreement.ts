import type { Segment } from "../api";

const STEP = 0.05; // seconds

/** The part of the time with speech in both readings for which they name the same feeling. */
export function agreement(one: Segment[], two: Segment[]): number | null {
  let [both, same] = [0, 0];
  let [i, j] = [0, 0];
  const end = Math.min(one.at(-1)?.end ?? 0, two.at(-1)?.end ?? 0);
  for (let time = STEP / 2; time < end; time += STEP) {
    while (i < one.length && (one[i]?.end ?? 0) <= time) i += 1;
    while (j < two.length && (two[j]?.end ?? 0) <= time) j += 1;
    const [a, b] = [one[i], two[j]];
    if (!a || !b || a.start > time || b.start > time) continue;
    both += 1;
    if (a.emotion === b.emotion) same += 1;
  }
  return both ? same / both : null;
}
