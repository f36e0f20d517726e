// Which stretch of the recording is in view.

const view = { start: 0, end: duration };
const shortest = Math.min(duration, 0.5);
const span = () => view.end - view.start;
const toX = (time, width) => ((time - view.start) / span()) * width;
const toTime = (x, width) => view.start + (x / width) * span();

function setView(start, length) {
  length = clamp(length, shortest, duration);
  view.start = clamp(start, 0, duration - length);
  view.end = view.start + length;
  $("zoom-in").disabled = length <= shortest;
  $("zoom-out").disabled = $("zoom-all").disabled = length >= duration;
  $("overview").hidden = length >= duration;
  requestPaint();
}

// Zoom about a time, which stays where it is on the screen.
function zoom(factor, about = transport.time) {
  const anchor = clamp(about, view.start, view.end);
  const length = clamp(span() * factor, shortest, duration);
  setView(anchor - ((anchor - view.start) / span()) * length, length);
}

function reveal(time) {
  if (time < view.start || time > view.end) setView(time - span() * 0.1, span());
}

$("zoom-in").addEventListener("click", () => zoom(0.5));
$("zoom-out").addEventListener("click", () => zoom(2));
$("zoom-all").addEventListener("click", () => setView(0, duration));

// While playing, turn the page when the mark reaches its edge.
onTime((time) => { if (transport.playing) reveal(time); });
