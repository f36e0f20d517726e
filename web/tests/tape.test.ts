import { expect, it } from "vitest";
import { Tape } from "../src/live/tape";

const chunk = (value: number): Float32Array => new Float32Array(100).fill(value);

/** What a tape gives from a place on. */
async function since(tape: Tape, place: number): Promise<Uint8Array> {
  return new Uint8Array(await new Blob(tape.since(place)).arrayBuffer());
}

async function samples(tape: Tape): Promise<Int16Array> {
  return new Int16Array((await tape.wav().arrayBuffer()).slice(44));
}

it("keeps what was said, clipped to 16 bits", async () => {
  const tape = new Tape(16_000);
  for (const value of [0.5, -0.5, 2, -2]) tape.add(chunk(value));
  const all = await samples(tape);
  expect([all[0], all[100], all[200], all[300]]).toEqual([16383, -16383, 32767, -32767]);
  expect(tape.length).toBe(800);
});

it("gives again what the server hasn’t", async () => {
  const tape = new Tape(16_000);
  for (const value of [0.1, 0.2, 0.3]) tape.add(chunk(value));
  const all = new Uint8Array((await tape.wav().arrayBuffer()).slice(44));
  expect(await since(tape, 250)).toEqual(all.slice(250));
  expect(tape.since(600)).toEqual([]);
});

it("loses nothing by letting go of what the server has", async () => {
  const tape = new Tape(16_000);
  for (let i = 0; i < 1000; i += 1) {
    tape.add(chunk(i / 1000));
    tape.release(200 * i - 50);
  }
  const all = await samples(tape);
  expect(all.length).toBe(100_000);
  for (const i of [0, 400, 749, 999]) expect(all[100 * i]).toBe(Math.trunc((i / 1000) * 32_767));
  const bytes = new Uint8Array(all.buffer);
  expect(await since(tape, 199_900)).toEqual(bytes.slice(199_900));
  // Not even where the server has less than it said.
  for (const place of [0, 30_001, 150_000]) {
    expect(Buffer.compare(await since(tape, place), bytes.slice(place))).toBe(0);
  }
});

it("gives what was let go of in parts that a server takes", async () => {
  const tape = new Tape(16_000);
  for (let i = 0; i < 750; i += 1) tape.add(new Float32Array(4000).fill(i / 750));
  tape.release(tape.length);
  const parts = tape.since(1);
  const sizes = parts.map((part) => (part instanceof Blob ? part.size : part.byteLength));
  expect(Math.max(...sizes)).toBeLessThanOrEqual(4_000_000);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(tape.length - 1);
});

it("writes a header that tells its form", async () => {
  const tape = new Tape(48_000);
  tape.add(chunk(0));
  const head = new DataView(await tape.wav().arrayBuffer());
  expect(head.getUint32(24, true)).toBe(48_000);
  expect(head.getUint32(40, true)).toBe(200);
  expect(head.byteLength).toBe(244);
});
