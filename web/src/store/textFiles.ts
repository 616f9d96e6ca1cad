import { Upload } from "../client/types";

/** Texts that are larger than this, in bytes, are only saved. */
const mostText = 1_000_000;

/** Whether a file is a text of which some is shown in the conversation. */
export function hasText({ kind, type, size, visibility }: Upload): boolean {
  const isText = /^text\/|^application\/(json|xml|javascript|x-sh|x-httpd-php|toml|yaml)\b|\+(json|xml)$/.test(type) && type !== "image/svg+xml";
  return kind === "file" && isText && size > 0 && size <= mostText && visibility !== "owner";
}
