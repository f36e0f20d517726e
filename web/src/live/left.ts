/** Streams that may come to no end: what the server keeps of them is known here by its session. */

import { Refusal, request } from "../api";

const PREFIX = "affetto-stream:"; // of a key for each, so that no tab writes over another's

/** Note a stream until it is settled, and show other tabs that it goes on until it is let go of. */
export function hold(session: string, name: string): () => void {
  localStorage.setItem(PREFIX + session, name);
  let letGo = (): void => {};
  const gone = new Promise<void>((done) => {
    letGo = done;
  });
  void navigator.locks?.request(PREFIX + session, () => gone);
  return letGo;
}

/** Nobody needs to come back to it. */
export function settle(session: string): void {
  localStorage.removeItem(PREFIX + session);
}

/** Do something with each stream that is noted and that no tab holds (any more). */
export function eachLeft(act: (session: string, name: string) => void): void {
  for (const [key, name] of Object.entries(localStorage)) {
    if (!key.startsWith(PREFIX)) continue;
    const now = (): void => {
      if (localStorage.getItem(key) !== null) act(key.slice(PREFIX.length), name);
    };
    if (navigator.locks) void navigator.locks.request(key, now);
    else now();
  }
}

const refused = (error: unknown): number => (error instanceof Refusal ? error.status : 0);

/** The sound that the server kept; null where it has it no more. */
export async function recover(session: string): Promise<Blob | null> {
  try {
    return await (await request(`v1/stream/${session}`)).blob();
  } catch (error) {
    if (refused(error) === 404) return null;
    throw error;
  }
}

/** Have the server remove what it kept; where it refuses, there is nothing to remove. */
export async function forget(session: string): Promise<void> {
  try {
    await request(`v1/stream/${session}`, { method: "DELETE" });
  } catch (error) {
    if (refused(error) < 400 || refused(error) >= 500) throw error;
  }
  settle(session);
}
