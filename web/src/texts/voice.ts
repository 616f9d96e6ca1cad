import type { RecordingProblem } from "../lib/recording";

/** Voice messages. */
export const voice = {
  record: "Record a voice message",
  label: "Voice message",
  message: "Voice message",
  asking: "Waiting for the microphone…",
  recording: "Recording",
  length: "Length",
  cancel: "Discard recording",
  send: "Send voice message",
  longest: "That is as long as a voice message can be.",
  lost: "The microphone is gone. What was recorded can be sent.",
  close: "Close",
};

export const recordingProblems: Record<RecordingProblem, string> = {
  refused: "The browser does not let this page use the microphone. Allow it beside the address, and try again.",
  noDevice: "No microphone was found.",
  insecure: "Browsers give the microphone to pages over HTTPS only.",
  unsupported: "This browser cannot record.",
  failed: "The microphone cannot be used. Does another program use it?",
};
