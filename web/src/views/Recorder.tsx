import { KeyboardEvent, useEffect, useRef, useState } from "react";
import { attachRecording } from "../app/draftFiles";
import { Id } from "../client/types";
import { record, Recorded, Recording, RecordingError, waveformOf } from "../lib/recording";
import * as texts from "../texts";
import { duration } from "../texts/time";
import { IconButton } from "./controls";
import { Icon } from "./icons";
import { useWriters } from "./useWriters";

/** As long as a voice message can be, in seconds: longer sounds have no waveform. */
const longest = 30 * 60;

/** The level is taken so often, in milliseconds, and so many of them are shown. */
const pace = 80;
const bars = 60;

/** What is shorter, in seconds, was not meant. */
const shortest = 0.7;

/** Records a voice message in the place of the field. Whoever leaves it finds what was said among the files of the draft. */
export function Recorder({ conversationId, onClose }: { conversationId: Id; onClose(): void }) {
  const writers = useWriters();
  const { sending, typing } = writers;
  const [problem, setProblem] = useState<string>();
  const [note, setNote] = useState<string>();
  const [seconds, setSeconds] = useState(0);
  const [shown, setShown] = useState<readonly number[]>([]);
  const [isRecording, setRecording] = useState(false);
  const current = useRef<Recording>();
  /** What was recorded up to an end that the user did not ask for. */
  const done = useRef<Promise<Recorded | undefined>>();
  const finish = useRef<() => Promise<Recorded | undefined>>(async () => undefined);
  const isDone = note !== undefined;
  const sent = useRef(false);
  const form = useRef<HTMLFormElement>(null);

  useEffect(() => {
    let isGone = false;
    let startedAt = 0;
    let timer: ReturnType<typeof setInterval> | undefined;
    const levels: number[] = [];
    const length = () => (performance.now() - startedAt) / 1_000;
    finish.current = async () => {
      clearInterval(timer);
      const duration = length();
      const file = await current.current?.finish();
      return file && { file, duration, waveform: waveformOf(levels) };
    };
    const end = (why: string) => {
      if (done.current !== undefined || current.current === undefined) return;
      done.current = finish.current();
      setRecording(false);
      setNote(why);
    };
    const tick = () => {
      levels.push(current.current?.level() ?? 0);
      setSeconds(length());
      setShown(levels.slice(-bars));
      if (length() >= longest) end(texts.voice.longest);
    };
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    record(() => end(texts.voice.lost)).then(
      (recording) => {
        if (isGone) {
          recording.cancel();
          return;
        }
        current.current = recording;
        startedAt = performance.now();
        setRecording(true);
        timer = setInterval(tick, pace);
        window.addEventListener("beforeunload", warn);
      },
      (error: unknown) => setProblem(texts.recordingProblems[error instanceof RecordingError ? error.problem : "failed"]),
    );
    return () => {
      isGone = true;
      clearInterval(timer);
      window.removeEventListener("beforeunload", warn);
      const recording = current.current;
      if (recording === undefined || sent.current) return;
      if (done.current === undefined && length() < shortest) recording.cancel();
      else void (done.current ?? finish.current()).then((recorded) => recorded && attachRecording(writers, conversationId, recorded));
    };
  }, [writers, conversationId]);

  useEffect(() => {
    form.current?.querySelector<HTMLElement>(problem === undefined ? "[type=submit]" : ".recorder-cancel")?.focus();
  }, [problem, isRecording]);

  const close = () => {
    sent.current = true;
    current.current?.cancel();
    onClose();
  };
  const send = () => {
    if (current.current === undefined || sent.current || (!isDone && seconds < shortest)) return;
    sent.current = true;
    typing.set(conversationId, false);
    void (done.current ?? finish.current()).then((recorded) => recorded && sending.sendRecording(conversationId, recorded));
    onClose();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    close();
  };

  return (
    <form
      ref={form}
      className="composer-line recorder"
      aria-label={texts.voice.label}
      onKeyDown={onKeyDown}
      onSubmit={(event) => {
        event.preventDefault();
        event.stopPropagation();
        send();
      }}
    >
      <IconButton className="recorder-cancel" icon={problem === undefined ? "trash" : "close"} label={problem === undefined ? texts.voice.cancel : texts.voice.close} onClick={close} />
      {problem !== undefined ? (
        <p className="recorder-problem" role="alert">
          {problem}
        </p>
      ) : (
        <>
          <span className={`recorder-dot ${isRecording ? "is-on" : ""}`} aria-hidden="true" />
          <span className="recorder-time" role="timer" aria-label={texts.voice.length}>
            {duration(seconds)}
          </span>
          <Levels levels={shown} />
          <span className={note === undefined ? "visually-hidden" : "recorder-note"} role="status">
            {note ?? (isRecording ? texts.voice.recording : texts.voice.asking)}
          </span>
          <button type="submit" className="send" disabled={!isRecording && !isDone} aria-label={texts.voice.send} title={texts.voice.send}>
            <Icon name="send" />
          </button>
        </>
      )}
    </form>
  );
}

/** How loud the last seconds were. */
function Levels({ levels }: { levels: readonly number[] }) {
  const path = levels.map((level, index) => {
    // Speech is seldom loud; the root shows it.
    const half = Math.max(1, Math.sqrt(level) * 12);
    return `M${(bars - levels.length + index) * 4 + 2} ${14 - half}V${14 + half}`;
  });
  return (
    <svg className="recorder-levels" viewBox={`0 0 ${bars * 4} 28`} preserveAspectRatio="none" aria-hidden="true">
      <path d={path.join("")} />
    </svg>
  );
}
