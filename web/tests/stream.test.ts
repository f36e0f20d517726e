import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Options } from "../src/api";
import { type Follower, Stream } from "../src/live/stream";
import { Tape } from "../src/live/tape";

/** A connection whose other end is the test. */
class Wire extends EventTarget {
  static all: Wire[] = [];
  readonly sent: (string | number)[] = []; // words, and bytes by their number
  first: Record<string, unknown> = {};
  code: number | undefined;

  constructor() {
    super();
    Wire.all.push(this);
  }

  send(data: string | ArrayBuffer | Blob): void {
    if (typeof data === "string") {
      const row = JSON.parse(data);
      if (row.type === "start") this.first = row;
      this.sent.push(row.type);
    } else this.sent.push(data instanceof Blob ? data.size : data.byteLength);
  }

  close(code?: number): void {
    this.code = code;
  }

  open(): void {
    this.dispatchEvent(new Event("open"));
  }

  say(message: object): void {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(message) }));
  }

  start(kept: number): void {
    this.open();
    this.say({ type: "started", labels: ["calm"], session: "a", kept });
  }

  update(time: number, kept = 0): void {
    this.say({ type: "update", time, kept });
  }

  cut(): void {
    this.dispatchEvent(new Event("close"));
  }
}

/** A stream, its tape, and what is told of it. */
function begin(options: Options = {}): { stream: Stream; tape: Tape; told: string[] } {
  const told: string[] = [];
  const follower: Follower = {
    started: () => told.push("started"),
    update: ({ time }) => told.push(`update ${time}`),
    words: ({ text, phrases }) =>
      told.push(["words", text, ...phrases.map((phrase) => phrase.text)].join(" ")),
    wordless: (why) => told.push(`wordless: ${why}`),
    broken: () => told.push("broken"),
    returning: () => told.push("returning"),
    back: () => told.push("back"),
    timeline: () => told.push("timeline"),
    fault: (text) => told.push(`fault: ${text}`),
  };
  const tape = new Tape(16_000);
  return { stream: new Stream(tape, "talk.wav", follower, options), tape, told };
}

/** The newest connection. */
function wire(): Wire {
  const last = Wire.all.at(-1);
  if (!last) throw new Error("nobody connected");
  return last;
}

const chunk = new Float32Array(640);

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", Wire);
  vi.stubGlobal("location", { href: "http://127.0.0.1:8723/#live" });
  vi.stubGlobal("sessionStorage", { getItem: () => null });
  Wire.all = [];
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("goes on where the server’s copy ends, and tells no moment twice", async () => {
  const { stream, tape, told } = begin();
  wire().start(0);
  for (let i = 0; i < 4; i += 1) {
    tape.add(chunk);
    stream.pump();
  }
  wire().update(0.08, 2560);
  wire().cut();
  await vi.advanceTimersByTimeAsync(500);
  wire().open();
  stream.pump();
  expect(wire().sent).toEqual(["start"]); // nothing before the server says what it has
  wire().say({ type: "started", labels: ["calm"], session: "a", kept: 2000 });
  expect(wire().sent).toEqual(["start", 560, 1280, 1280]);
  wire().update(0.08, 2560);
  wire().update(0.16, 5120);
  expect(told).toEqual(["started", "update 0.08", "broken", "returning", "back", "update 0.16"]);
});

it("sends nothing behind the end", async () => {
  const { stream, tape, told } = begin();
  wire().start(0);
  tape.add(chunk);
  stream.end();
  tape.add(chunk);
  stream.pump();
  stream.end();
  expect(wire().sent).toEqual(["start", 1280, "end"]);
  wire().cut();
  await vi.advanceTimersByTimeAsync(500);
  wire().start(1280);
  stream.pump();
  expect(wire().sent).toEqual(["start", 1280, "end"]);
  wire().say({ type: "timeline", timeline: {} });
  expect(wire().code).toBe(1000);
  expect(told.at(-1)).toBe("timeline");
});

it("gives up on a server that comes back again and again, and hears nothing", async () => {
  const { told } = begin();
  wire().start(0);
  wire().update(0.08);
  for (let i = 0; i < 100; i += 1) {
    wire().cut();
    await vi.advanceTimersByTimeAsync(1000);
    if (told.at(-1) === "broken") wire().start(0);
    wire().update(0.08); // of before the break
  }
  expect(told.at(-1)).toContain("didn’t come back within a minute");
  expect(wire().code).toBeUndefined(); // else it would forget the sound
  expect(Wire.all.length).toBeLessThan(70);
});

it("stays with a server that breaks off now and then", async () => {
  const { told } = begin();
  wire().start(0);
  for (let i = 1; i < 100; i += 1) {
    wire().update(i);
    wire().cut();
    await vi.advanceTimersByTimeAsync(1000);
    wire().start(0);
  }
  expect(told.at(-1)).toBe("back");
});

it("waits as long as the server needs to hear again what it kept", async () => {
  const { told } = begin();
  wire().start(0);
  wire().update(0.08);
  wire().cut();
  await vi.advanceTimersByTimeAsync(500);
  wire().open();
  await vi.advanceTimersByTimeAsync(120_000);
  expect(Wire.all.length).toBe(2);
  expect(wire().code).toBeUndefined();
  expect(told.at(-1)).toBe("returning");
});

it("leaves what is kept on a server that refuses to go on", () => {
  const { told } = begin();
  wire().start(0);
  wire().say({ type: "error", error: "found this stream gone on with elsewhere" });
  expect(told.at(-1)).toBe("fault: found this stream gone on with elsewhere");
  expect(wire().code).toBeUndefined();
});

/** What the server says of words: a phrase by its start, and what is heard of the next. */
function words(starts: number[], text = ""): object {
  const phrases = starts.map((start) => ({ start, end: start + 1, text: `phrase ${start}` }));
  return { type: "words", text, behind: 0, phrases };
}

it("tells words as they come, and no phrase twice", async () => {
  const { told } = begin({ words: true, language: "de" });
  wire().open();
  expect(wire().first).toMatchObject({ words: true, language: "de", keep: true });
  wire().say({ type: "started", labels: ["calm"], session: "a", kept: 0 });
  wire().say(words([], "so"));
  wire().say(words([0, 2], "and"));
  wire().cut();
  await vi.advanceTimersByTimeAsync(500);
  wire().start(0);
  expect(wire().first).toEqual({ type: "start", session: "a", after: 0, after_words: 2 });
  wire().say(words([2, 4]));
  expect(told.filter((line) => line.startsWith("words"))).toEqual([
    "words so",
    "words and phrase 0 phrase 2",
    "words  phrase 4",
  ]);
});

it("goes on without words where they fail", () => {
  const { told } = begin({ words: true });
  wire().start(0);
  wire().say({ ...words([]), error: "found the recogniser broken" });
  wire().update(0.08);
  expect(told).toEqual(["started", "wordless: found the recogniser broken", "update 0.08"]);
});

it("says nothing of words where nobody asked", async () => {
  begin();
  wire().start(0);
  expect(wire().first).not.toHaveProperty("words");
  wire().cut();
  await vi.advanceTimersByTimeAsync(500);
  wire().open();
  expect(wire().first).not.toHaveProperty("after_words");
});
