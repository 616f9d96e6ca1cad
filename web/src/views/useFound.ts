import { Dispatch, SetStateAction, useEffect, useRef, useState } from "react";
import { useChat } from "./context";

/** Typing settles this long before the server is asked, in milliseconds. */
const pause = 200;

/** What `find` answers for a text, asked once typing has settled; undefined until it has answered for the first time. */
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
