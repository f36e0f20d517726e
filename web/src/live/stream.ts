/** A live stream to the server, that goes on where a broken connection ended. */

import { type Options, type Phrase, type Segment, type Timeline, token } from "../api";
import type { Tape } from "./tape";

export interface Update {
  time: number;
  emotion: string | null;
  confidence: number;
  scores: Record<string, number>;
  valence: number;
  arousal: number;
  speech: number;
  speaking: boolean;
  known_seconds: number;
  latency: number;
  kept: number | null;
  segments: Segment[];
}

export interface WordsUpdate {
  /** What is heard of the phrase that is being said; it may still change. */
  text: string;
  /** Seconds of sound that wait to be written down. */
  behind: number;
  /** Those that ended. */
  phrases: Phrase[];
}

interface Started {
  labels: string[];
  session: string | null;
  kept: number | null;
}

type Message =
  | ({ type: "started" } & Started)
  | ({ type: "update" } & Update)
  | ({ type: "words"; error?: string } & WordsUpdate)
  | { type: "timeline"; timeline: Timeline }
  | { type: "error"; error: string; retry_after?: number };

/** Who is told of a stream; `broken`, `returning` and `back` come at each break, the last two follow. */
export interface Follower {
  /** The server hears: once, whatever breaks later. */
  started(labels: string[], session: string | null): void;
  /** A moment was heard that was not told before. */
  update(update: Update): void;
  /** More of what is said was written down. */
  words(update: WordsUpdate): void;
  /** No more will be; the voice goes on. */
  wordless(why: string): void;
  broken(): void;
  /** The server is there again, and hears once more what it kept. */
  returning(): void;
  back(): void;
  /** It is over, with all that was heard. */
  timeline(timeline: Timeline): void;
  /** It is over; a session stays on the server. */
  fault(text: string): void;
}

const PATIENCE = 60_000; // milliseconds in which nothing new is heard
const PAUSE = 500;
const EVERY = 0.08; // seconds

export class Stream {
  private socket: WebSocket | null = null;
  private session: string | null = null;
  private begun = false;
  private sent = 0;
  private heard = 0; // seconds
  private lastPhrase = -1; // seconds: where the last one begins that was told
  private ended = false;
  private endSent = false;
  private over = false;
  private brokenSince: number | null = null;

  constructor(
    private readonly tape: Tape,
    private readonly source: string,
    private readonly follower: Follower,
    private readonly options: Options = {},
  ) {
    this.connect();
  }

  private connect(): void {
    const address = new URL("v1/stream", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    address.hash = "";
    const shown = token();
    const socket = new WebSocket(address, shown ? ["affetto", `token.${shown}`] : ["affetto"]);
    socket.addEventListener("open", () => {
      socket.send(JSON.stringify(this.start()));
      if (this.begun) this.follower.returning();
    });
    socket.addEventListener("message", (event) => this.take(socket, JSON.parse(event.data)));
    socket.addEventListener("close", () => this.closed());
  }

  private start(): object {
    if (this.session) {
      const told = this.options.words ? { after_words: this.lastPhrase } : {};
      return { type: "start", session: this.session, after: this.heard, ...told };
    }
    const sound = { encoding: "s16le", rate: this.tape.rate, channels: 1 };
    const kept = { every: EVERY, keep: true, source: this.source };
    return { type: "start", ...sound, ...kept, ...this.options };
  }

  private take(socket: WebSocket, message: Message): void {
    if (message.type === "started") {
      this.socket = socket;
      this.session = message.session;
      this.sent = message.kept ?? 0;
      this.endSent = false;
      if (this.begun) this.follower.back();
      else this.follower.started(message.labels, message.session);
      this.begun = true;
      this.pump();
    } else if (message.type === "update") {
      if (message.kept === null) this.session = null;
      this.tape.release(message.kept ?? this.sent);
      if (message.time <= this.heard) return; // told before the break
      this.heard = message.time;
      this.brokenSince = null; // not before: a server that falls over what it kept comes back often
      this.follower.update(message);
    } else if (message.type === "words") {
      const phrases = message.phrases.filter(({ start }) => start > this.lastPhrase);
      this.lastPhrase = phrases.at(-1)?.start ?? this.lastPhrase;
      if (message.error) this.follower.wordless(message.error);
      else this.follower.words({ ...message, phrases });
    } else if (message.type === "timeline") {
      this.over = true;
      socket.close(1000); // it is here: the server may forget the sound
      this.follower.timeline(message.timeline);
    } else if (message.retry_after === undefined || !this.session) {
      this.fail(message.error);
    }
  }

  private closed(): void {
    if (this.over) return;
    this.socket = null;
    const now = performance.now();
    this.brokenSince ??= now;
    if (!this.session) {
      this.fail("The connection to the server broke off.");
    } else if (now - this.brokenSince > PATIENCE) {
      this.fail("The server went away, and didn’t come back within a minute.");
    } else {
      this.follower.broken();
      setTimeout(() => this.connect(), PAUSE);
    }
  }

  private fail(text: string): void {
    this.over = true; // the server closes; if we did, it would forget the sound
    this.follower.fault(text);
  }

  /** Send what the tape has and the server hasn't; nothing goes behind the end. */
  pump(): void {
    if (!this.socket || this.over || this.endSent) return;
    for (const part of this.tape.since(this.sent)) this.socket.send(part);
    this.sent = this.tape.length;
    if (!this.ended) return;
    this.endSent = true;
    this.socket.send(JSON.stringify({ type: "end" }));
  }

  /** Say that nothing follows; the timeline comes. */
  end(): void {
    this.ended = true;
    this.pump();
  }
}
