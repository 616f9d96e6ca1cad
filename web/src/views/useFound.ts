import { Dispatch, SetStateAction, useEffect, useRef, useState } from "react";
import { useChat } from "./context";

/** The server is asked after this pause in typing, in milliseconds. */
const pause = 200;

/** The answer of `find` for a text, requested after a pause in typing; undefined until the first answer. */
export function useFound<T>(
  text: string,
  find: (text: string, signal: AbortSignal) => Promise<T>,
): [T | undefined, Dispatch<SetStateAction<T | undefined>>] {
  const chat = useChat();
  const [found, setFound] = useState<T>();
  const latest = useRef(find);
  latest.current = find;
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    const timer = setTimeout(() => {
      void chat.notices.attempt(async () => {
        try {
          setFound(await latest.current(text, signal));
        } catch (error) {
          if (!signal.aborted) throw error;
        }
      });
    }, pause);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [chat, text]);
  return [found, setFound];
}
