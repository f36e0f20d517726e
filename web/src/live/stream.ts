/** A live stream to the server, that goes on where a broken connection ended. */

import { type Segment, type Timeline, token } from "../api";
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

interface Started {
  labels: string[];
  session: string | null;
  kept: number | null;
}

type Message =
  | ({ type: "started" } & Started)
  | ({ type: "update" } & Update)
  | { type: "timeline"; timeline: Timeline }
  | { type: "error"; error: string; retry_after?: number };

export interface Follower {
  started(labels: string[], session: string | null): void;
  update(update: Update): void;
  broken(): void;
  timeline(timeline: Timeline): void;
  fault(text: string): void;
}

const PATIENCE = 60_000; // milliseconds without a server
const PAUSE = 500;
const EVERY = 0.08; // seconds

export class Stream {
  private socket: WebSocket | null = null;
  private session: string | null = null;
  private sent = 0;
  private heard = 0;
  private ended = false;
  private over = false;
  private brokenSince: number | null = null;

  constructor(
    private readonly tape: Tape,
    private readonly source: string,
    private readonly follower: Follower,
  ) {
    this.connect();
  }

  private connect(): void {
    const address = new URL("v1/stream", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    address.hash = "";
    const shown = token();
    const socket = new WebSocket(address, shown ? ["affetto", `token.${shown}`] : ["affetto"]);
    socket.addEventListener("open", () => socket.send(JSON.stringify(this.start())));
    socket.addEventListener("message", (event) => this.take(socket, JSON.parse(event.data)));
    socket.addEventListener("close", () => this.closed());
  }

  private start(): object {
    if (this.session) return { type: "start", session: this.session, after: this.heard };
    const sound = { encoding: "s16le", rate: this.tape.rate, channels: 1 };
    return { type: "start", ...sound, every: EVERY, keep: true, source: this.source };
  }

  private take(socket: WebSocket, message: Message): void {
    if (message.type === "started") {
      this.socket = socket;
      this.session = message.session;
      this.sent = message.kept ?? this.sent;
      this.brokenSince = null;
      this.follower.started(message.labels, message.session);
      this.pump();
    } else if (message.type === "update") {
      this.heard = message.time;
      if (message.kept === null) this.session = null;
      this.tape.release(message.kept ?? this.sent);
      this.follower.update(message);
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
    this.over = true;
    this.socket?.close(1000);
    this.follower.fault(text);
  }

  /** Send what the tape has and the server hasn't. */
  pump(): void {
    if (!this.socket || this.over) return;
    for (const chunk of this.tape.since(this.sent)) {
      this.socket.send(chunk);
      this.sent += chunk.byteLength;
    }
    if (this.ended) this.socket.send(JSON.stringify({ type: "end" }));
  }

  /** Say that nothing follows; the timeline comes. */
  end(): void {
    this.ended = true;
    this.pump();
  }
}
