/** The browser's microphone, as it is: nothing that evens out loudness, which tells of feeling. */

import worklet from "./capture.worklet.ts?worker&url";

const RATE = 16_000;

const FAULTS: Record<string, string> = {
  NotAllowedError:
    "The browser doesn’t let this page hear the microphone: allow it beside the address.",
  NotFoundError: "Found no microphone: plug one in, and press again.",
  NotReadableError: "The microphone is held by another program: close that, and press again.",
  OverconstrainedError: "That microphone is gone: choose another.",
};

async function context(stream: MediaStream): Promise<[AudioContext, MediaStreamAudioSourceNode]> {
  const wanted = new AudioContext({ sampleRate: RATE });
  try {
    return [wanted, wanted.createMediaStreamSource(stream)];
  } catch {
    // Some browsers resample no microphone; the server does it then.
    await wanted.close();
    const own = new AudioContext();
    return [own, own.createMediaStreamSource(stream)];
  }
}

function release(stream: MediaStream, sound: AudioContext | null): void {
  for (const track of stream.getTracks()) track.stop();
  void sound?.close();
}

export class Microphone {
  private constructor(
    private readonly sound: AudioContext,
    private readonly stream: MediaStream,
  ) {}

  /** Open a microphone; chunks of 40 ms come until it is closed or pulled out. */
  static async open(
    device: string,
    onChunk: (samples: Float32Array) => void,
    onEnd: () => void,
  ): Promise<Microphone> {
    if (!navigator.mediaDevices) {
      throw new Error(
        "A browser lends its microphone only to pages of this machine (localhost) or over https.",
      );
    }
    const audio: MediaTrackConstraints = {
      echoCancellation: false,
      autoGainControl: false,
      noiseSuppression: false,
      channelCount: 1,
    };
    if (device) audio.deviceId = { exact: device };
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio });
    } catch (error) {
      const name = error instanceof DOMException ? error.name : "";
      throw new Error(FAULTS[name] ?? `The microphone can’t be opened: ${error}`);
    }
    let sound: AudioContext | null = null;
    try {
      const [found, source] = await context(stream);
      sound = found;
      await sound.audioWorklet.addModule(worklet);
      const node = new AudioWorkletNode(sound, "capture", { numberOfOutputs: 0 });
      node.port.onmessage = (event: MessageEvent<Float32Array>) => onChunk(event.data);
      source.connect(node);
      stream.getAudioTracks()[0]?.addEventListener("ended", onEnd);
      await sound.resume();
      return new Microphone(sound, stream);
    } catch (error) {
      release(stream, sound);
      throw new Error(`The microphone can’t be heard: ${error}`);
    }
  }

  get rate(): number {
    return this.sound.sampleRate;
  }

  close(): void {
    release(this.stream, this.sound);
  }
}

/** The microphones there are; they have names once one of them was allowed. */
export async function microphones(): Promise<MediaDeviceInfo[]> {
  const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return all.filter(({ kind, deviceId }) => kind === "audioinput" && deviceId !== "default");
}
