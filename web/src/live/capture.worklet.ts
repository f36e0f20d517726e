/** In the sound's own thread: gathers its blocks of 128 samples to chunks, and hands them over. */

declare const sampleRate: number;
declare function registerProcessor(name: string, kind: new () => AudioWorkletProcessor): void;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}

const SECONDS = 0.04;

class Capture extends AudioWorkletProcessor {
  private chunk = new Float32Array(Math.round(sampleRate * SECONDS));
  private filled = 0;

  process(inputs: Float32Array[][]): boolean {
    const channels = inputs[0] ?? [];
    const count = channels[0]?.length ?? 0;
    for (let i = 0; i < count; i += 1) {
      let sum = 0;
      for (const channel of channels) sum += channel[i] ?? 0;
      this.chunk[this.filled] = sum / channels.length;
      this.filled += 1;
      if (this.filled < this.chunk.length) continue;
      this.port.postMessage(this.chunk, [this.chunk.buffer]);
      this.chunk = new Float32Array(Math.round(sampleRate * SECONDS));
      this.filled = 0;
    }
    return true;
  }
}

registerProcessor("capture", Capture);
