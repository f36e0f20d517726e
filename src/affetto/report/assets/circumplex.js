// Valence to the right, arousal upwards: the path, a dot a segment, and where we are now.

const plane = $("circumplex");
const MOST_DOTS = 300;
const px = (valence) => 170 + 140 * clamp(valence, -1, 1);
const py = (arousal) => 170 - 140 * clamp(arousal, -1, 1);

function shape(kind, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", kind);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text) element.textContent = text;
  plane.append(element);
  return element;
}

shape("circle", { class: "rim", cx: 170, cy: 170, r: 140 });
shape("path", { class: "cross", d: "M30 170H310M170 30V310" });
shape("text", { x: 170, y: 20, "text-anchor": "middle" }, "high arousal");
shape("text", { x: 170, y: 330, "text-anchor": "middle" }, "low arousal");
shape("text", { x: 306, y: 185, "text-anchor": "end" }, "pleasant");
shape("text", { x: 34, y: 185 }, "unpleasant");
for (const { name, place: at } of labels) {
  if (at && (at[0] || at[1])) {
    shape("text", { class: "label", x: px(at[0]), y: py(at[1]) + 4, "text-anchor": "middle" }, name);
  }
}

const points = data.path.map(([, valence, arousal]) => [px(valence), py(arousal)]);
const line = (list) => list.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

// The way breaks off where nobody speaks.
const hops = data.path.map(([t], i) => (i ? t - data.path[i - 1][0] : 0)).slice(1).sort((a, b) => a - b);
const pause = points.length > 2 * segments.length ? 2 * hops[hops.length >> 1] : Infinity;
let way = "";
points.forEach(([x, y], i) => {
  const on = i && data.path[i][0] - data.path[i - 1][0] <= pause;
  way += `${on ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
});
shape("path", { class: "way", d: way });
const recent = shape("path", { class: "recent" });
const longest = [...segments].sort((a, b) => b.end - b.start - (a.end - a.start)).slice(0, MOST_DOTS);
for (const s of longest) {
  const dot = shape("circle", {
    class: "dot", cx: px(s.valence), cy: py(s.arousal), r: clamp(3 + Math.sqrt(s.end - s.start), 4, 9),
    fill: colourOf(s), "data-seek": s.start,
  });
  const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
  title.textContent = `${clock(s.start)} ${describe(s)}`;
  dot.append(title);
}
const here = shape("circle", { class: "here", r: 8 });

onTime((time) => {
  const times = data.path;
  const before = lastNotAbove(times.length, time, (k) => times[k][0]);
  const found = segments[segmentAt(time)];
  here.setAttribute("visibility", found ? "visible" : "hidden");
  const [a, b] = [Math.max(before, 0), Math.min(before + 1, times.length - 1)];
  if (!found || b < 0) { recent.setAttribute("d", ""); return; }
  const gap = times[b][0] - times[a][0];
  const part = gap > 0 ? clamp((time - times[a][0]) / gap, 0, 1) : 0;
  const now = [0, 1].map((i) => (1 - part) * points[a][i] + part * points[b][i]);
  here.setAttribute("cx", now[0]);
  here.setAttribute("cy", now[1]);
  const first = lastNotAbove(times.length, Math.max(time - 6, found.start), (k) => times[k][0]) + 1;
  recent.setAttribute("d", line([...points.slice(first, a + 1), now]));
});
