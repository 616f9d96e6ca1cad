import { User } from "../client/types";
import { useStore } from "./context";
import { useFound } from "./useFound";
import { useManaging } from "./useManaging";

/** The people that a text finds; undefined until they are known. */
export function usePeople(text: string): readonly User[] | undefined {
  const manager = useManaging();
  const [people] = useFound(text.trim(), (wanted, signal) => manager.findPeople(wanted, signal));
  return useProfiles(people);
}

/** People as they are by now, and not as they were found. */
export function useProfiles<T extends readonly User[] | undefined>(found: T): T | readonly User[] {
  const people = useStore((state) => state.people);
  return found?.map((user) => people[user.id] ?? user) ?? found;
}
