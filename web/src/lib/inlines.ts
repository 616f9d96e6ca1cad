import { linkify, safeAddress } from "./linkify";

export type Inline =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "link"; readonly href: string; readonly content: readonly Inline[] }
  | { readonly kind: Mark; readonly content: readonly Inline[] };

type Mark = "emphasis" | "strong" | "strike" | "spoiler";

/** Marks within each other beyond this depth are text. */
const deepest = 10;

/** A node of the line that is being read, and what of it can still become a mark: a run of `*`, `_`, `~` or `|`. */
interface Node {
  inline: Inline;
  depth: number;
  run?: { sign: string; count: number; whole: number; canOpen: boolean; canClose: boolean };
  /** A bracket that may begin a link, and where its text begins. */
  isBracket?: boolean;
}

const punctuation = /[\p{P}\p{S}]/u;
const escapable = /[!-/:-@[-`{-~]/;

/**
 * The marks of a text, as CommonMark (section 6) reads them: `*` and `_`, code, `[links](…)` and backslashes; and beyond it
 * `~~`, `||` and bare addresses. It takes linear time.
 */
export function inline(text: string): Inline[] {
  return new Reader(text).read();
}

class Reader {
  private nodes: Node[] = [];
  private at = 0;
  private readonly links = new Map<number, { end: number; href: string }>();
  /** The lengths of runs of backticks that are known to have no equal behind a place. */
  private readonly unclosed = new Set<number>();
  private readonly brackets: number[] = [];

  constructor(private readonly text: string) {
    let at = 0;
    for (const part of linkify(text)) {
      if (part.kind === "link") this.links.set(at, { end: at + part.text.length, href: part.href });
      at += part.text.length;
    }
  }

  read(): Inline[] {
    const { text } = this;
    let plain = 0;
    const flush = () => {
      if (this.at > plain) this.add({ kind: "text", text: text.slice(plain, this.at) });
    };
    while (this.at < text.length) {
      const sign = text.charAt(this.at);
      const link = this.links.get(this.at);
      if (link === undefined && !/[\\`*_~|[\]<]/.test(sign)) {
        this.at += 1;
        continue;
      }
      flush();
      const before = this.at;
      if (link !== undefined) {
        this.add({ kind: "link", href: link.href, content: [{ kind: "text", text: text.slice(before, link.end) }] });
        this.at = link.end;
      } else this.readSign(sign);
      plain = this.at;
      if (this.at === before) this.at += 1;
    }
    flush();
    return merged(marked(this.nodes));
  }

  private add(inline: Inline, depth = 0): void {
    this.nodes.push({ inline, depth });
  }

  private readSign(sign: string): void {
    const { text, at } = this;
    switch (sign) {
      case "\\":
        if (escapable.test(text.charAt(at + 1))) {
          this.add({ kind: "text", text: text.charAt(at + 1) });
          this.at += 2;
        }
        break;
      case "`":
        this.readCode();
        break;
      case "<": {
        const [whole = "", address = ""] = /^<((?:https?:\/\/|mailto:)[^\s<>]{1,2000})>/i.exec(text.slice(at, at + 2_020)) ?? [];
        const href = whole === "" ? undefined : safeAddress(address);
        if (href === undefined) break;
        this.add({ kind: "link", href, content: [{ kind: "text", text: address }] });
        this.at += whole.length;
        break;
      }
      case "[":
        this.brackets.push(this.nodes.length);
        this.nodes.push({ inline: { kind: "text", text: "[" }, depth: 0, isBracket: true });
        this.at += 1;
        break;
      case "]":
        this.closeBracket();
        break;
      default:
        this.readRun(sign);
    }
  }

  private readCode(): void {
    const { text, at } = this;
    let end = at;
    while (text.charAt(end) === "`") end += 1;
    const length = end - at;
    for (let next = end; !this.unclosed.has(length); ) {
      const close = text.indexOf("`", next);
      if (close < 0) {
        this.unclosed.add(length);
        break;
      }
      next = close;
      while (text.charAt(next) === "`") next += 1;
      if (next - close !== length) continue;
      const code = text.slice(end, close).replace(/\n/g, " ");
      const isPadded = code.startsWith(" ") && code.endsWith(" ") && code.trim() !== "";
      this.add({ kind: "code", text: isPadded ? code.slice(1, -1) : code });
      this.at = next;
      return;
    }
    this.add({ kind: "text", text: text.slice(at, end) });
    this.at = end;
  }

  private readRun(sign: string): void {
    const { text, at } = this;
    let end = at;
    while (text.charAt(end) === sign) end += 1;
    const before = at === 0 ? "\n" : String.fromCodePoint(text.codePointAt(isLow(text, at - 1) ? at - 2 : at - 1) ?? 10);
    const after = end === text.length ? "\n" : String.fromCodePoint(text.codePointAt(end) ?? 10);
    const isLeft = !/\s/.test(after) && (!punctuation.test(after) || /\s/.test(before) || punctuation.test(before));
    const isRight = !/\s/.test(before) && (!punctuation.test(before) || /\s/.test(after) || punctuation.test(after));
    const isWord = sign === "_";
    const canOpen = isLeft && (!isWord || !isRight || punctuation.test(before));
    const canClose = isRight && (!isWord || !isLeft || punctuation.test(after));
    const count = end - at;
    const node: Node = { inline: { kind: "text", text: text.slice(at, end) }, depth: 0 };
    const isPair = sign === "~" || sign === "|";
    if ((canOpen || canClose) && (!isPair || count === 2)) node.run = { sign, count, whole: count, canOpen, canClose };
    this.nodes.push(node);
    this.at = end;
  }

  /** Makes a link of what is between the brackets, if an address follows. */
  private closeBracket(): void {
    const { text, at } = this;
    const opening = this.brackets.pop();
    const target = opening === undefined ? undefined : targetAt(text, at + 1);
    if (opening === undefined || target === undefined || opening === this.nodes.length - 1) {
      this.add({ kind: "text", text: "]" });
      this.at += 1;
      return;
    }
    const content = withoutLinks(merged(marked(this.nodes.splice(opening).slice(1))));
    this.add({ kind: "link", href: target.href, content }, 1);
    this.at = target.end;
    // There is no link within a link.
    this.brackets.length = 0;
  }
}

function isLow(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff && at > 0;
}

/** The address in parentheses that begins at a place; a title behind it is left out. */
function targetAt(text: string, at: number): { href: string; end: number } | undefined {
  if (text.charAt(at) !== "(") return undefined;
  const match = /^\(\s*(?:<([^<>\n]*)>|((?:[^\s()\\]|\\.|\([^\s()]*\))+))(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)/.exec(text.slice(at, at + 2_100));
  const address = match?.[1] ?? match?.[2]?.replace(/\\([!-/:-@[-`{-~])/g, "$1");
  const href = address === undefined ? undefined : safeAddress(address);
  return href === undefined ? undefined : { href, end: at + (match?.[0]?.length ?? 0) };
}

function withoutLinks(content: readonly Inline[]): Inline[] {
  return merged(
    content.flatMap((part): { inline: Inline }[] => {
      if (part.kind === "link") return withoutLinks(part.content).map((inline) => ({ inline }));
      return [{ inline: "content" in part ? { ...part, content: withoutLinks(part.content) } : part }];
    }),
  );
}

/** Carries out the runs of signs among nodes (CommonMark, "process emphasis"). */
function marked(nodes: readonly Node[]): Node[] {
  const done: Node[] = [];
  // By what a closer is like: below this place there is no opener for it.
  const bottoms = new Map<string, number>();
  for (const node of nodes) {
    const closer = node.run;
    while (closer?.canClose === true && closer.count > 0) {
      const like = `${closer.sign}${closer.canOpen}${closer.whole % 3}`;
      const bottom = bottoms.get(like) ?? 0;
      let index = done.length - 1;
      while (index >= bottom && !isOpener(done[index], closer)) index -= 1;
      const opener = done[index];
      if (index < bottom || opener?.run === undefined) {
        bottoms.set(like, done.length);
        break;
      }
      const isPair = closer.sign === "~" || closer.sign === "|";
      const used = isPair || (opener.run.count >= 2 && closer.count >= 2) ? 2 : 1;
      const within = done.splice(index + 1);
      const depth = 1 + within.reduce((most, { depth }) => Math.max(most, depth), 0);
      if (depth > deepest) {
        done.push(...within);
        bottoms.set(like, done.length);
        break;
      }
      for (const [key, place] of bottoms) if (place > index + 1) bottoms.set(key, index + 1);
      const kind: Mark = isPair ? (closer.sign === "~" ? "strike" : "spoiler") : used === 2 ? "strong" : "emphasis";
      shorten(opener, used);
      shorten(node, used);
      if (opener.run.count === 0) done.pop();
      done.push({ inline: { kind, content: merged(within) }, depth });
    }
    if (closer === undefined || closer.count > 0) done.push(node);
  }
  return done;
}

function isOpener(node: Node | undefined, closer: NonNullable<Node["run"]>): boolean {
  const run = node?.run;
  if (run === undefined || run.sign !== closer.sign || !run.canOpen || run.count === 0) return false;
  // "The rule of three": otherwise **a*b** would be read wrong.
  const isBoth = run.canClose || closer.canOpen;
  return !(isBoth && (run.whole + closer.whole) % 3 === 0 && (run.whole % 3 !== 0 || closer.whole % 3 !== 0)) || closer.sign === "~" || closer.sign === "|";
}

function shorten(node: Node, used: number): void {
  if (node.run === undefined) return;
  node.run.count -= used;
  node.inline = { kind: "text", text: node.run.sign.repeat(node.run.count) };
}

/** The parts, with texts that follow each other in one. */
function merged(nodes: readonly { inline: Inline }[]): Inline[] {
  const parts: Inline[] = [];
  for (const { inline } of nodes) {
    const last = parts[parts.length - 1];
    if (inline.kind === "text" && last?.kind === "text") parts[parts.length - 1] = { kind: "text", text: last.text + inline.text };
    else if (inline.kind !== "text" || inline.text !== "") parts.push(inline);
  }
  return parts;
}
