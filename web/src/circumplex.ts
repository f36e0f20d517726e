/** Valence to the right, arousal upward. */

import { shape } from "./dom";
import { clamp } from "./text";

/** A circumplex in an SVG: its ground, and where a point lies on it. */
export class Circumplex {
  private readonly radius: number;
  private readonly middle: number;

  constructor(
    private readonly svg: SVGElement,
    size: number,
    labels: { name: string; place: [number, number] | null }[],
  ) {
    this.middle = size / 2;
    this.radius = this.middle - 26;
    const { middle: m, radius: r } = this;
    svg.replaceChildren(
      shape("circle", { class: "rim", cx: m, cy: m, r }),
      shape("path", { class: "cross", d: `M${m - r} ${m}H${m + r}M${m} ${m - r}V${m + r}` }),
      shape("text", { x: m, y: m - r - 8, "text-anchor": "middle" }, "excited"),
      shape("text", { x: m, y: m + r + 18, "text-anchor": "middle" }, "quiet"),
      shape("text", { x: m - r + 4, y: m - 6 }, "bad"),
      shape("text", { x: m + r - 4, y: m - 6, "text-anchor": "end" }, "good"),
    );
    for (const { name, place } of labels) {
      if (!place || (!place[0] && !place[1])) continue;
      const [x, y] = this.point(...place);
      svg.append(shape("text", { class: "label", x, y, "text-anchor": "middle" }, name));
    }
  }

  point(valence: number, arousal: number): [number, number] {
    return [
      this.middle + clamp(valence, -1, 1) * this.radius,
      this.middle - clamp(arousal, -1, 1) * this.radius,
    ];
  }

  add(element: SVGElement): SVGElement {
    this.svg.append(element);
    return element;
  }

  line(points: readonly (readonly [number, number])[]): string {
    return points.map(([v, a], at) => `${at ? "L" : "M"}${this.point(v, a).join(" ")}`).join("");
  }
}
