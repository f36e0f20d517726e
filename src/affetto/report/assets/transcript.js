// What is said: the word that is being said is marked, and phrases are found.

const said = $("said");
const phrases = [...(said?.children ?? [])];
const numbers = (element) => [Number(element.dataset.seek ?? element.dataset.start), Number(element.dataset.end)];
const timed = (elements) => elements
  .map((element) => ({ element, start: numbers(element)[0], end: numbers(element)[1] }))
  .sort((a, b) => a.start - b.start);
const spokenWords = timed([...(said?.querySelectorAll("[data-seek][data-end]") ?? [])]);
const spokenPhrases = timed(phrases);

// The one begun last that isn't over yet; a few back, where voices overlap.
function saidAt(list, time) {
  const last = lastNotAbove(list.length, time + 1e-3, (k) => list[k].start);
  for (let i = last; i >= 0 && i > last - 8; i -= 1) if (time < list[i].end) return list[i].element;
  return null;
}

function marker(list, name) {
  let marked = null;
  return (time) => {
    const found = saidAt(list, time);
    if (found === marked) return null;
    marked?.removeAttribute(name);
    found?.setAttribute(name, "true");
    marked = found;
    return found;
  };
}

const markWord = marker(spokenWords, "data-now");
const markPhrase = marker(spokenPhrases, "aria-current");

onTime((time) => {
  markWord(time);
  const phrase = markPhrase(time);
  const box = phrase?.closest(".scroll");
  if (!box || box.scrollHeight <= box.clientHeight || !phrase.offsetHeight) return;
  // Only the list scrolls, never the page under the reader's eyes.
  const top = phrase.offsetTop - box.offsetTop;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + phrase.offsetHeight > box.scrollTop + box.clientHeight) {
    box.scrollTop = top + phrase.offsetHeight - box.clientHeight;
  }
});

// Phrases that hold what is looked for (a word, a name, a feeling), and those where voice and words
// disagree.
const plainly = (text) => text.toLowerCase().trim().replace(/\s+/g, " ");

function sift() {
  const wanted = plainly($("find").value);
  const apart = $("only-apart")?.getAttribute("aria-pressed") === "true";
  let count = 0;
  for (const phrase of phrases) {
    const kept = plainly(phrase.textContent).includes(wanted) && (!apart || phrase.classList.contains("apart"));
    phrase.hidden = !kept;
    count += kept;
  }
  $("found").textContent = wanted || apart ? `${count} of ${phrases.length} phrases` : "";
}

$("find")?.addEventListener("input", sift);
$("only-apart")?.addEventListener("click", () => {
  const pressed = $("only-apart").getAttribute("aria-pressed") === "true";
  $("only-apart").setAttribute("aria-pressed", String(!pressed));
  sift();
});

// By keyboard, from a phrase's time: up and down to other phrases, left and right word by word.
function step(event) {
  const button = event.target.closest(".jump");
  const aside = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const along = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!button || !(aside ?? along) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const shown = phrases.filter((phrase) => !phrase.hidden);
  if (along) {
    shown[shown.indexOf(button.closest("li")) + along]?.querySelector(".jump").focus();
    return;
  }
  const at = lastNotAbove(spokenWords.length, transport.time + 1e-3, (k) => spokenWords[k].start);
  const next = spokenWords[at + aside];
  if (!next) return;
  seek(next.start);
  reveal(transport.time);
  next.element.closest("li").querySelector(".jump").focus();
}
said?.addEventListener("keydown", step);
