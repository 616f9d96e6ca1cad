import { User } from "../client/types";
import { State } from "./state";
import { bounded } from "./tables";

/** At most so many people are held beside those in conversations. */
const mostPeople = 1_000;

type Table<T> = Readonly<Record<string, T>>;

/** Takes in a person's changed profile: wherever that person stands in the state, the new name and picture stand now. */
export function withUser(state: State, user: User): State {
  const { conversations, timelines, kept, drafts, typing, me } = state;
  const named = withProfile({ conversations, timelines, kept, drafts, typing, me }, user);
  return { ...state, ...named, people: bounded({ ...state.people, [user.id]: user }, mostPeople) };
}

type Fields = Readonly<Record<string, unknown>>;

/** A value in which a person has another profile; the same value if the person is not in it. */
function withProfile<T>(value: T, user: User): T {
  if (typeof value !== "object" || value === null) return value;
  const fields = value as Fields;
  if ("displayName" in fields) return fields.id === user.id ? (asWide(fields, user) as T) : value;
  let next: Record<string, unknown> | undefined;
  for (const [key, entry] of Object.entries(fields)) {
    const changed = withProfile(entry, user);
    if (changed !== entry) (next ??= (Array.isArray(value) ? value.slice() : { ...fields }) as Record<string, unknown>)[key] = changed;
  }
  return (next as T | undefined) ?? value;
}

/** The new profile with as many fields as the present one. A message has the name alone. */
function asWide(present: Fields, { id, username, displayName, ...rest }: User): Fields {
  const isSame = present.displayName === displayName && present.username === username;
  if (!("createdAt" in present)) return isSame ? present : { id, username, displayName };
  // What an earlier profile says of the person's presence stays.
  const { status, lastSeenAt } = present;
  return { ...(status === undefined ? {} : { status }), ...(lastSeenAt === undefined ? {} : { lastSeenAt }), id, username, displayName, ...rest };
}

/** People who are held already, as an answer of the server shows them. */
export function refreshed(people: Table<User>, users: readonly User[]): Table<User> {
  const known = users.filter(({ id }) => people[id] !== undefined);
  return known.length === 0 ? people : { ...people, ...Object.fromEntries(known.map((user) => [user.id, user])) };
}

export function withPeople(state: State, users: readonly User[]): State {
  return { ...state, people: bounded({ ...state.people, ...Object.fromEntries(users.map((user) => [user.id, user])) }, mostPeople) };
}
