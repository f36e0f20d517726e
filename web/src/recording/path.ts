import type { Timeline } from "../api";
import { Circumplex } from "../circumplex";
import { find, shape } from "../dom";
import { clamp, clock, feeling, lastNotAbove } from "../text";
import { colourOf } from "../vocabulary";

const TAIL = 6; // seconds

/** The way of the whole recording on the circumplex, and where it is now. */
export class Path {
  private readonly ground: Circumplex;
  private readonly recent: SVGElement;
  private readonly here: SVGElement;

  constructor(
    private readonly timeline: Timeline,
    seek: (time: number) => void,
  ) {
    const drawing = timeline.drawing;
    this.ground = new Circumplex(find("circumplex"), 340, drawing?.labels ?? []);
    const way = (drawing?.path ?? []).map(([, v, a]): [number, number] => [v, a]);
    this.ground.add(shape("path", { class: "way", d: this.ground.line(way) }));
    for (const segment of timeline.segments) {
      const [cx, cy] = this.ground.point(segment.valence, segment.arousal);
      const r = clamp(3 + Math.sqrt(segment.end - segment.start), 4, 9);
      const fill = colourOf(segment.emotion);
      const dot = this.ground.add(shape("circle", { class: "dot", cx, cy, r, fill }));
      dot.append(shape("title", {}, `${clock(segment.start)} ${feeling(segment)}`));
      dot.addEventListener("click", () => seek(segment.start));
    }
    this.recent = this.ground.add(shape("path", { class: "recent", d: "" }));
    this.here = this.ground.add(shape("circle", { class: "here", r: 8, visibility: "hidden" }));
  }

  show(time: number, speaking: boolean): void {
    const path = this.timeline.drawing?.path ?? [];
    const at = (k: number): number => path[k]?.[0] ?? 0;
    const now = path[Math.max(0, lastNotAbove(path.length, time, at))];
    this.here.setAttribute("visibility", speaking && now ? "visible" : "hidden");
    if (!speaking || !now) {
      this.recent.setAttribute("d", "");
      return;
    }
    const first = lastNotAbove(path.length, time - TAIL, at) + 1;
    const last = lastNotAbove(path.length, time, at);
    const tail = path.slice(first, last + 1).map(([, v, a]): [number, number] => [v, a]);
    this.recent.setAttribute("d", this.ground.line(tail));
    const [cx, cy] = this.ground.point(now[1], now[2]);
    this.here.setAttribute("cx", String(cx));
    this.here.setAttribute("cy", String(cy));
  }
}
