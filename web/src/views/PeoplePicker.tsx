import { useState } from "react";
import { User } from "../client/types";
import * as texts from "../texts";
import { Avatar } from "./Avatar";
import { Empty, Spinner } from "./controls";
import { Icon } from "./icons";
import { SearchBox } from "./SearchBox";
import { Quiet, Status } from "./Status";
import { usePeople } from "./usePeople";

interface Props {
  label: string;
  onPick(user: User): void;
  /** The ids of people who are already chosen. */
  chosen?: ReadonlySet<string>;
  /** The ids of people who cannot be picked, and so are not shown. */
  without?: ReadonlySet<string>;
  autoFocus?: boolean;
}

/** Finds people by name, to pick from. */
export function PeoplePicker({ label, onPick, chosen, without, autoFocus = false }: Props) {
  const [text, setText] = useState("");
  const people = usePeople(text)?.filter(({ id }) => without?.has(id) !== true);
  return (
    <div className="people-picker">
      <SearchBox label={label} text={text} onChange={setText} autoFocus={autoFocus} />
      {people === undefined && <Spinner />}
      {people?.length === 0 && (
        <div role="status">
          <Empty icon="person" title={texts.start.nobody} text={texts.start.nobodyHint} />
        </div>
      )}
      <ul>
        {people?.map((user) => (
          <li key={user.id}>
            <button
              type="button"
              className="person"
              aria-pressed={chosen === undefined ? undefined : chosen.has(user.id)}
              onClick={() => onPick(user)}
            >
              <Avatar user={user} showsPresence />
              <span className="person-text">
                <bdi className="person-name">{user.displayName}</bdi>
                <span className="person-note">
                  @{user.username}
                  <Quiet user={user} before=" · " />
                  <Status user={user} before=" · " />
                </span>
              </span>
              {chosen?.has(user.id) === true && <Icon name="check" />}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
