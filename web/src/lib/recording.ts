import { voiceName } from "./voice";

/** In the order in which they are wanted; the first that the browser can write is taken. */
const formats: readonly (readonly [type: string, ending: string])[] = [
  ["audio/ogg;codecs=opus", "ogg"],
  ["audio/mp4;codecs=opus", "m4a"],
  ["audio/mp4", "m4a"],
  ["audio/webm;codecs=opus", "webm"],
  ["audio/webm", "webm"],
];

/** Bits a second: speech has all it needs. */
const rate = 32_000;

/** Why nothing can be recorded. */
export type RecordingProblem = "refused" | "noDevice" | "insecure" | "unsupported" | "failed";

export class RecordingError extends Error {
  constructor(readonly problem: RecordingProblem) {
    super(problem);
  }
}

/** What was said, its length in seconds, and how loud it was, as the server's uploads have it. */
export interface Recorded {
  readonly file: File;
  readonly duration: number;
  readonly waveform: readonly number[];
}

/** Peaks from 0 to 1, of any number, as `most` from 0 to 255. */
export function waveformOf(levels: readonly number[], most = 100): number[] {
  const count = Math.min(most, levels.length);
  return Array.from({ length: count }, (_, index) => {
    const part = levels.slice(Math.floor((index * levels.length) / count), Math.ceil(((index + 1) * levels.length) / count));
    return Math.round(255 * Math.min(1, Math.max(0, ...part)));
  });
}

/** What the microphone hears, from when it is allowed to. */
export interface Recording {
  /** How loud it was since the last call, from 0 to 1. */
  level(): number;
  /** Ends it, and answers what was said. */
  finish(): Promise<File>;
  /** Ends it, and forgets what was said. */
  cancel(): void;
}

/**
 * Asks for the microphone, and records from then on. `onLost` is called when the microphone is gone.
 * @throws RecordingError
 */
export async function record(onLost: () => void): Promise<Recording> {
  if (!window.isSecureContext) throw new RecordingError("insecure");
  if (!("MediaRecorder" in window) || (navigator.mediaDevices as MediaDevices | undefined) === undefined) throw new RecordingError("unsupported");
  const [type, ending] = formats.find(([type]) => MediaRecorder.isTypeSupported(type)) ?? ["", "webm"];
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true } });
  } catch (error) {
    throw new RecordingError(problemOf(error));
  }
  const release = () => {
    for (const track of stream.getTracks()) track.stop();
  };
  try {
    const recorder = new MediaRecorder(stream, { audioBitsPerSecond: rate, ...(type === "" ? {} : { mimeType: type }) });
    const parts: Blob[] = [];
    recorder.ondataavailable = ({ data }) => parts.push(data);
    const ended = new Promise<void>((resolve) => {
      recorder.onstop = () => resolve();
    });
    const meter = meterOf(stream);
    for (const track of stream.getAudioTracks()) track.onended = onLost;
    const begun = new Promise<void>((resolve) => {
      recorder.onstart = () => resolve();
      // A browser that does not say so has begun by then.
      setTimeout(resolve, 1_000);
    });
    // Parts, so that a failure loses a second at most.
    recorder.start(1_000);
    // The user speaks when they see that they are recorded, and a busy browser begins late.
    await begun;
    const stop = () => {
      if (recorder.state !== "inactive") recorder.stop();
      release();
      meter.close();
    };
    return {
      level: meter.level,
      finish: async () => {
        stop();
        await ended;
        const plain = (recorder.mimeType || type).split(";")[0] ?? "";
        return new File(parts, `${voiceName}.${ending}`, { type: plain });
      },
      cancel: () => {
        recorder.ondataavailable = null;
        stop();
      },
    };
  } catch {
    release();
    throw new RecordingError("failed");
  }
}

function problemOf(error: unknown): RecordingProblem {
  const { name } = error as { name?: string };
  if (name === "NotAllowedError" || name === "SecurityError") return "refused";
  return name === "NotFoundError" || name === "OverconstrainedError" ? "noDevice" : "failed";
}

/** The level is of the last so many seconds. */
const span = 0.12;

/** The next power of two, as an analyser wants it. */
export function powerOfTwo(least: number): number {
  return Math.min(32_768, 2 ** Math.ceil(Math.log2(least)));
}

/** Measures how loud a stream is. Without a meter it can be recorded all the same. */
function meterOf(stream: MediaStream): { level(): number; close(): void } {
  try {
    const context = new AudioContext();
    // Browsers may make one that waits, since the user's click was before they were asked for the microphone.
    if (context.state === "suspended") context.resume().catch(() => {});
    const analyser = context.createAnalyser();
    // As long as two calls are apart, with a margin: what is loud for a moment in between is not missed.
    analyser.fftSize = powerOfTwo(context.sampleRate * span);
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Uint8Array(analyser.fftSize);
    return {
      level: () => {
        analyser.getByteTimeDomainData(samples);
        return samples.reduce((loudest, sample) => Math.max(loudest, Math.abs(sample - 128)), 0) / 128;
      },
      close: () => void context.close().catch(() => {}),
    };
  } catch {
    return { level: () => 0, close: () => {} };
  }
}
