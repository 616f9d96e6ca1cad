type Table<T> = Readonly<Record<string, T>>;

/** A table without one entry; the same table if it has none. */
export function without<T>(table: Table<T>, key: string): Table<T> {
  if (!(key in table)) return table;
  const { [key]: _, ...rest } = table;
  return rest;
}

/** A table of which only the `most` latest entries are left. */
export function bounded<T>(table: Table<T>, most: number): Table<T> {
  const entries = Object.entries(table);
  return entries.length <= most ? table : Object.fromEntries(entries.slice(-most));
}
