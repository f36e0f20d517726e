/** The lanes under the waveform, which follow its view: axis, another reading, probabilities, spectrogram. */

import type { Drawing, Segment } from "../api";
import { find, font, sheet } from "../dom";
import { bytes, clamp, clock, feeling, lastNotAbove } from "../text";
import { ink } from "../theme";
import { colourOf, inkOn } from "../vocabulary";
import type { View } from "./player";

const STEPS = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];
const TILE = 4096;

export class Lanes {
  other: Segment[] = [];

  private view: View = { start: 0, end: 1 };
  private readonly labels: { name: string; colour: string }[];
  private readonly times: Float32Array;
  private readonly scores: Uint8Array;
  private readonly tiles: HTMLImageElement[] = [];
  private asked = false;

  constructor(
    private readonly drawing: Drawing,
    private readonly segments: Segment[],
  ) {
    this.labels = drawing.labels;
    const { track, spectrogram } = drawing;
    this.times = new Float32Array(track ? bytes(track.times).buffer : []);
    this.scores = track ? bytes(track.scores) : new Uint8Array();
    for (const source of spectrogram?.tiles ?? []) {
      const tile = new Image();
      tile.addEventListener("load", () => this.paintSoon());
      tile.src = source;
      this.tiles.push(tile);
    }
  }

  show(view: View): void {
    this.view = view;
    this.paintSoon();
  }

  paintSoon(): void {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.paint();
    });
  }

  private paint(): void {
    this.axis();
    if (!find("other").hidden) this.strip();
    this.chances();
    this.spectrogram();
  }

  private x(time: number, width: number): number {
    return ((time - this.view.start) / (this.view.end - this.view.start)) * width;
  }

  private axis(): void {
    const on = sheet(find<HTMLCanvasElement>("axis"));
    if (!on) return;
    const { ctx, width } = on;
    const span = this.view.end - this.view.start;
    const step = STEPS.find((s) => (s / span) * width >= 72) ?? 7200;
    const digits = step >= 1 ? 0 : step >= 0.1 ? 1 : 2;
    ctx.font = `12px ${font}`;
    ctx.textBaseline = "top";
    ctx.textAlign = "center";
    for (let i = Math.ceil(this.view.start / step); i * step <= this.view.end; i += 1) {
      const x = this.x(i * step, width);
      ctx.fillStyle = ink("line");
      ctx.fillRect(Math.min(x, width - 1), 0, 1, 5);
      ctx.fillStyle = ink("faint");
      const text = clock(i * step, digits);
      const half = ctx.measureText(text).width / 2;
      ctx.fillText(text, clamp(x, half, width - half), 8);
    }
  }

  private strip(): void {
    const on = sheet(find<HTMLCanvasElement>("strip"));
    if (!on) return;
    const { ctx, width, height } = on;
    ctx.font = `600 12px ${font}`;
    ctx.textBaseline = "middle";
    ctx.textAlign = "center";
    for (const segment of this.other) {
      if (segment.end < this.view.start || segment.start > this.view.end) continue;
      const from = Math.max(0, this.x(segment.start, width));
      const wide = Math.min(width, this.x(segment.end, width)) - from;
      ctx.fillStyle = colourOf(segment.emotion);
      ctx.beginPath();
      ctx.roundRect(from, 1, Math.max(1, wide - 1), height - 2, 4);
      ctx.fill();
      const text = feeling(segment);
      if (ctx.measureText(text).width > wide - 6) continue;
      ctx.fillStyle = inkOn(colourOf(segment.emotion));
      ctx.fillText(text, from + wide / 2, height / 2);
    }
  }

  /** Mean probabilities under a column of the picture. */
  private at(from: number, to: number): number[] | null {
    const wide = this.labels.length;
    const time = (k: number): number => this.times[k] ?? 0;
    const last = lastNotAbove(this.times.length, to, time);
    const first = Math.max(0, Math.min(last, lastNotAbove(this.times.length, from, time) + 1));
    if (last < 0) return null;
    const sums = new Array<number>(wide).fill(0);
    for (let row = first; row <= last; row += 1) {
      for (let k = 0; k < wide; k += 1)
        sums[k] = (sums[k] ?? 0) + (this.scores[row * wide + k] ?? 0);
    }
    const whole = sums.reduce((sum, part) => sum + part, 0) || 1;
    return sums.map((sum) => sum / whole);
  }

  private chances(): void {
    const on = sheet(find<HTMLCanvasElement>("chances"));
    if (!on || !this.times.length) return;
    const { ctx, width, height, pixel } = on;
    const second = (this.view.end - this.view.start) / width;
    const starts = this.segments.map((segment) => segment.start);
    ctx.fillStyle = ink("raised");
    ctx.fillRect(0, 0, width, height);
    for (let x = 0; x < width; x += pixel) {
      const time = this.view.start + (x + pixel / 2) * second;
      const parts = this.at(time - (pixel * second) / 2, time + (pixel * second) / 2);
      if (!parts) continue;
      const found = this.segments[lastNotAbove(starts.length, time, (k) => starts[k] ?? 0)];
      // Pale where nobody speaks: there the probabilities say little.
      ctx.globalAlpha = found && time < found.end ? 1 : 0.2;
      let y = height;
      this.labels.forEach((label, k) => {
        const tall = (parts[k] ?? 0) * height;
        ctx.fillStyle = label.colour;
        ctx.fillRect(x, y - tall, pixel, tall + 0.5);
        y -= tall;
      });
    }
    ctx.globalAlpha = 1;
  }

  private spectrogram(): void {
    const canvas = find<HTMLCanvasElement>("spectrogram");
    const picture = this.drawing.spectrogram;
    const on = sheet(canvas);
    if (!on || !picture) return;
    const { ctx, width, height } = on;
    ctx.imageSmoothingEnabled = false;
    this.tiles.forEach((tile, at) => {
      if (!tile.complete || !tile.width) return;
      const from = this.x((at * TILE) / picture.rate, width);
      const to = this.x((at * TILE + tile.width) / picture.rate, width);
      if (to < 0 || from > width) return;
      ctx.drawImage(tile, from, 0, to - from, height);
    });
    ctx.font = `11px ${font}`;
    ctx.textBaseline = "middle";
    let below = height;
    for (const [hertz, place] of picture.marks) {
      const y = (1 - place) * height;
      if (y < 8 || y > below - 8) continue;
      below = y - 8;
      const text = hertz < 1000 ? `${hertz} Hz` : `${hertz / 1000} kHz`;
      ctx.fillStyle = "#0008";
      ctx.fillRect(0, y - 7, ctx.measureText(text).width + 8, 14);
      ctx.fillStyle = "#fff";
      ctx.fillText(text, 4, y);
    }
  }

  /** Put the playhead's line where the time is. */
  place(time: number): void {
    const line = find("playhead");
    const width = find("lanes").clientWidth;
    const x = this.x(time, width);
    line.hidden = x < 0 || x > width;
    line.style.transform = `translateX(${x}px)`;
  }

  timeAt(part: number): number {
    return this.view.start + part * (this.view.end - this.view.start);
  }
}
