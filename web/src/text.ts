export const clamp = (value: number, low: number, high: number): number =>
  Math.min(high, Math.max(low, value));

/** 75.25 → "1:15.2"; cut, not rounded, as players do. */
export function clock(seconds: number, digits = 0): string {
  const units = Math.floor(Math.max(0, seconds) * 10 ** digits + 1e-6);
  const whole = Math.floor(units / 10 ** digits);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number): string => String(n).padStart(2, "0");
  const text = h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
  return digits ? `${text}.${String(units % 10 ** digits).padStart(digits, "0")}` : text;
}

/** 0.714 → "71%". */
export const percent = (part: number): string => `${Math.round(100 * part)}%`;

/** 0.351 → "+0.35". */
export const signed = (value: number): string =>
  `${value < -0.004 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;

/** Below this confidence a label is shown with a caution, as everywhere in Affetto. */
export const uncertainBelow = 0.4;

/** Name a feeling as it is shown: with a question mark where it is uncertain. */
export function feeling(segment: { emotion: string | null; confidence: number }): string {
  if (segment.emotion === null) return "no label";
  return segment.confidence < uncertainBelow ? `${segment.emotion}?` : segment.emotion;
}

/** The last place in a sorted list whose value is not above the given one; -1 before the first. */
export function lastNotAbove(count: number, value: number, at: (k: number) => number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at(middle) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Bytes of a base64 text. */
export function bytes(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}
