/** What the server says, and how it is asked. */

export interface Segment {
  start: number;
  end: number;
  emotion: string | null;
  confidence: number;
  scores: Record<string, number>;
  valence: number;
  arousal: number;
  speaker: string | null;
  text: string | null;
}

export interface Word {
  text: string;
  start: number;
  end: number;
  confidence?: number | null;
}

export interface Phrase {
  start: number;
  end: number;
  text: string;
  speaker: string | null;
  language: string | null;
  emotion: string | null;
  scores: Record<string, number>;
  voice: Record<string, number>;
  wording: Record<string, number>;
  voice_emotion: string | null;
  wording_emotion: string | null;
  incongruence: number | null;
  translation?: string | null;
  words: Word[];
}

export interface Transcript {
  language: string | null;
  transcriber: string;
  model: string;
  weight: number;
  translator?: string | null;
  phrases: Phrase[];
}

export interface Drawing {
  sentence: string;
  duration: number;
  labels: { name: string; colour: string; place: [number, number] | null }[];
  path: [number, number, number][];
  track?: { times: string; scores: string };
  peaks?: { rate: number; pairs: string };
  spectrogram?: { rate: number; tiles: string[]; marks: [number, number][] };
}

export interface Timeline {
  source: string;
  duration: number;
  model: string;
  segments: Segment[];
  summary: { share: Record<string, number>; dominant: string | null; speech: number };
  speakers?: string[];
  warnings?: string[];
  words?: Transcript | null;
  drawing?: Drawing;
}

export interface Emotion {
  name: string;
  colour: string;
  emoji: string;
  place: [number, number];
}

export interface About {
  version: string;
  emotions: Emotion[];
  formats: { name: string; suffix: string }[];
  limits: { bytes: number; seconds: number };
  fetch: boolean;
  words: {
    available: boolean;
    reason: string;
    transcriber: string;
    fallback: boolean;
    languages: string[];
    translator: string | null;
  };
}

export interface Card {
  name: string;
  version: string;
  description: string;
  licence: string;
  labels: string[];
  languages: string[];
  window: number;
  hop: number;
  training: { corpus: string; licence: string }[];
  results: Record<string, Record<string, number>>;
}

export interface Models {
  loaded: string[];
  models: Card[];
}

export type Options = Record<string, string | number | boolean | undefined>;

/** What the server refused, in its own words. */
export class Refusal extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

const KEY = "affetto-token";

let asked: Promise<void> | null = null;

/** How a person is asked for the token, at first or after a wrong one; set by the page. */
let askForToken: (wrong: boolean) => Promise<string> = () => Promise.reject(new Error("no token"));

export function onToken(ask: (wrong: boolean) => Promise<string>): void {
  askForToken = ask;
}

export const token = (): string | null => sessionStorage.getItem(KEY);

async function again(shown: string | null): Promise<void> {
  if (token() !== shown) return; // given meanwhile
  asked ??= askForToken(Boolean(shown)).then((given) => sessionStorage.setItem(KEY, given));
  await asked;
  asked = null;
}

/** Ask the server; its errors come as a `Refusal` with its own words. */
export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const shown = token();
  const headers: Record<string, string> = shown ? { authorization: `Bearer ${shown}` } : {};
  let answer: Response;
  try {
    answer = await fetch(path, { ...init, headers });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Refusal("The server can’t be reached: see whether affetto serve still runs.", 0);
  }
  if (answer.status === 401) {
    await again(shown);
    return request(path, init);
  }
  if (answer.ok) return answer;
  const row: unknown = await answer.json().catch(() => null);
  const said = row && typeof row === "object" && "error" in row ? String(row.error) : null;
  throw new Refusal(said ?? `The server answered with status ${answer.status}.`, answer.status);
}

export async function get<T>(path: string): Promise<T> {
  return (await request(path)).json();
}

function query(options: Options): string {
  const given = Object.entries(options).filter(([, value]) => value !== undefined && value !== "");
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
}

/** Have a recording heard. */
export async function analyze(
  sound: Blob,
  name: string,
  options: Options,
  signal: AbortSignal,
): Promise<Timeline> {
  const body = new FormData();
  body.append("file", sound, name);
  const init = { method: "POST", body, signal };
  return (await request(`v1/analyze?${query(options)}`, init)).json();
}

/** Have a timeline written in another format, or drawn; nothing is heard again. */
export async function convert(
  timeline: Timeline,
  sound: Blob | null,
  options: Options,
): Promise<Response> {
  const { drawing: _, ...row } = timeline;
  const body = new FormData();
  body.append("timeline", new Blob([JSON.stringify(row)]), "timeline.json");
  if (sound) body.append("file", sound, timeline.source);
  return request(`v1/convert?${query(options)}`, { method: "POST", body });
}
