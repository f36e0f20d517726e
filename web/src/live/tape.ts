/** All that was said, as 16-bit samples: what the server may ask for again, and the recording. */

const PART = 1_000_000; // bytes; the server takes messages of up to four times as many

export class Tape {
  length = 0; // bytes

  private readonly old: Blob[] = [];
  private oldLength = 0;
  private recent: ArrayBuffer[] = [];

  constructor(readonly rate: number) {}

  /** Add samples; give their bytes. */
  add(samples: Float32Array): ArrayBuffer {
    const whole = Int16Array.from(samples, (x) => Math.max(-1, Math.min(1, x)) * 32_767);
    this.recent.push(whole.buffer);
    this.length += whole.byteLength;
    return whole.buffer;
  }

  /** All bytes from a place on, in parts that can be sent. */
  since(place: number): (ArrayBuffer | Blob)[] {
    let at = this.oldLength;
    const found: (ArrayBuffer | Blob)[] = [];
    // A server that lost more than it said asks for what was let go of.
    const old = new Blob(place < at ? this.old : []);
    for (let from = place; from < at; from += PART) {
      found.push(old.slice(from, Math.min(from + PART, at)));
    }
    for (const chunk of this.recent) {
      const start = Math.max(0, place - at);
      if (start < chunk.byteLength) found.push(start ? chunk.slice(start) : chunk);
      at += chunk.byteLength;
    }
    return found;
  }

  /** What lies before a place is hardly asked for again: blobs needn't lie in memory. */
  release(place: number): void {
    const many = 750; // half a minute
    if (this.recent.length < many) return;
    let count = 0;
    let end = this.oldLength;
    while (count < this.recent.length && end + (this.recent[count]?.byteLength ?? 0) <= place) {
      end += this.recent[count]?.byteLength ?? 0;
      count += 1;
    }
    this.old.push(new Blob(this.recent.splice(0, count)));
    this.oldLength = end;
  }

  /** The recording, as a WAV file. */
  wav(): Blob {
    const head = new DataView(new ArrayBuffer(44));
    const text = (at: number, word: string): void => {
      for (let i = 0; i < word.length; i += 1) head.setUint8(at + i, word.charCodeAt(i));
    };
    text(0, "RIFF");
    head.setUint32(4, 36 + this.length, true);
    text(8, "WAVEfmt ");
    head.setUint32(16, 16, true);
    head.setUint16(20, 1, true); // whole numbers
    head.setUint16(22, 1, true); // channels
    head.setUint32(24, this.rate, true);
    head.setUint32(28, 2 * this.rate, true);
    head.setUint16(32, 2, true);
    head.setUint16(34, 16, true);
    text(36, "data");
    head.setUint32(40, this.length, true);
    return new Blob([head, ...this.old, ...this.recent], { type: "audio/wav" });
  }
}
