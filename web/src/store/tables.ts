/** A table without one entry; the same table if it has none. */
export function without<T>(table: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  if (!(key in table)) return table;
  const { [key]: _, ...rest } = table;
  return rest;
}
