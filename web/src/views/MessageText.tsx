import { memo, useMemo } from "react";
import { linkify } from "../lib/linkify";

/** The text of a message: plain text and links, never HTML. */
export const MessageText = memo(function MessageText({ text }: { text: string }) {
  const parts = useMemo(() => linkify(text), [text]);
  return (
    <p className="message-text">
      {parts.map((part, index) =>
        part.kind === "text" ? (
          part.text
        ) : (
          <a key={index} href={part.href} target="_blank" rel="noopener noreferrer nofollow">
            {part.text}
          </a>
        ),
      )}
    </p>
  );
});
