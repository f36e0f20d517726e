/** The waveform with a region for each feeling: wavesurfer.js, fed with the server's peaks. */

import WaveSurfer from "wavesurfer.js";
import RegionsPlugin from "wavesurfer.js/dist/plugins/regions.esm.js";
import type { Segment, Timeline } from "../api";
import { make } from "../dom";
import { bytes, clamp, feeling } from "../text";
import { ink } from "../theme";
import { colourOf, emojiOf } from "../vocabulary";

export interface View {
  start: number;
  end: number;
}

const HEIGHT = 148;
const CLOSEST = 400; // pixels a second
const [LETTER, EMOJI] = [7.5, 20]; // pixels

const nonce = document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce ?? "";

/** Peaks as wavesurfer takes them: what lies above the middle, and what lies below. */
function sides(pairs: Int8Array): [Float32Array, Float32Array] {
  const count = pairs.length / 2;
  const [above, below] = [new Float32Array(count), new Float32Array(count)];
  for (let i = 0; i < count; i += 1) {
    above[i] = Math.max(0, pairs[2 * i + 1] ?? 0) / 127;
    below[i] = Math.max(0, -(pairs[2 * i] ?? 0)) / 127;
  }
  return [above, below];
}

/** The label of a region: as much of it as there is room for. */
class Mark {
  readonly element: HTMLElement;

  private readonly emoji: string;
  private readonly text: string;
  private readonly seconds: number;

  constructor(segment: Segment) {
    this.emoji = emojiOf(segment.emotion);
    this.text = `${this.emoji} ${feeling(segment)}`;
    this.seconds = segment.end - segment.start;
    this.element = make("span", { part: "label" });
  }

  fit(scale: number): void {
    const room = this.seconds * scale;
    const whole = LETTER * this.text.length + EMOJI;
    this.element.textContent = room >= whole ? this.text : room >= EMOJI ? this.emoji : "";
  }
}

export class Player {
  onTime: (time: number) => void = () => {};
  onView: (view: View) => void = () => {};
  onState: (playing: boolean) => void = () => {};
  onFault: () => void = () => {};
  playable = false;

  readonly duration: number;
  private readonly wave: WaveSurfer;
  private view: View;
  private rate = 1;
  private scale = 0;
  private readonly marks: Mark[] = [];

  constructor(container: HTMLElement, timeline: Timeline, sound: Blob) {
    this.duration = Math.max(timeline.duration, 0.001);
    this.view = { start: 0, end: this.duration };
    const regions = RegionsPlugin.create();
    this.wave = WaveSurfer.create({
      container,
      height: HEIGHT,
      cspNonce: nonce,
      dragToSeek: true,
      cursorWidth: 2,
      plugins: [regions],
      ...this.colours(),
    });
    this.wave.on("ready", () => {
      for (const segment of timeline.segments) {
        const { start, end, emotion } = segment;
        const color = `${colourOf(emotion)}59`; // a third: the waveform shows through
        const mark = new Mark(segment);
        this.marks.push(mark);
        const region = regions.addRegion({ start, end, color, drag: false, resize: false });
        // Not as its content, which is compared with every other's to lie beside it.
        region.element?.append(mark.element);
        region.element?.style.setProperty("border-top", `5px solid ${colourOf(emotion)}`);
        // Whoever presses there means the waveform; a region would take the drag away from it.
        region.element?.style.setProperty("pointer-events", "none");
      }
      this.scale = 0; // what was drawn until now had no labels
      this.onTime(0);
      this.changed();
    });
    this.wave.on("timeupdate", (time) => this.onTime(time));
    this.wave.on("seeking", (time) => this.onTime(time));
    this.wave.on("scroll", (start, end) => this.changed({ start, end }));
    this.wave.on("zoom", () => this.changed());
    this.wave.on("redraw", () => this.changed());
    this.wave.on("play", () => this.onState(true));
    this.wave.on("pause", () => this.onState(false));
    this.wave.on("error", () => this.fault());
    const pairs = timeline.drawing?.peaks?.pairs;
    const peaks = sides(new Int8Array(pairs ? bytes(pairs).buffer : new ArrayBuffer(4)));
    const media = this.wave.getMediaElement();
    media.addEventListener("loadedmetadata", () => {
      this.playable = true;
      this.speed(this.rate); // a browser forgets it when it loads a sound
      this.onState(false);
    });
    media.addEventListener("error", () => this.fault());
    void this.wave.loadBlob(sound, peaks, this.duration).catch(() => this.fault());
  }

  /** Labels as long as there is room for at this zoom. */
  private fit(): void {
    const scale = this.wave.getWrapper().clientWidth / this.duration;
    if (scale === this.scale) return;
    this.scale = scale;
    for (const mark of this.marks) mark.fit(scale);
  }

  private fault(): void {
    if (this.playable) return;
    this.onFault();
  }

  private colours(): { waveColor: string; progressColor: string; cursorColor: string } {
    return { waveColor: ink("faint"), progressColor: ink("text"), cursorColor: ink("text") };
  }

  private changed(view?: View): void {
    const scroll = this.wave.getScroll();
    const wide = this.wave.getWrapper().clientWidth || 1;
    const shown = this.wave.getWidth() || 1;
    this.view = view ?? {
      start: (scroll / wide) * this.duration,
      end: Math.min(((scroll + shown) / wide) * this.duration, this.duration),
    };
    this.fit();
    this.onView(this.view);
  }

  get time(): number {
    return this.wave.getCurrentTime();
  }

  get span(): number {
    return this.view.end - this.view.start;
  }

  recolour(): void {
    this.wave.setOptions(this.colours());
  }

  seek(time: number): void {
    this.wave.setTime(clamp(time, 0, this.duration));
    // Without sound that can be played nothing tells of the time.
    this.onTime(this.time);
    if (this.time < this.view.start || this.time > this.view.end) {
      this.wave.setScrollTime(Math.max(0, this.time - this.span / 4));
    }
  }

  toggle(): void {
    if (this.playable) void this.wave.playPause();
  }

  speed(rate: number): void {
    this.rate = rate;
    this.wave.setPlaybackRate(rate, true);
  }

  /** Show a part of this length, or the whole, with a time at a part of the width: the playhead in the middle. */
  zoom(seconds: number, time = this.time, part = 0.5): void {
    const wide = this.wave.getWidth();
    const closest = wide / CLOSEST;
    const shown = clamp(seconds, Math.min(closest, this.duration), this.duration);
    this.wave.zoom(shown >= this.duration ? 0 : wide / shown);
    this.wave.setScrollTime(Math.max(0, time - part * shown));
    this.changed();
  }

  close(): void {
    this.wave.destroy();
  }
}
