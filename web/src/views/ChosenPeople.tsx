import { useState } from "react";
import { User } from "../client/types";
import * as texts from "../texts";
import { Avatar } from "./Avatar";
import { Icon } from "./icons";

/** People who are chosen, and what chooses somebody or takes them out again. */
export function useChosen(): [readonly User[], (user: User) => void] {
  const [chosen, setChosen] = useState<readonly User[]>([]);
  const toggle = (user: User) =>
    setChosen(chosen.some(({ id }) => id === user.id) ? chosen.filter(({ id }) => id !== user.id) : [...chosen, user]);
  return [chosen, toggle];
}

export function ChosenPeople({ people, onRemove }: { people: readonly User[]; onRemove(user: User): void }) {
  if (people.length === 0) return null;
  return (
    <ul className="chips">
      {people.map((user) => (
        <li key={user.id}>
          <button type="button" className="chip" aria-label={texts.start.removePerson(user.displayName)} onClick={() => onRemove(user)}>
            <Avatar user={user} size="tiny" />
            <bdi>{user.displayName}</bdi>
            <Icon name="close" size={14} />
          </button>
        </li>
      ))}
    </ul>
  );
}
