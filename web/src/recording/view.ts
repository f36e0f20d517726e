/** One recording that is open: everything under its name. */

import { guarded } from "../alert";
import { type About, analyze, convert, type Models, type Options, type Timeline } from "../api";
import { find, make, save } from "../dom";
import type { Entry } from "../library";
import { clamp, clock, feeling, lastNotAbove, percent } from "../text";
import { colourOf, emojiOf } from "../vocabulary";
import { Transcript } from "../words/transcript";
import { agreement } from "./agreement";
import { Lanes } from "./lanes";
import { Path } from "./path";
import { Player } from "./player";
import { shares, swatch, Table } from "./table";

const PLAY = "M8 5v14l11-7z";
const PAUSE = "M7 5h4v14H7zM13 5h4v14h-4z";

const VARIANTS: { name: string; options: Options }[] = [
  { name: "without the voice’s baseline", options: { baseline: false } },
  { name: "as it would have been told live", options: { causal: true } },
  { name: "all feelings equally common", options: { prior: "even" } },
];

/** What is compared is the voice: to write words down again would take long, and give the same. */
function voiceAlone({ words, language, translate, redact, ...voice }: Options): Options {
  return voice;
}

export class View {
  private readonly player: Player;
  private readonly lanes: Lanes;
  private readonly path: Path;
  private readonly table: Table;
  private readonly transcript: Transcript;
  private readonly timeline: Timeline;
  private readonly controls = new AbortController();

  constructor(
    private readonly entry: Entry,
    private readonly about: About,
    models: Models,
  ) {
    this.timeline = entry.timeline;
    const { drawing, segments, summary } = this.timeline;
    if (!drawing) throw new Error("found a recording without its drawing: open the file anew");
    find("view").hidden = false;
    find("other").hidden = true;
    this.describe();
    this.lanes = new Lanes(drawing, segments);
    const seek = (time: number): void => this.player.seek(time);
    this.path = new Path(this.timeline, seek);
    this.table = new Table(segments, seek);
    const now = (): number => this.player.time;
    this.transcript = new Transcript(this.timeline, seek, now, this.controls.signal);
    shares(summary.share, null);
    this.player = new Player(find("wave"), this.timeline, entry.sound);
    this.player.onTime = (time) => this.follow(time);
    this.player.onView = (view) => {
      this.lanes.show(view);
      this.lanes.place(this.player.time);
    };
    this.player.onState = (playing) => this.state(playing);
    this.player.onFault = () => {
      find("heard").textContent = "This browser can’t play this kind of file.";
    };
    this.state(false);
    this.listen();
    this.player.speed(Number(find<HTMLSelectElement>("speed").value));
    this.choices(models);
    this.downloads();
  }

  private describe(): void {
    const { duration, model, warnings, drawing } = this.timeline;
    find("title").textContent = this.entry.name;
    const added = new Date(this.entry.added).toLocaleString();
    const facts = [clock(duration), `heard by ${model}`, `opened ${added}`];
    find("meta").replaceChildren(...facts.map((fact) => make("span", {}, fact)));
    find("sentence").textContent = drawing?.sentence ?? "";
    const notes = (warnings ?? []).map((text) => make("p", { class: "note" }, text));
    find("warnings").replaceChildren(...notes);
    find("length").textContent = clock(duration);
    const labels = (drawing?.labels ?? []).map(({ name }) => make("li", {}, swatch(name), name));
    find("legend").replaceChildren(...labels);
  }

  private on(id: string, event: string, act: (event: Event) => void): void {
    find(id).addEventListener(event, act, { signal: this.controls.signal });
  }

  private listen(): void {
    const part = ({ clientX }: MouseEvent): number => {
      const box = find("lanes").getBoundingClientRect();
      return (clientX - box.left) / box.width;
    };
    this.on("play", "click", () => this.player.toggle());
    this.on("zoom-in", "click", () => this.player.zoom(this.player.span / 2));
    this.on("zoom-out", "click", () => this.player.zoom(this.player.span * 2));
    this.on("zoom-fit", "click", () => this.player.zoom(Number.POSITIVE_INFINITY));
    this.on("speed", "change", () => {
      this.player.speed(Number(find<HTMLSelectElement>("speed").value));
    });
    this.on("lanes", "click", (event) => {
      this.player.seek(this.lanes.timeAt(part(event as MouseEvent)));
    });
    this.on("wave", "wheel", (event) => {
      const wheel = event as WheelEvent;
      if (!wheel.ctrlKey && !wheel.metaKey) return; // the page scrolls
      event.preventDefault();
      const at = part(wheel);
      this.player.zoom(this.player.span * 2 ** (wheel.deltaY / 100), this.lanes.timeAt(at), at);
    });
    this.on("compare", "change", () => void guarded(() => this.compare()));
  }

  private state(playing: boolean): void {
    const button = find<HTMLButtonElement>("play");
    button.disabled = !this.player.playable;
    button.setAttribute("aria-label", playing ? "Pause" : "Play");
    find("play-shape").setAttribute("d", playing ? PAUSE : PLAY);
  }

  private segmentAt(time: number): number {
    const { segments } = this.timeline;
    const at = lastNotAbove(segments.length, time, (k) => segments[k]?.start ?? 0);
    const found = segments[at];
    return found && time < found.end ? at : -1;
  }

  private follow(time: number): void {
    const at = this.segmentAt(time);
    const segment = this.timeline.segments[at];
    find("now").textContent = clock(time, 1);
    const heard = find("heard");
    if (segment) {
      heard.textContent = `${emojiOf(segment.emotion)} ${feeling(segment)} ${percent(segment.confidence)}`;
      heard.style.setProperty("--feeling", colourOf(segment.emotion));
    } else {
      heard.textContent = "no speech";
      heard.style.removeProperty("--feeling");
    }
    this.lanes.place(time);
    this.path.show(time, segment !== undefined);
    this.table.show(at);
    this.transcript.show(time);
  }

  private neighbour(direction: number): void {
    const at = this.player.time;
    const starts = this.timeline.segments.map((segment) => segment.start);
    const found =
      direction > 0
        ? starts.find((start) => start > at + 0.01)
        : starts.findLast((start) => start < at - 0.5);
    if (found !== undefined) this.player.seek(found);
  }

  /** Act on a key; tell whether it was one of ours. */
  key(name: string): boolean {
    const nudge = clamp(this.player.span / 20, 0.1, 5);
    const actions: Record<string, () => void> = {
      " ": () => this.player.toggle(),
      ArrowLeft: () => this.player.seek(this.player.time - nudge),
      ArrowRight: () => this.player.seek(this.player.time + nudge),
      Home: () => this.player.seek(0),
      End: () => this.player.seek(this.player.duration - 0.01),
      n: () => this.neighbour(1),
      p: () => this.neighbour(-1),
      "+": () => this.player.zoom(this.player.span / 2),
      "=": () => this.player.zoom(this.player.span / 2),
      "-": () => this.player.zoom(this.player.span * 2),
      "0": () => this.player.zoom(Number.POSITIVE_INFINITY),
    };
    const act = actions[name];
    act?.();
    return act !== undefined;
  }

  private choices(models: Models): void {
    const own = this.timeline.model;
    const others = models.loaded
      .map((name) => ({ name, card: models.models.find((card) => card.name === name) }))
      .filter(({ name, card }) => name !== own && `${name} ${card?.version}` !== own)
      .map(({ name }) => ({ name: `by the model ${name}`, options: { model: name } }));
    const select = find<HTMLSelectElement>("compare");
    const all = [...others, ...VARIANTS];
    if (this.timeline.words) {
      for (const [k, { name, options }] of all.entries()) {
        all[k] = { name: `${name}, by the voice alone`, options };
      }
      all.unshift({ name: "by the voice alone", options: {} });
    }
    const options = all.map(({ name }, at) => make("option", { value: at }, name));
    select.replaceChildren(make("option", { value: "" }, "alone"), ...options);
    this.comparisons = all;
    find("agreement").textContent = "";
  }

  private comparisons: { name: string; options: Options }[] = [];

  private async compare(): Promise<void> {
    const chosen = this.comparisons[Number(find<HTMLSelectElement>("compare").value || "NaN")];
    const told = find("agreement");
    find("other").hidden = true;
    shares(this.timeline.summary.share, null);
    told.textContent = "";
    if (!chosen) {
      this.lanes.paintSoon();
      return;
    }
    told.textContent = "Hearing it again…";
    try {
      const options = { ...voiceAlone(this.entry.options), ...chosen.options };
      const other = await analyze(this.entry.sound, this.entry.name, options, this.controls.signal);
      const part = agreement(this.timeline.segments, other.segments);
      told.textContent =
        part === null
          ? "There is no speech that both hear."
          : `Both name the same feeling for ${percent(part)} of the speech.`;
      find("other-title").textContent = `Heard ${chosen.name}`;
      find("strip").setAttribute(
        "aria-label",
        `Feelings, ${chosen.name}: ${other.segments.map(feeling).join(", ")}`,
      );
      this.lanes.other = other.segments;
      find("other").hidden = false;
      shares(this.timeline.summary.share, other.summary.share);
      this.lanes.paintSoon();
    } catch (error) {
      told.textContent = "";
      throw error;
    }
  }

  private downloads(): void {
    const stem = this.entry.name.replace(/\.[^.]+$/, "");
    const buttons = this.about.formats.map(({ name, suffix }) =>
      make(
        "button",
        {
          type: "button",
          onclick: () =>
            void guarded(async () => {
              const sound = name === "html" ? this.entry.sound : null;
              const answer = await convert(this.timeline, sound, { format: name });
              save(await answer.blob(), `${stem}${suffix}`);
            }),
        },
        name === "html" ? "Report" : name.toUpperCase(),
      ),
    );
    find("downloads").replaceChildren(...buttons);
  }

  recolour(): void {
    this.player.recolour();
    this.lanes.paintSoon();
  }

  close(): void {
    this.controls.abort();
    this.player.close();
    find("view").hidden = true;
  }
}
