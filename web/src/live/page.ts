/** The live page: a microphone, and what is heard in it. */

import { guarded, tell } from "../alert";
import { type About, convert, type Segment, type Timeline } from "../api";
import { Circumplex } from "../circumplex";
import { find, make, shape } from "../dom";
import { bar, swatch } from "../recording/table";
import { clock, feeling, percent } from "../text";
import { onTheme } from "../theme";
import { colourOf, emojiOf, inOrder, placeOf } from "../vocabulary";
import { WordSwitch } from "../words/switch";
import { eachLeft, forget, hold, recover, settle } from "./left";
import { Microphone, microphones } from "./microphone";
import { Ribbon } from "./ribbon";
import { Said } from "./said";
import { type Follower, Stream, type Update, type WordsUpdate } from "./stream";
import { Tape } from "./tape";

const MICROPHONE = find("listen-shape").getAttribute("d") ?? "";
const SQUARE = "M7 7h10v10H7z";
const QUIET = -60; // decibels that show as no level
const ANNOUNCE = 3000; // milliseconds between two words to those who listen to the page

type Open = (name: string, sound: Blob, timeline: Timeline | null) => Promise<void>;

/** How loud a chunk is, from 0 to 1, in decibels. */
function loudness(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const decibels = 10 * Math.log10(sum / Math.max(1, samples.length) + 1e-12);
  return Math.max(0, Math.min(1, 1 - decibels / QUIET));
}

export class LivePage implements Follower {
  private microphone: Microphone | null = null;
  private stream: Stream | null = null;
  private tape = new Tape(16_000);
  private name = "";
  private level = 0;
  private arrivals: number[] = [];
  private announced = 0;
  private said = "";
  private session: string | null = null;
  private release: () => void = () => {};
  private readonly ribbon = new Ribbon();
  private readonly saying = new Said();
  private readonly wordSwitch: WordSwitch;
  private readonly bars = new Map<
    string,
    { row: HTMLElement; fill: HTMLElement; text: HTMLElement }
  >();
  private ground: Circumplex | null = null;
  private dot: SVGElement | null = null;

  constructor(
    about: About,
    private readonly open: Open,
  ) {
    this.wordSwitch = new WordSwitch("live-words", about.words);
    const button = find<HTMLButtonElement>("listen");
    button.disabled = false;
    button.addEventListener("click", () => void guarded(() => this.toggle()));
    onTheme(() => this.ribbon.paint());
    void this.list();
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.list());
    this.unfinished();
  }

  private async list(): Promise<void> {
    const select = find<HTMLSelectElement>("device");
    const before = select.value;
    const names = (await microphones()).map(({ deviceId, label }, at) =>
      make("option", { value: deviceId }, label || `Microphone ${at + 1}`),
    );
    select.replaceChildren(make("option", { value: "" }, "as the browser chooses"), ...names);
    select.value = before;
    if (select.selectedIndex < 0) select.value = "";
  }

  async toggle(): Promise<void> {
    if (find<HTMLButtonElement>("listen").disabled) return;
    if (this.microphone) this.finish();
    else if (!this.stream) await this.begin();
  }

  private async begin(): Promise<void> {
    this.state("Opening the microphone …");
    const button = find<HTMLButtonElement>("listen");
    button.disabled = true;
    try {
      this.microphone = await Microphone.open(
        find<HTMLSelectElement>("device").value,
        (samples) => this.hear(samples),
        () => this.finish(),
      );
    } catch (error) {
      this.state("Press the microphone, and speak.");
      throw error;
    } finally {
      button.disabled = false;
    }
    this.name = `Live ${new Date().toLocaleString().replaceAll("/", "-")}.wav`;
    this.tape = new Tape(this.microphone.rate);
    const { options } = this.wordSwitch;
    this.stream = new Stream(this.tape, this.name, this, options);
    this.saying.begin(Boolean(options.words));
    this.session = null;
    this.unfinished();
    this.ribbon.clear();
    this.arrivals = [];
    find("stretches").replaceChildren();
    find("live-empty").hidden = false;
    find("kept").hidden = true;
    this.button(true);
    void this.list();
  }

  private hear(samples: Float32Array): void {
    if (!this.microphone) return; // a chunk on its way when it was closed
    this.level = Math.max(loudness(samples), 0.7 * this.level);
    find<HTMLMeterElement>("level").value = this.level;
    this.tape.add(samples);
    find("elapsed").textContent = clock(this.tape.length / 2 / this.tape.rate);
    this.stream?.pump();
  }

  private finish(): void {
    this.microphone?.close();
    this.microphone = null;
    this.level = 0;
    find<HTMLMeterElement>("level").value = 0;
    this.button(false);
    if (!this.stream) return;
    find<HTMLButtonElement>("listen").disabled = true;
    this.back();
    this.stream.end();
  }

  private button(listening: boolean): void {
    const button = find("listen");
    button.setAttribute("aria-label", listening ? "Stop" : "Listen");
    button.classList.toggle("on", listening);
    find("listen-shape").setAttribute("d", listening ? SQUARE : MICROPHONE);
    this.wordSwitch.held = listening;
  }

  private state(text: string): void {
    find("live-state").textContent = text;
  }

  started(labels: string[], session: string | null): void {
    this.session = session;
    if (session) this.release = hold(session, this.name);
    const ordered = inOrder(labels);
    this.ribbon.begin(ordered);
    this.prepare(ordered);
    this.back();
  }

  private prepare(labels: string[]): void {
    this.bars.clear();
    const rows = labels.map((label) => {
      const rail = bar(0, colourOf(label));
      const text = make("td", { class: "figure" });
      const name = `${emojiOf(label)} ${label}`;
      const row = make(
        "tr",
        {},
        make("th", { scope: "row" }, swatch(label), name),
        make("td", { class: "wide" }, rail),
        text,
      );
      this.bars.set(label, { row, fill: rail.firstElementChild as HTMLElement, text });
      return row;
    });
    find("bars").replaceChildren(...rows);
    const places = labels.map((name) => ({ name, place: placeOf(name) }));
    this.ground = new Circumplex(find("place"), 200, places);
    this.dot = this.ground.add(shape("circle", { class: "here", r: 8, visibility: "hidden" }));
  }

  update(update: Update): void {
    const { speaking, emotion } = update;
    this.ribbon.add(update, this.level);
    for (const [label, { row, fill, text }] of this.bars) {
      const part = update.scores[label] ?? 0;
      fill.style.width = `${(100 * part).toFixed(1)}%`;
      text.textContent = speaking ? percent(part) : "";
      row.classList.toggle("top", label === emotion);
    }
    find("emoji").textContent = speaking ? emojiOf(emotion) : "🙂";
    find("word").textContent = speaking ? feeling(update) : "nobody speaks";
    find("sure").textContent = speaking ? percent(update.confidence) : "";
    const face = find("face");
    face.classList.toggle("silent", !speaking);
    face.style.setProperty("--feeling", speaking ? colourOf(emotion) : "var(--line)");
    const [cx, cy] = this.ground?.point(update.valence, update.arousal) ?? [0, 0];
    this.dot?.setAttribute("visibility", speaking ? "visible" : "hidden");
    this.dot?.setAttribute("cx", String(cx));
    this.dot?.setAttribute("cy", String(cy));
    this.tellPace(update);
    this.announce(speaking ? (emotion ?? "") : "");
    for (const segment of update.segments) this.stretch(segment);
  }

  private tellPace(update: Update): void {
    const now = performance.now();
    this.arrivals = [...this.arrivals.filter((at) => at > now - 2000), now];
    const first = this.arrivals[0] ?? now;
    const rate = (this.arrivals.length - 1) / Math.max(0.001, (now - first) / 1000);
    if (this.arrivals.length > 5) find("rate").textContent = `${rate.toFixed(0)} updates a second`;
    find("late").textContent = `${Math.round(1000 * update.latency)} ms after the sound`;
    find("known").textContent = `${Math.round(update.known_seconds)} s of this voice known`;
  }

  /** For those who hear the page: the feeling, when it changes, and not too often. */
  private announce(emotion: string): void {
    const now = performance.now();
    if (!emotion || emotion === this.said || now - this.announced < ANNOUNCE) return;
    this.said = emotion;
    this.announced = now;
    find("announce").textContent = emotion;
  }

  private stretch(segment: Segment): void {
    find("live-empty").hidden = true;
    const { start, end, emotion, confidence } = segment;
    const line = make(
      "li",
      {},
      swatch(emotion),
      make("span", { class: "figure" }, `${clock(start, 1)} – ${clock(end, 1)}`),
      ` ${emojiOf(emotion)} ${feeling(segment)} `,
      make("span", { class: "faint figure" }, percent(confidence)),
    );
    find("stretches").prepend(line);
  }

  words(update: WordsUpdate): void {
    this.saying.update(update);
  }

  wordless(why: string): void {
    this.saying.fault(why);
  }

  broken(): void {
    const then = this.microphone ? "what you say is kept, and told" : "the rest is heard";
    this.state(`The connection broke off; ${then} when it is back …`);
  }

  returning(): void {
    this.state("Coming back: the server hears again what it kept …");
  }

  back(): void {
    const listening = "Listening. It gets to know the voice while you speak.";
    this.state(this.microphone ? listening : "Hearing the rest …");
  }

  timeline(timeline: Timeline): void {
    if (this.session) settle(this.session);
    this.over();
    find("stretches").replaceChildren();
    for (const segment of timeline.segments) this.stretch(segment);
    if (timeline.words) this.saying.end(timeline.words.phrases, timeline.warnings ?? []);
    if (!timeline.duration) return;
    const share = timeline.summary.dominant;
    const told = share ? `, mostly ${share}` : ", no speech in it";
    this.offer(`${clock(timeline.duration)} of sound${told}.`, async (sound) => {
      const drawn = await convert(timeline, sound, { drawing: true });
      await this.open(this.name, sound, await drawn.json());
    });
  }

  fault(text: string): void {
    this.over();
    tell(text);
    if (!this.tape.length) return;
    this.offer("The sound until then is here.", async (sound) => {
      const { session } = this;
      await this.open(this.name, sound, null);
      if (session) await forget(session);
    });
  }

  /** Offer what was said to be opened. */
  private offer(text: string, open: (sound: Blob) => Promise<void>): void {
    const sound = this.tape.wav();
    find("kept").hidden = false;
    find("kept-text").textContent = text;
    find("to-recording").onclick = () => void guarded(() => open(sound));
  }

  private over(): void {
    this.release();
    this.microphone?.close();
    this.microphone = null;
    this.stream = null;
    this.button(false);
    find<HTMLButtonElement>("listen").disabled = false;
    this.state("Press the microphone, and speak.");
  }

  /** Offer what closed pages and faults left behind, one after the other: the server has its sound. */
  private unfinished(): void {
    const card = find("unfinished");
    eachLeft((session, name) => {
      if (!card.hidden || session === this.session) return; // that of now is offered elsewhere
      card.hidden = false;
      find("unfinished-text").textContent = `“${name}” was broken off; the server has its sound.`;
      const settled = (): void => {
        card.hidden = true;
        this.unfinished();
      };
      find("recover").onclick = () =>
        void guarded(async () => {
          const sound = await recover(session);
          if (sound) await this.open(name.replace(/wav$/, "flac"), sound, null);
          await forget(session);
          settled();
          if (!sound) tell(`The server has “${name}” no more.`);
        });
      find("forget").onclick = () =>
        void guarded(async () => {
          await forget(session);
          settled();
        });
    });
  }

  key(name: string): boolean {
    if (name !== " ") return false;
    void guarded(() => this.toggle());
    return true;
  }

  shown(): void {
    this.ribbon.paint();
  }
}
