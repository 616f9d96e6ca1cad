/**
 * The files that were dropped or pasted, also those in folders; not many more than `most`. Call it within the event: the
 * browser forgets them after it.
 */
export async function droppedFiles({ items, files }: DataTransfer, most: number): Promise<File[]> {
  const waiting = Array.from(items)
    .filter(({ kind }) => kind === "file")
    .map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  if (waiting.length === 0) return Array.from(files);
  const found: File[] = [];
  for (let next = waiting.shift(); next !== undefined && found.length <= most; next = waiting.shift()) {
    if (next instanceof File) found.push(next);
    else if (next !== null) {
      const { file, children } = await read(next);
      if (file !== undefined) found.push(file);
      waiting.push(...children);
    }
  }
  return found;
}

async function read(entry: FileSystemEntry): Promise<{ file?: File; children: FileSystemEntry[] }> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return { file, children: [] };
  }
  const children: FileSystemEntry[] = [];
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A folder comes in parts.
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) return { children: children.sort((a, b) => a.name.localeCompare(b.name)) };
    children.push(...part);
  }
}
