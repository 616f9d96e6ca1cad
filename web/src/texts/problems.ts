import { ApiError, Ban, NetworkError, UnreadableFile } from "../client/errors";
import { Problem } from "../client/schemas";
import { byteSize } from "../lib/format";
import { fullTime } from "./time";

const problems: Partial<Record<Problem["code"], string>> = {
  invalid_credentials: "That username and password do not go together.",
  username_taken: "That username is taken.",
  rate_limited: "That was a bit fast. Please wait a moment.",
  unavailable: "The server cannot do that right now. Please try again.",
  internal: "Something went wrong on the server. Please try again.",
  timeout: "That took too long. Please try again.",
  too_large: "The file is too large.",
  quota_exceeded: "Your storage is full.",
  storage_full: "The server's storage is full.",
  not_a_member: "You are not a member of this conversation.",
  muted: "You cannot write at the moment.",
  not_found: "That no longer exists.",
  gone: "That no longer exists.",
  unsupported_media_type: "Files of this type are not accepted.",
};

/** What a banned person is told. */
export function banText({ reason, until = "" }: Ban = {}): string {
  const text = Number.isNaN(Date.parse(until)) ? "This account was banned or closed." : `This account is banned until ${fullTime(until)}.`;
  return reason === undefined ? text : `${text} The reason: ${reason}`;
}

/** The text that people are shown for an error. */
export function problemText(error: unknown): string {
  if (error instanceof NetworkError) return "No connection to the server.";
  if (error instanceof UnreadableFile) return "The file cannot be read. Was it moved or changed?";
  if (error instanceof ApiError) {
    if (error.code === "banned") return banText(error.banned);
    const most = error.code === "too_large" ? /at most (\d+) bytes/.exec(error.detail)?.[1] : undefined;
    if (most !== undefined) return `The file is too large: at most ${byteSize(Number(most))}.`;
    const known = problems[error.code as Problem["code"]];
    if (known !== undefined) return known;
    // For a refused value the detail is "field: what it must be"; for a forbidden action it is the reason.
    if (error.detail !== "") return capitalized(error.detail.replace(/^\w+: /, ""));
  }
  return "Something went wrong. Please try again.";
}

/** What a form has to know of an error: its text, its code, and the field that the server names, if any. */
export function formProblem(error: unknown): { text: string; code?: string; field?: string } {
  const text = problemText(error);
  if (!(error instanceof ApiError)) return { text };
  const { code, field } = error;
  return field === undefined ? { text, code } : { text, code, field };
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
