// The lanes under one time axis: labels, waveform, probabilities, spectrogram.

const lanes = $("lanes");
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
const painters = new Map();
let asked = false;

function requestPaint() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => { asked = false; paint(); });
}

function paint() {
  for (const [canvas, draw] of painters) {
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!width) continue;
    const scale = devicePixelRatio || 1;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const ctx = canvas.getContext("2d");
    ctx.scale(scale, scale);
    draw(ctx, width, height);
  }
  place(transport.time);
}

function lane(id, draw) {
  const canvas = $(id);
  canvas.style.height = `${canvas.getAttribute("height")}px`;
  painters.set(canvas, draw);
}

function inView() {
  const last = lastNotAbove(segments.length, view.end, (k) => segments[k].start);
  let first = lastNotAbove(segments.length, view.start, (k) => reach[k]);
  first = Math.max(first, 0);
  return segments.slice(first, last + 1).filter((s) => s.end > view.start);
}

function hatch(ctx, x, y, width, height) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y, width, height);
  ctx.clip();
  ctx.strokeStyle = theme.surface;
  ctx.globalAlpha = 0.45;
  ctx.lineWidth = 2;
  ctx.beginPath();
  for (let at = x - height; at < x + width; at += 7) {
    ctx.moveTo(at, y + height);
    ctx.lineTo(at + height, y);
  }
  ctx.stroke();
  ctx.restore();
}

// The first text that fits a width, in a smaller size rather than cut short.
function fit(ctx, texts, width) {
  for (const text of texts) {
    for (const size of [12.5, 11]) {
      ctx.font = `600 ${size}px ${FONT}`;
      if (ctx.measureText(text).width <= width - 6) return text;
    }
  }
  return null;
}

// Labels: one row, or one a speaker.
const voices = Math.max(1, data.speakers.length);
const rowHeight = voices > 1 ? 44 : 30;
$("strip").setAttribute("height", voices * rowHeight);

lane("strip", (ctx, width) => {
  const caption = voices > 1 ? 16 : 0;
  ctx.textBaseline = "middle";
  for (const s of inView()) {
    const x = Math.max(toX(s.start, width), -9);
    const end = Math.min(toX(s.end, width), width + 9);
    const size = Math.max(end - x - 1, 1);
    const y = s.speaker * rowHeight + caption;
    ctx.fillStyle = colourOf(s);
    ctx.beginPath();
    ctx.roundRect(x, y, size, 24, Math.min(5, size / 2));
    ctx.fill();
    if (s.uncertain) hatch(ctx, x, y, size, 24);
    if (s.label < 0) continue;
    const name = labels[s.label].name;
    const text = fit(ctx, s.uncertain ? [`${name}?`, name, `${name.slice(0, 3)}.`] : [name, `${name.slice(0, 3)}.`], size);
    if (!text) continue;
    const from = Math.max(x, 0);
    const middle = from + (Math.min(x + size, width) - from) / 2;
    ctx.textAlign = "center";
    if (s.uncertain) {
      const wide = ctx.measureText(text).width + 8;
      ctx.fillStyle = colourOf(s);
      ctx.fillRect(middle - wide / 2, y + 3, wide, 18);
    }
    ctx.fillStyle = inkOn(colourOf(s));
    ctx.fillText(text, middle, y + 12.5);
  }
  if (!caption) return;
  ctx.font = `12px ${FONT}`;
  ctx.textAlign = "left";
  ctx.fillStyle = theme.faint;
  data.speakers.forEach((name, row) => ctx.fillText(name, 1, row * rowHeight + 8));
});

// Waveform: the lowest and highest sample under each column, in the colour of its segment.
const pairs = data.peaks ? new Int8Array(bytes(data.peaks.pairs).buffer) : null;

lane("wave", (ctx, width, height) => {
  const middle = height / 2;
  ctx.fillStyle = theme.line;
  ctx.fillRect(0, middle - 0.5, width, 1);
  if (!pairs) return;
  const { rate } = data.peaks;
  const count = pairs.length / 2;
  const half = middle - 3;
  for (let x = 0; x < width; x += 1) {
    const time = toTime(x, width);
    const first = Math.floor(time * rate);
    if (first >= count) break;
    const last = Math.min(Math.max(first, Math.ceil(toTime(x + 1, width) * rate) - 1), count - 1);
    let [low, high] = [127, -127];
    for (let i = first; i <= last; i += 1) {
      if (pairs[2 * i] < low) low = pairs[2 * i];
      if (pairs[2 * i + 1] > high) high = pairs[2 * i + 1];
    }
    const found = segmentAt(toTime(x + 0.5, width));
    ctx.fillStyle = found < 0 ? theme.silent : colourOf(segments[found]);
    const top = middle - (high / 127) * half;
    ctx.fillRect(x, top, 1, Math.max(1, ((high - low) / 127) * half));
  }
});

lane("axis", (ctx, width) => {
  const steps = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];
  const step = steps.find((s) => (s / span()) * width >= 72) ?? 7200;
  const digits = step >= 1 ? 0 : step >= 0.1 ? 1 : 2;
  ctx.font = `12px ${FONT}`;
  ctx.textBaseline = "top";
  for (let i = Math.ceil(view.start / step); i * step <= view.end; i += 1) {
    const x = toX(i * step, width);
    ctx.fillStyle = theme.line;
    ctx.fillRect(Math.min(x, width - 1), 0, 1, 5);
    ctx.fillStyle = theme.faint;
    const text = clock(i * step, digits);
    const half = ctx.measureText(text).width / 2;
    ctx.textAlign = "center";
    ctx.fillText(text, clamp(x, half, width - half), 8);
  }
});

// Probabilities: stacked areas, pale where nobody speaks.
const track = data.track && {
  times: new Float32Array(bytes(data.track.times).buffer),
  scores: bytes(data.track.scores),
};

function chancesAt(from, to, out) {
  const { times, scores } = track;
  const wide = labels.length;
  const before = lastNotAbove(times.length, from, (k) => times[k]);
  const last = lastNotAbove(times.length, to, (k) => times[k]);
  out.fill(0);
  if (last > before + 1) {
    for (let row = before + 1; row <= last; row += 1) {
      for (let k = 0; k < wide; k += 1) out[k] += scores[row * wide + k];
    }
  } else {
    const a = clamp(before, 0, times.length - 1);
    const b = clamp(before + 1, 0, times.length - 1);
    const gap = times[b] - times[a];
    const part = gap > 0 ? clamp((from - times[a]) / gap, 0, 1) : 0;
    for (let k = 0; k < wide; k += 1) {
      out[k] = (1 - part) * scores[a * wide + k] + part * scores[b * wide + k];
    }
  }
  const sum = out.reduce((total, value) => total + value, 0) || 1;
  for (let k = 0; k < wide; k += 1) out[k] /= sum;
}

// Write a label where its band is tall enough all along the text.
function nameBand(ctx, label, lower, upper, step, height) {
  ctx.font = `600 12px ${FONT}`;
  const text = labels[label].name;
  const need = Math.ceil((ctx.measureText(text).width + 12) / step);
  let [best, at, y] = [15 / height, -1, 0];
  for (let i = 0; i + need < lower.length; i += 2) {
    let [floor, roof] = [0, 1];
    for (let k = i; k <= i + need; k += 1) {
      if (lower[k] > floor) floor = lower[k];
      if (upper[k] < roof) roof = upper[k];
      if (roof - floor <= best) break;
    }
    if (roof - floor > best) [best, at, y] = [roof - floor, i + need / 2, (floor + roof) / 2];
  }
  if (at < 0) return;
  ctx.fillStyle = inkOn(labels[label].colour);
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillText(text, at * step, (1 - y) * height);
}

lane("chances", (ctx, width, height) => {
  if (!track || !labels.length) return;
  const step = 2;
  const columns = Math.floor(width / step) + 2;
  const edges = Array.from({ length: labels.length + 1 }, () => new Float32Array(columns));
  const column = new Float32Array(labels.length);
  for (let i = 0; i < columns; i += 1) {
    chancesAt(toTime(i * step, width), toTime((i + 1) * step, width), column);
    for (let k = 0; k < labels.length; k += 1) edges[k + 1][i] = edges[k][i] + column[k];
  }
  for (let k = 0; k < labels.length; k += 1) {
    ctx.beginPath();
    for (let i = 0; i < columns; i += 1) ctx.lineTo(i * step, (1 - edges[k + 1][i]) * height);
    for (let i = columns - 1; i >= 0; i -= 1) ctx.lineTo(i * step, (1 - edges[k][i]) * height);
    ctx.fillStyle = ctx.strokeStyle = labels[k].colour;
    ctx.lineWidth = 0.5;
    ctx.fill();
    ctx.stroke();
  }
  // The gaps between segments.
  ctx.save();
  ctx.globalAlpha = 0.86;
  ctx.fillStyle = theme.surface;
  let silentFrom = 0;
  for (const s of [...inView(), { start: duration, end: duration }]) {
    const x = toX(silentFrom, width);
    const wide = toX(s.start, width) - x;
    // Hours in view: breaths between segments would veil everything.
    if (wide > 2) ctx.fillRect(x, 0, wide, height);
    silentFrom = Math.max(silentFrom, s.end);
  }
  ctx.restore();
  // Names only where somebody speaks: elsewhere the bands are pale.
  for (let i = 0; i < columns; i += 1) {
    if (segmentAt(toTime(i * step, width)) >= 0) continue;
    for (let k = 0; k < labels.length; k += 1) edges[k + 1][i] = 0;
  }
  for (let k = 0; k < labels.length; k += 1) {
    nameBand(ctx, k, edges[k], edges[k + 1], step, height);
  }
});

// Spectrogram: the tiles that are in view.
const tiles = (data.spectrogram?.tiles ?? []).map((source) => {
  const image = new Image();
  image.onload = requestPaint;
  image.src = source;
  return image;
});

lane("spectrogram", (ctx, width, height) => {
  ctx.fillStyle = "rgb(9 10 30)";
  ctx.fillRect(0, 0, width, height);
  if (!tiles.length) return;
  const { rate, marks } = data.spectrogram;
  // Columns are centred on their times.
  let column = -0.5;
  for (const image of tiles) {
    if (!image.complete) return;
    const [x, end] = [toX(column / rate, width), toX((column + image.width) / rate, width)];
    if (end > 0 && x < width) ctx.drawImage(image, x, 0, end - x, height);
    column += image.width;
  }
  drawReasons(ctx, width, height);
  ctx.font = `11px ${FONT}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.lineWidth = 3;
  ctx.lineJoin = "round";
  let above = -8;
  for (const [hertz, part] of [...marks].reverse()) {
    const y = (1 - part) * height;
    if (y < above + 16 || y > height - 8) continue;
    above = y;
    const text = hertz < 1000 ? `${hertz} Hz` : `${hertz / 1000} kHz`;
    ctx.strokeStyle = "rgb(9 10 30)";
    ctx.fillStyle = "#fff";
    ctx.strokeText(text, 5, y);
    ctx.fillText(text, 5, y);
  }
});

// The whole recording in small, with the stretch in view framed.
lane("overview", (ctx, width, height) => {
  const scale = width / duration;
  ctx.fillStyle = theme.silent;
  ctx.globalAlpha = 0.35;
  ctx.fillRect(0, 8, width, height - 16);
  ctx.globalAlpha = 1;
  for (const s of segments) {
    ctx.fillStyle = colourOf(s);
    ctx.fillRect(s.start * scale, 7, Math.max((s.end - s.start) * scale, 1), height - 14);
  }
  ctx.strokeStyle = theme.text;
  ctx.lineWidth = 2;
  ctx.beginPath();
  ctx.roundRect(view.start * scale + 1, 1, Math.max(span() * scale - 2, 6), height - 2, 4);
  ctx.stroke();
});

// The mark of the current time, what is heard there, and what a screen reader is told.
let spoken = "";
function place(time) {
  const x = toX(time, lanes.clientWidth);
  const head = $("playhead");
  head.hidden = x < -1 || x > lanes.clientWidth + 1;
  head.style.transform = `translateX(${x.toFixed(1)}px)`;
  $("now").textContent = clock(time);
  const found = segments[segmentAt(time)];
  const text = segments.length ? describe(found) : "";
  const value = `${clock(time, 0)} of ${clock(duration, 0)}${text && ", "}${text}`;
  if (value === spoken) return;
  spoken = value;
  $("heard").textContent = text;
  $("heard").style.setProperty("--feeling", found ? colourOf(found) : "transparent");
  lanes.setAttribute("aria-valuenow", time.toFixed(1));
  lanes.setAttribute("aria-valuetext", value);
}
onTime(place);
lanes.setAttribute("aria-valuemax", duration.toFixed(1));

// Click to seek, drag to scrub; hover to read.
const timeOf = (event, element = lanes) => {
  const box = element.getBoundingClientRect();
  return clamp(toTime(event.clientX - box.left, box.width), view.start, view.end);
};
let scrubbing = false;
lanes.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  scrubbing = true;
  lanes.setPointerCapture(event.pointerId);
  seek(timeOf(event));
});
lanes.addEventListener("pointermove", (event) => {
  const time = timeOf(event);
  if (scrubbing) seek(time);
  const hover = $("hover");
  hover.hidden = event.pointerType === "touch";
  const x = toX(time, lanes.clientWidth);
  hover.style.transform = `translateX(${x}px)`;
  hover.classList.toggle("left", x > lanes.clientWidth / 2);
  const found = segments[segmentAt(time)];
  hover.firstElementChild.textContent = `${clock(time)}  ${segments.length ? describe(found) : ""}`;
});
for (const name of ["pointerup", "pointercancel"]) {
  lanes.addEventListener(name, () => { scrubbing = false; });
}
lanes.addEventListener("pointerleave", () => { $("hover").hidden = true; });
lanes.addEventListener("wheel", (event) => {
  if (event.ctrlKey || event.metaKey) zoom(Math.exp(clamp(event.deltaY, -60, 60) / 120), timeOf(event));
  else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    setView(view.start + (event.deltaX / lanes.clientWidth) * span(), span());
  } else return;
  event.preventDefault();
}, { passive: false });

const pan = (event) => {
  const box = $("overview").getBoundingClientRect();
  setView(((event.clientX - box.left) / box.width) * duration - span() / 2, span());
};
$("overview").addEventListener("pointerdown", (event) => {
  event.target.setPointerCapture(event.pointerId);
  pan(event);
});
$("overview").addEventListener("pointermove", (event) => { if (event.buttons) pan(event); });

new ResizeObserver(requestPaint).observe(lanes);
document.addEventListener("theme", paint);
setView(0, duration);
