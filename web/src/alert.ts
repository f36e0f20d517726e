import { find } from "./dom";

/** Tell a person what went wrong; nothing takes the line away. */
export function tell(text: string | null): void {
  const line = find("alert");
  line.hidden = text === null;
  line.textContent = text ?? "";
  if (text !== null) line.scrollIntoView({ block: "nearest" });
}

/** Run something whose errors a person shall see. */
export async function guarded(work: () => Promise<void>): Promise<void> {
  try {
    tell(null);
    await work();
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return;
    tell(error instanceof Error ? error.message : String(error));
  }
}
