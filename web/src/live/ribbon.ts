import { find, font, sheet } from "../dom";
import { ink } from "../theme";
import { colourOf } from "../vocabulary";
import type { Update } from "./stream";

const SECONDS = 30;
const SCALE = 18; // pixels under the ribbon for the seconds

interface Moment {
  update: Update;
  level: number;
}

/** The last half minute: stacked probabilities while somebody speaks, else how loud it is. */
export class Ribbon {
  private moments: Moment[] = [];

  constructor(private labels: string[] = []) {}

  begin(labels: string[]): void {
    this.labels = labels;
  }

  add(update: Update, level: number): void {
    this.moments.push({ update, level });
    const oldest = update.time - SECONDS - 1;
    if ((this.moments[0]?.update.time ?? 0) < oldest) {
      this.moments = this.moments.filter((moment) => moment.update.time >= oldest);
    }
    this.paint();
  }

  clear(): void {
    this.moments = [];
    this.paint();
  }

  paint(): void {
    const on = sheet(find<HTMLCanvasElement>("ribbon"));
    if (!on) return;
    const { ctx, width, height } = on;
    const tall = height - SCALE;
    const now = this.moments.at(-1)?.update.time ?? 0;
    const x = (time: number): number => width * (1 - (now - time) / SECONDS);
    ctx.fillStyle = ink("raised");
    ctx.fillRect(0, 0, width, tall);
    let before = this.moments[0]?.update.time ?? 0;
    for (const { update, level } of this.moments) {
      const from = x(before);
      const wide = x(update.time) - from + 0.5;
      before = update.time;
      if (!update.speaking) {
        const loud = Math.max(2, level * tall);
        ctx.fillStyle = ink("silent");
        ctx.fillRect(from, (tall - loud) / 2, wide, loud);
        continue;
      }
      let y = tall;
      for (const label of this.labels) {
        const part = (update.scores[label] ?? 0) * tall;
        ctx.fillStyle = colourOf(label);
        ctx.fillRect(from, y - part, wide, part + 0.5);
        y -= part;
      }
    }
    ctx.font = `12px ${font}`;
    ctx.fillStyle = ink("faint");
    ctx.textBaseline = "bottom";
    for (const ago of [25, 20, 15, 10, 5]) {
      ctx.textAlign = "center";
      ctx.fillText(`−${ago} s`, width * (1 - ago / SECONDS), height);
    }
    ctx.textAlign = "right";
    ctx.fillText("now", width, height);
  }
}
