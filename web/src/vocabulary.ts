import type { About, Emotion } from "./api";

const known = new Map<string, Emotion>();

/** Learn the feelings, and make a colour of each for the style sheets. */
export function learn(about: About): void {
  for (const emotion of about.emotions) {
    known.set(emotion.name, emotion);
    document.documentElement.style.setProperty(`--of-${emotion.name}`, emotion.colour);
  }
}

export const unlabelled = "#8a8f98";

export const colourOf = (name: string | null): string =>
  (name !== null && known.get(name)?.colour) || unlabelled;

export const emojiOf = (name: string | null): string =>
  (name !== null && known.get(name)?.emoji) || "";

export const placeOf = (name: string): [number, number] | null => known.get(name)?.place ?? null;

/** Labels in the vocabulary's order. */
export function inOrder(labels: Iterable<string>): string[] {
  const order = [...known.keys()];
  return [...labels].sort((a, b) => order.indexOf(a) - order.indexOf(b));
}

/** Black or white, whichever reads better on a colour (WCAG relative luminance). */
export function inkOn(colour: string): string {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((i) => {
    const c = Number.parseInt(colour.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.19 ? "#111" : "#fff";
}
