import { lastNotAbove } from "../text";

export interface Timed<T> {
  start: number;
  end: number;
  what: T;
}

const BACK = 8; // as many as may have begun before and be not over yet, where voices overlap

/** What is said at a time: the one begun last that isn't over yet; in a list in order of the starts. */
export function saidAt<T>(list: Timed<T>[], time: number): T | null {
  const last = lastNotAbove(list.length, time + 1e-3, (k) => list[k]?.start ?? 0);
  for (let k = last; k >= 0 && k > last - BACK; k -= 1) {
    const one = list[k];
    if (one && time < one.end) return one.what;
  }
  return null;
}
