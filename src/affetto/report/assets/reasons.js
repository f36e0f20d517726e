// What drove a label, laid over the spectrogram: what spoke for it keeps its light, what hardly
// mattered is dimmed, what spoke against it is blue.

const reasons = data.explanations ?? [];
let reasonsShown = reasons.length > 0;
const VEIL = 0.74;
const DARK = [9, 10, 30];
const AGAINST = [52, 120, 246];

// A picture of one pixel a part; the browser smooths between them.
const veils = reasons.map((why) => {
  const most = Math.max(0.2, ...why.effect.flat().map(Math.abs));
  const veil = document.createElement("canvas");
  veil.width = why.effect.length;
  veil.height = why.effect[0].length;
  const ctx = veil.getContext("2d");
  const picture = ctx.createImageData(veil.width, veil.height);
  why.effect.forEach((column, x) => column.forEach((value, band) => {
    const part = value / most;
    const at = 4 * ((veil.height - 1 - band) * veil.width + x);
    const blue = clamp(-part, 0, 1) ** 0.7;
    for (let k = 0; k < 3; k += 1) picture.data[at + k] = DARK[k] + blue * (AGAINST[k] - DARK[k]);
    picture.data[at + 3] = 255 * VEIL * (1 - clamp(part, 0, 1) ** 0.8);
  }));
  ctx.putImageData(picture, 0, 0);
  return veil;
});

function labelColour(name) {
  return labels.find((label) => label.name === name)?.colour ?? data.unlabelled;
}

function drawReasons(ctx, width, height) {
  if (!reasonsShown) return;
  const veiled = `rgb(${DARK.join(" ")} / ${VEIL})`;
  const marks = [];
  let done = 0;
  reasons.forEach((why, i) => {
    // The model hears beyond a segment: where two reach into one another they share the gap.
    const next = reasons[i + 1];
    const meet = next && next.from < why.to ? (why.end + next.start) / 2 : why.to;
    const begun = Math.max(why.from, done);
    const [x, end] = [toX(begun, width), toX(meet, width)];
    ctx.fillStyle = veiled;
    ctx.fillRect(toX(done, width), 0, x - toX(done, width), height);
    done = meet;
    ctx.save();
    ctx.beginPath();
    ctx.rect(x, 0, end - x, height);
    ctx.clip();
    ctx.imageSmoothingQuality = "high";
    const [left, right] = [toX(why.from, width), toX(why.to, width)];
    ctx.drawImage(veils[i], left, (1 - why.top) * height, right - left, (why.top - why.bottom) * height);
    ctx.restore();
    why.strongest.forEach(([start, until, low, high], k) => {
      const middle = (start + until) / 2;
      if (middle >= begun && middle <= meet) marks.push([start, until, low, high, k + 1]);
    });
  });
  ctx.fillStyle = veiled;
  ctx.fillRect(toX(done, width), 0, toX(duration, width) - toX(done, width), height);
  for (const why of reasons) {
    const [x, end] = [toX(why.start, width), toX(why.end, width)];
    ctx.fillStyle = labelColour(why.label);
    ctx.fillRect(x, 0, end - x, 4);
  }
  for (const mark of marks) frame(ctx, width, height, ...mark);
}

function frame(ctx, width, height, start, until, low, high, number) {
  const x = toX(start, width);
  const top = Math.max((1 - high) * height, 5);
  const wide = Math.max(toX(until, width) - x, 6);
  const tall = Math.min((1 - low) * height, height - 1) - top;
  for (const [colour, size] of [["rgb(9 10 30 / .8)", 3.5], ["#fff", 1.5]]) {
    ctx.strokeStyle = colour;
    ctx.lineWidth = size;
    ctx.beginPath();
    ctx.roundRect(x, top, wide, tall, 3);
    ctx.stroke();
  }
  ctx.font = `700 11px ${FONT}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  // Beside the frame, on the side that has room.
  const beside = x + wide + 12 < width ? x + wide + 4 : x - 11;
  ctx.lineWidth = 3;
  ctx.strokeStyle = "rgb(9 10 30)";
  ctx.fillStyle = "#fff";
  ctx.strokeText(number, beside, top + tall / 2);
  ctx.fillText(number, beside, top + tall / 2);
}

$("why")?.addEventListener("click", () => {
  reasonsShown = !reasonsShown;
  $("why").setAttribute("aria-pressed", String(reasonsShown));
  requestPaint();
});
