import { Message } from "../client/types";
import { texts } from "./texts";

/** A message in one line, for lists and notifications. */
export function messageSummary(message: Pick<Message, "text" | "attachments" | "deletedAt">): string {
  if (message.deletedAt !== undefined) return texts.message.deleted;
  if (message.text !== "") return message.text;
  const [first] = message.attachments;
  if (first === undefined) return "";
  if (message.attachments.length > 1) return texts.attachment.count(message.attachments.length);
  return first.kind === "file" ? first.name : texts.attachment[first.kind];
}
