import { useEffect, useMemo, useRef, useState } from "react";
import { readText, TextBeginning } from "../app/textFiles";
import { Message, Upload } from "../client/types";
import type { Token } from "../lib/highlight";
import { languageOf } from "../lib/textFile";
import * as texts from "../texts";
import { useWriters } from "./useWriters";

/** So many bytes are fetched to look at, and so many once it is opened. */
const few = 4_096;
const many = 131_072;

/** Some lines of a text that was sent; all of them, in a box that scrolls, once it is opened. */
export function TextPreview({ upload, message }: { upload: Upload; message: Pick<Message, "id"> }) {
  const { messages } = useWriters();
  const box = useRef<HTMLDivElement>(null);
  const [isSeen, setSeen] = useState(false);
  const [isOpen, setOpen] = useState(false);
  const [found, setFound] = useState<TextBeginning>();
  const [isBroken, setBroken] = useState(false);
  const { id, size } = upload;
  const most = isOpen ? many : few;

  useEffect(() => {
    const element = box.current;
    if (element === null || isSeen) return undefined;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting === true && setSeen(true), { rootMargin: "200px" });
    observer.observe(element);
    return () => observer.disconnect();
  }, [isSeen]);

  const latest = useRef({ upload, message });
  latest.current = { upload, message };
  useEffect(() => {
    if (!isSeen || isBroken) return undefined;
    const controller = new AbortController();
    readText(messages, latest.current.message, latest.current.upload, most, controller.signal).then(setFound, () => {
      // The card above it still saves it.
      if (!controller.signal.aborted) setBroken(true);
    });
    return () => controller.abort();
  }, [messages, id, isSeen, isBroken, most]);

  const { language, tokens } = useColors(upload, found?.text ?? "");
  const isCut = found?.isWhole === false && isOpen && size > many;
  return (
    <div ref={box} className={`text-box ${isOpen ? "is-open" : ""}`}>
      {isBroken ? (
        <p className="text-note">{texts.preview.failed}</p>
      ) : (
        <pre className={language === "" ? "is-words" : ""} tabIndex={isOpen ? 0 : undefined} role="region" aria-label={texts.preview.label(upload.name)} dir={language === "" ? "auto" : "ltr"}>
          <code>{tokens.map(({ kind, text }, index) => (kind === undefined ? text : <span key={index} className={`code-${kind}`}>{text}</span>))}</code>
        </pre>
      )}
      {!isBroken && (
        <div className="text-foot">
          {isCut && <span>{texts.preview.cut}</span>}
          <button type="button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            {isOpen ? texts.preview.close : texts.preview.open}
          </button>
        </div>
      )}
    </div>
  );
}

/** The parts of a text, colored where it is code. */
function useColors({ name, type }: Upload, text: string): { language: string; tokens: readonly Token[] } {
  const [colors, setColors] = useState<typeof import("../lib/highlight")>();
  useEffect(() => {
    // Without colors it can be read as well.
    import("../lib/highlight").then(setColors, () => {});
  }, []);
  return useMemo(() => {
    if (colors === undefined) return { language: "", tokens: [{ text }] };
    const language = languageOf(name, type, colors.isKnown);
    return { language, tokens: colors.highlight(text, language) };
  }, [colors, name, type, text]);
}
