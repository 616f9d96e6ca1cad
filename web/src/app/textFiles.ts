import { Message, Upload } from "../client/types";
import { beginning } from "../lib/textFile";
import { Messages } from "./messages";

export interface TextBeginning {
  readonly text: string;
  readonly isWhole: boolean;
}

/** Fetches at most so many bytes of a text that was sent, also where its URL has expired. */
export async function readText(
  messages: Pick<Messages, "renewedUrl">,
  message: Pick<Message, "id">,
  upload: Upload,
  most: number,
  signal: AbortSignal,
): Promise<TextBeginning> {
  const ask = (url: string) => fetch(url, { signal, headers: { range: `bytes=0-${most - 1}` } });
  let answer = await ask(upload.url);
  if (answer.status === 401) {
    const url = await messages.renewedUrl(message, upload);
    if (url !== undefined) answer = await ask(url);
  }
  if (!answer.ok) throw new Error(`${answer.status}`);
  const bytes = await answer.arrayBuffer();
  const isWhole = upload.size <= most;
  const charset = /charset=([\w-]+)/.exec(answer.headers.get("content-type") ?? "")?.[1] ?? "utf-8";
  return { text: beginning(bytes, charset, isWhole), isWhole };
}
