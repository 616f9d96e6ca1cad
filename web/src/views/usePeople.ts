import { useEffect, useState } from "react";
import { User } from "../client/types";
import { useChat } from "./context";

/** Typing settles this long before the server is asked, in milliseconds. */
const pause = 200;

/** The people whom a text finds, oneself left out; undefined until they are known. */
export function usePeople(text: string): readonly User[] | undefined {
  const chat = useChat();
  const [people, setPeople] = useState<readonly User[]>();
  useEffect(() => {
    const controller = new AbortController();
    const timer = setTimeout(() => {
      void chat.attempt(async () => {
        try {
          const found = await chat.parley.findUsers(text.trim(), controller.signal);
          setPeople(found.filter((user) => user.id !== chat.store.state.me?.id));
        } catch (error) {
          if (!controller.signal.aborted) throw error;
        }
      });
    }, pause);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [chat, text]);
  return people;
}
