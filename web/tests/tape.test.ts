import { expect, it } from "vitest";
import { Tape } from "../src/live/tape";

const chunk = (value: number): Float32Array => new Float32Array(100).fill(value);

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

it("gives again what the server hasn’t", () => {
  const tape = new Tape(16_000);
  for (const value of [0.1, 0.2, 0.3]) tape.add(chunk(value));
  const rest = tape.since(250);
  expect(rest.map((part) => part.byteLength)).toEqual([150, 200]);
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
  const rest = tape.since(199_900);
  expect(rest.map((part) => part.byteLength)).toEqual([100]);
});

it("writes a header that tells its form", async () => {
  const tape = new Tape(48_000);
  tape.add(chunk(0));
  const head = new DataView(await tape.wav().arrayBuffer());
  expect(head.getUint32(24, true)).toBe(48_000);
  expect(head.getUint32(40, true)).toBe(200);
  expect(head.byteLength).toBe(244);
});
