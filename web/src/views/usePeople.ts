import { User } from "../client/types";
import { useChat } from "./context";
import { useFound } from "./useFound";

/** The people that a text finds; undefined until they are known. */
export function usePeople(text: string): readonly User[] | undefined {
  const chat = useChat();
  const [people] = useFound(text.trim(), (wanted, signal) => chat.people.find(wanted, signal));
  return people;
}
