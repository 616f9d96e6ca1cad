import { useEffect, useState } from "react";
import type { Token } from "../lib/highlight";
import * as texts from "../texts";
import { useChat } from "./context";
import { IconButton } from "./controls";

/** Code, which scrolls in its box. Its colors come later, as they change no place. */
export function CodeBlock({ language, text }: { language: string; text: string }) {
  const { notices } = useChat();
  const [tokens, setTokens] = useState<readonly Token[]>();
  useEffect(() => {
    let isCurrent = true;
    import("../lib/highlight").then(
      ({ highlight }) => isCurrent && setTokens(highlight(text, language)),
      // Without colors it can be read as well.
      () => {},
    );
    return () => {
      isCurrent = false;
    };
  }, [text, language]);
  return (
    <div className="code-block">
      <div className="code-head">
        <span>{language}</span>
        <IconButton icon="copy" label={texts.message.copyCode} onClick={() => notices.copy(text)} />
      </div>
      <pre tabIndex={0} role="region" aria-label={texts.message.code} dir="ltr">
        <code>{tokens === undefined ? text : tokens.map(({ kind, text }, index) => (kind === undefined ? text : <span key={index} className={`code-${kind}`}>{text}</span>))}</code>
      </pre>
    </div>
  );
}
