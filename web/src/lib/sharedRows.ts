/** A part of a list: the heading of a month, or some of its items side by side. */
export interface Part<Item> {
  readonly top: number;
  readonly height: number;
  /** Which month it belongs to. */
  readonly group: string;
  readonly month?: string;
  readonly items: readonly Item[];
}

interface Sizes {
  readonly columns: number;
  readonly heading: number;
  readonly row: number;
}

/** Puts items under their months in rows of so many columns. Every height is known, so that only what is in view is rendered. */
export function partsOf<Item>(items: readonly Item[], monthOf: (item: Item) => string, { columns, heading, row }: Sizes): Part<Item>[] {
  const parts: Part<Item>[] = [];
  let top = 0;
  let month: string | undefined;
  let group = "";
  const groups = new Set<string>();
  let line: Item[] = [];
  const add = (part: Omit<Part<Item>, "top" | "group">) => {
    parts.push({ ...part, top, group });
    top += part.height;
  };
  const endLine = () => {
    if (line.length > 0) add({ height: row, items: line });
    line = [];
  };
  for (const item of items) {
    const its = monthOf(item);
    if (its !== month) {
      endLine();
      month = its;
      // A clock that went wrong can bring a month back.
      group = its;
      while (groups.has(group)) group += "+";
      groups.add(group);
      add({ height: heading, month: its, items: [] });
    }
    line.push(item);
    if (line.length === columns) endLine();
  }
  endLine();
  return parts;
}

/** Rows that follow each other, and the heading above them. */
export interface Group<Item> {
  readonly key: string;
  heading?: Part<Item>;
  readonly rows: Part<Item>[];
}

/** Parts by their months. An item changes its row when one is added before it, and stays in its month. */
export function groupsOf<Item>(parts: readonly Part<Item>[]): Group<Item>[] {
  const groups: Group<Item>[] = [];
  for (const part of parts) {
    let group = groups[groups.length - 1];
    if (group?.key !== part.group) {
      group = { key: part.group, rows: [] };
      groups.push(group);
    }
    if (part.month === undefined) group.rows.push(part);
    else group.heading = part;
  }
  return groups;
}

/** The parts between two heights. */
export function partsWithin<Item>(parts: readonly Part<Item>[], top: number, bottom: number): readonly Part<Item>[] {
  const firstWith = (holds: (part: Part<Item>) => boolean) => {
    let low = 0;
    let high = parts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const part = parts[middle];
      if (part === undefined || holds(part)) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  return parts.slice(firstWith((part) => part.top + part.height > top), firstWith((part) => part.top >= bottom));
}
