// The keyboard. Buttons and fields keep their own keys.

const nudge = () => clamp(span() / 20, 0.1, 5);

function neighbour(direction) {
  const at = transport.time;
  const starts = segments.map((s) => s.start);
  const found = direction > 0 ? starts.find((s) => s > at + 0.01) : starts.findLast((s) => s < at - 0.5);
  if (found !== undefined) seek(found);
}

const actions = {
  " ": togglePlay,
  ArrowLeft: () => seek(transport.time - nudge()),
  ArrowRight: () => seek(transport.time + nudge()),
  Home: () => seek(0),
  End: () => seek(duration),
  n: () => neighbour(1),
  p: () => neighbour(-1),
  "+": () => zoom(0.5),
  "=": () => zoom(0.5),
  "-": () => zoom(2),
  0: () => setView(0, duration),
};

document.addEventListener("keydown", (event) => {
  const act = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, .scroll") && event.key !== " ") return;
  if (event.key === " " && event.target.closest("input, select, button")) return;
  event.preventDefault();
  act();
  reveal(transport.time);
});

tell();
