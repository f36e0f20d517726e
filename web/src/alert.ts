import { find, make } from "./dom";

/** Tell a person what went wrong, below what was told before; null takes all of it away. */
export function tell(text: string | null): void {
  const place = find("alert");
  if (text === null) place.replaceChildren();
  else place.append(...(place.hasChildNodes() ? [make("br")] : []), text);
  place.hidden = text === null;
  if (text !== null) place.scrollIntoView({ block: "nearest" });
}

/** Run something whose errors a person shall see, beside those of before only where it is told so. */
export async function guarded(work: () => Promise<void>, anew = true): Promise<void> {
  try {
    if (anew) tell(null);
    await work();
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return;
    tell(error instanceof Error ? error.message : String(error));
  }
}
