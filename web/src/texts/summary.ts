import { plainText } from "../lib/plain";
import { Message } from "../client/types";
import { attachment, message as words } from "./messages";

/** By message: lists show the same ones again and again. */
const plain = new WeakMap<object, string>();

/** A message in one line, for lists and notifications. */
export function messageSummary(message: Pick<Message, "text" | "attachments" | "deletedAt">): string {
  if (message.deletedAt !== undefined) return words.deleted;
  if (message.text !== "") {
    const present = plain.get(message) ?? plainText(message.text);
    plain.set(message, present);
    return present;
  }
  const [first] = message.attachments;
  if (first === undefined) return "";
  if (message.attachments.length > 1) return attachment.count(message.attachments.length);
  return first.kind === "file" ? first.name : attachment[first.kind];
}
