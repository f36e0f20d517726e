/** Recordings that were opened: in this browser, and nowhere else. */

import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { Options, Timeline } from "./api";

export interface Entry {
  id: string;
  name: string;
  added: number;
  options: Options;
  timeline: Timeline;
  sound: Blob;
}

/** What a list shows of an entry, small enough to read for all of them. */
export interface Line {
  id: string;
  name: string;
  added: number;
  duration: number;
  dominant: string | null;
  ribbon: [number, number, string | null][];
}

interface Schema extends DBSchema {
  entries: { key: string; value: Entry };
  lines: { key: string; value: Line; indexes: { added: number } };
}

const MOST = 30;
const MOST_STRETCHES = 200;

let opened: Promise<IDBPDatabase<Schema>> | null = null;

function database(): Promise<IDBPDatabase<Schema>> {
  opened ??= openDB<Schema>("affetto", 1, {
    upgrade(base) {
      base.createObjectStore("entries", { keyPath: "id" });
      base.createObjectStore("lines", { keyPath: "id" }).createIndex("added", "added");
    },
  });
  return opened;
}

/** Make an id that no other entry has; `crypto.randomUUID` is missing where http isn't this machine's. */
export function newId(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}

/** Keep an entry; the oldest beyond thirty go. */
export async function keep(entry: Entry): Promise<void> {
  const { timeline } = entry;
  const line: Line = {
    id: entry.id,
    name: entry.name,
    added: entry.added,
    duration: timeline.duration,
    dominant: timeline.summary.dominant,
    ribbon: timeline.segments
      .slice(0, MOST_STRETCHES)
      .map((segment) => [segment.start, segment.end, segment.emotion]),
  };
  const base = await database();
  const both = base.transaction(["entries", "lines"], "readwrite");
  await Promise.all([both.objectStore("entries").put(entry), both.objectStore("lines").put(line)]);
  await both.done;
  for (const old of (await lines()).slice(MOST)) await remove(old.id);
}

export async function find(id: string): Promise<Entry | undefined> {
  return (await database()).get("entries", id);
}

export async function remove(id: string): Promise<void> {
  const both = (await database()).transaction(["entries", "lines"], "readwrite");
  await Promise.all([both.objectStore("entries").delete(id), both.objectStore("lines").delete(id)]);
  await both.done;
}

/** Every entry's line, the newest first. */
export async function lines(): Promise<Line[]> {
  return (await (await database()).getAllFromIndex("lines", "added")).reverse();
}
