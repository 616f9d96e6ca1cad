import { GroupNotice } from "../client/types";

/** A name that keeps its own direction within a line. */
const apart = (name: string) => `\u2068${name}\u2069`;

/** What happened to a group, in a line. `nameOf` says what somebody is called by now, and nothing for the user. */
export function happened({ kind, by, people, count, title = "" }: GroupNotice, nameOf: (person: GroupNotice["people"][number]) => string | undefined): string {
  const subject = (person: GroupNotice["people"][number]) => {
    const name = nameOf(person);
    return name === undefined ? "You" : apart(name);
  };
  const object = (person: GroupNotice["people"][number]) => {
    const name = nameOf(person);
    return name === undefined ? "you" : apart(name);
  };
  const more = count - people.length;
  const names = (of: typeof object) => {
    const all = [...people.map((person, index) => (index === 0 ? of(person) : object(person))), ...(more > 0 ? [more === 1 ? "1 other" : `${more} others`] : [])];
    if (all.length < 2) return all[0] ?? "Somebody";
    return `${all.slice(0, -1).join(", ")} and ${all[all.length - 1]}`;
  };
  const isPlural = count > 1 || (people[0] !== undefined && nameOf(people[0]) === undefined);
  const were = isPlural ? "were" : "was";
  switch (kind) {
    case "joined":
      return `${names(subject)} joined`;
    case "left":
      return `${names(subject)} left`;
    case "added":
      return by === undefined ? `${names(subject)} ${were} added` : `${subject(by)} added ${names(object)}`;
    case "removed":
      return by === undefined ? `${names(subject)} ${were} removed` : `${subject(by)} removed ${names(object)}`;
    case "renamed":
      return by === undefined ? `The group is called “${apart(title)}” now` : `${subject(by)} renamed the group to “${apart(title)}”`;
  }
}
