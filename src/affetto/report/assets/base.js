// What the page was given, and the small helpers that every part uses.

const $ = (id) => document.getElementById(id);
const data = JSON.parse($("data").textContent);
const duration = Math.max(data.duration, 0.001);
const labels = data.labels;
const segments = data.segments.map(
  ([start, end, label, confidence, valence, arousal, speaker, uncertain]) =>
    ({ start, end, label, confidence, valence, arousal, speaker, uncertain }));

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

function bytes(base64) {
  const text = atob(base64);
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) out[i] = text.charCodeAt(i);
  return out;
}

// 75.25 → "1:15.2"; cut, not rounded, as players do.
function clock(seconds, digits = 1) {
  const units = Math.floor(seconds * 10 ** digits + 1e-6);
  const part = units % 10 ** digits;
  const whole = Math.floor(units / 10 ** digits);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n) => String(n).padStart(2, "0");
  const text = h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
  return digits ? `${text}.${String(part).padStart(digits, "0")}` : text;
}

// The last place in a sorted list whose value is not above the given one; -1 before the first.
function lastNotAbove(count, value, at) {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at(middle) <= value) low = middle + 1; else high = middle;
  }
  return low - 1;
}

// The furthest end of any segment so far: says when a search back can stop.
const reach = [];
for (const s of segments) reach.push(Math.max(s.end, reach.length ? reach[reach.length - 1] : 0));

// The number of the segment at a time, the latest begun where voices overlap; -1 in silence.
function segmentAt(time) {
  for (let i = lastNotAbove(segments.length, time, (k) => segments[k].start); i >= 0; i -= 1) {
    if (time < segments[i].end) return i;
    if (reach[i] <= time) break;
  }
  return -1;
}

function describe(segment) {
  if (!segment) return "no speech";
  const who = data.speakers.length > 1 ? `${data.speakers[segment.speaker]}: ` : "";
  if (segment.label < 0) return `${who}valence ${segment.valence}, arousal ${segment.arousal}`;
  const sure = `${Math.round(100 * segment.confidence)}%`;
  return `${who}${labels[segment.label].name} ${sure}${segment.uncertain ? ", uncertain" : ""}`;
}

const colourOf = (segment) => (segment.label < 0 ? data.unlabelled : labels[segment.label].colour);

// Black or white, whichever reads better on a colour (WCAG relative luminance).
function inkOn(colour) {
  const [r, g, b] = [1, 3, 5].map((i) => {
    const c = parseInt(colour.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.19 ? "#111" : "#fff";
}
