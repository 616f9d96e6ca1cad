/** The names of languages that differ from the endings of their files. */
const endings: Readonly<Record<string, string>> = { pyw: "py", yml: "yaml", htm: "html", hxx: "cpp", cxx: "cpp", zsh: "sh", mts: "ts", cts: "ts", cjs: "js" };

/** What types say that their names do not. */
const types: Readonly<Record<string, string>> = {
  "application/json": "json",
  "application/javascript": "js",
  "text/javascript": "js",
  "text/html": "html",
  "text/xml": "xml",
  "application/xml": "xml",
  "text/css": "css",
  "text/x-c": "c",
  "text/x-c++": "cpp",
  "text/x-java": "java",
  "text/x-php": "php",
  "text/x-script.python": "py",
  "text/x-python": "py",
  "text/x-ruby": "rb",
  "text/x-perl": "perl",
  "text/x-shellscript": "sh",
  "text/x-makefile": "make",
};

/** The language in which a file is written, by its name or else its type, which is found in its bytes; "" for none. */
export function languageOf(name: string, type: string, isKnown: (language: string) => boolean): string {
  const ending = /\.([A-Za-z0-9+]{1,12})$/.exec(name)?.[1]?.toLowerCase() ?? name.toLowerCase();
  const language = endings[ending] ?? ending;
  return isKnown(language) ? language : types[type.split(";")[0] ?? ""] ?? "";
}

/** The beginning of a text of which `bytes` are the first ones: no part of a character, and whole lines where there are some. */
export function beginning(bytes: ArrayBuffer, charset: string, isWhole: boolean): string {
  let text: string;
  try {
    text = new TextDecoder(charset).decode(bytes, { stream: !isWhole });
  } catch {
    // An encoding that the browser does not know.
    text = new TextDecoder().decode(bytes, { stream: !isWhole });
  }
  const end = isWhole ? -1 : text.lastIndexOf("\n");
  return (end > 0 ? text.slice(0, end) : text).replace(/\s+$/, "");
}
