import { GroupNotice } from "../client/types";

/** A place among the notices of a group, which are in the order of their messages and then of their ids. */
export interface NoticePlace {
  readonly seq: number;
  readonly id: number;
}

function compare(a: NoticePlace, b: NoticePlace): number {
  // The end of all is at infinity.
  return a.seq === b.seq ? a.id - b.id : a.seq < b.seq ? -1 : 1;
}

/** What is held, once the server has said what there is between two places: what it does not know is gone. */
export function mergedNotices(present: readonly GroupNotice[], found: readonly GroupNotice[], from: NoticePlace, to: NoticePlace): readonly GroupNotice[] {
  const known = new Map(present.map((notice) => [notice.id, notice]));
  // One that is as before stays the same object, and its row as it is.
  const same = (notice: GroupNotice) => {
    const before = known.get(notice.id);
    return before !== undefined && JSON.stringify(before) === JSON.stringify(notice) ? before : notice;
  };
  const outside = present.filter((notice) => compare(notice, from) < 0 || compare(notice, to) >= 0);
  const all = [...outside, ...found.map(same)].sort(compare);
  return all.length === present.length && all.every((notice, index) => notice === present[index]) ? present : all;
}

/** Longer runs of the same are one line. */
const longestRun = 3;

/** Notices as they are shown: many people who came or went one after the other, on one day, are one line. */
export function foldedNotices(notices: readonly GroupNotice[]): readonly GroupNotice[] {
  const runs: GroupNotice[][] = [];
  for (const notice of notices) {
    const run = runs[runs.length - 1];
    if (run?.[0] !== undefined && isAlike(run[0], notice)) run.push(notice);
    else runs.push([notice]);
  }
  return runs.flatMap((run) => {
    const [first] = run;
    if (first === undefined || run.length <= longestRun) return run;
    const people = new Map(run.flatMap((notice) => notice.people.map((person) => [person.id, person])));
    return [{ ...first, people: [...people.values()].slice(0, longestRun), count: run.reduce((sum, { count }) => sum + count, 0) }];
  });
}

function isAlike(a: GroupNotice, b: GroupNotice): boolean {
  if (a.kind !== b.kind || a.kind === "renamed" || new Date(a.at).toDateString() !== new Date(b.at).toDateString()) return false;
  return a.kind === "joined" || a.kind === "left" || a.by?.id === b.by?.id;
}
