import { User } from "../client/types";
import { useChat, useStore } from "./context";
import { useFound } from "./useFound";

/** The people whom a text finds, oneself left out; undefined until they are known. */
export function usePeople(text: string): readonly User[] | undefined {
  const { parley } = useChat();
  const meId = useStore((state) => state.me?.id);
  const [people] = useFound(text.trim(), (wanted, signal) => parley.findUsers(wanted, signal));
  return people?.filter((user) => user.id !== meId);
}
