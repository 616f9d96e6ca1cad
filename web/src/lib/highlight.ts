/** A part of code, and what it is; undefined for all else. */
export interface Token {
  readonly kind?: "comment" | "string" | "number" | "keyword" | "name";
  readonly text: string;
}

/** What begins a comment and, if it is not the line, ends it. */
interface Language {
  readonly comments: readonly (readonly [string, string?])[];
  readonly quotes: string;
  readonly words: ReadonlySet<string>;
}

const words = (text: string) => new Set(text.split(" "));

const c = "break case char const continue default do double else enum extern float for goto if int long return short signed sizeof static struct switch typedef union unsigned void volatile while bool true false nullptr NULL auto class namespace public private protected template this using virtual new delete try catch throw override";
const script = "async await break case catch class const continue debugger default delete do else enum export extends false finally for from function if implements import in instanceof interface let new null of return static super switch this throw true try type typeof undefined var void while yield readonly as";
const families: readonly { names: string; language: Language }[] = [
  { names: "c h cpp c++ cc hpp objc", language: { comments: [["//"], ["/*", "*/"]], quotes: "\"'", words: words(c) } },
  { names: "js javascript jsx mjs ts typescript tsx json", language: { comments: [["//"], ["/*", "*/"]], quotes: "\"'`", words: words(script) } },
  { names: "java kotlin kt scala cs csharp c# dart", language: { comments: [["//"], ["/*", "*/"]], quotes: "\"'", words: words(c + " abstract boolean byte extends final finally fun implements import instanceof interface let native object package sealed super synchronized throws trait val var when null string out in is as async await") } },
  { names: "swift", language: { comments: [["//"], ["/*", "*/"]], quotes: "\"", words: words("actor as async await break case catch class continue default defer do else enum extension false fileprivate final for func guard if import in init inout internal is let mutating nil nonisolated open override private protocol public rethrows return self Self some static struct subscript super switch throw throws true try typealias var where while") } },
  { names: "go golang", language: { comments: [["//"], ["/*", "*/"]], quotes: "\"'`", words: words("break case chan const continue default defer else fallthrough for func go goto if import interface map nil package range return select struct switch type var true false string int error bool byte") } },
  { names: "rust rs", language: { comments: [["//"], ["/*", "*/"]], quotes: "\"", words: words("as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move mut pub ref return self Self static struct super trait true type unsafe use where while") } },
  { names: "py python py3", language: { comments: [["#"]], quotes: "\"'", words: words("and as assert async await break class continue def del elif else except False finally for from global if import in is lambda None nonlocal not or pass raise return self True try while with yield match case") } },
  { names: "rb ruby", language: { comments: [["#"]], quotes: "\"'", words: words("alias and begin break case class def do else elsif end ensure false for if in module next nil not or redo rescue retry return self super then true undef unless until when while yield") } },
  { names: "sh bash shell zsh console dockerfile makefile make yaml yml toml ini conf perl pl r", language: { comments: [["#"]], quotes: "\"'", words: words("case do done elif else esac export fi for function if in local return select set then unset until while true false null yes no echo exit FROM RUN COPY CMD my sub use") } },
  { names: "sql postgres postgresql mysql", language: { comments: [["--"], ["/*", "*/"]], quotes: "'\"", words: words("add all alter and any as asc begin between by case check column commit constraint create cross current default delete desc distinct drop else end exists false foreign from full function grant group having if in index inner insert into is join key left like limit not null offset on or order outer primary references returning right rollback select set table then true union unique update using values view when where with") } },
  { names: "html xml svg vue", language: { comments: [["<!--", "-->"]], quotes: "\"'", words: words("") } },
  { names: "css scss less", language: { comments: [["/*", "*/"]], quotes: "\"'", words: words("important media import supports keyframes from to") } },
  { names: "php", language: { comments: [["//"], ["#"], ["/*", "*/"]], quotes: "\"'", words: words(c + " echo function foreach as elseif use extends implements interface abstract final null array isset empty require include") } },
  { names: "lua haskell hs", language: { comments: [["--"]], quotes: "\"'", words: words("and break do else elseif end false for function if in local nil not or repeat return then true until while where let of case data type module import class instance") } },
];

const byName = new Map(families.flatMap(({ names, language }) => names.split(" ").map((name) => [name, language] as const)));

/** Whether code of a language has colors. */
export function isKnown(name: string): boolean {
  return byName.has(name);
}

/** The parts of code, in linear time; one part if its language is not known. */
export function highlight(text: string, name: string): Token[] {
  const language = byName.get(name);
  if (language === undefined) return [{ text }];
  const isCaseless = /sql/.test(name);
  const tokens: Token[] = [];
  let plain = "";
  const add = (kind: Token["kind"], part: string) => {
    if (plain !== "") tokens.push({ text: plain });
    plain = "";
    tokens.push({ kind, text: part });
  };
  const word = /[\p{L}_$][\p{L}\p{N}_$]*/uy;
  const number = /\d[\w.]*/y;
  for (let at = 0; at < text.length; ) {
    const comment = language.comments.find(([opening]) => text.startsWith(opening, at));
    const character = text.charAt(at);
    if (comment !== undefined) {
      const [opening, closing = "\n"] = comment;
      const found = text.indexOf(closing, at + opening.length);
      const end = found < 0 ? text.length : closing === "\n" ? found : found + closing.length;
      add("comment", text.slice(at, end));
      at = end;
    } else if (language.quotes.includes(character)) {
      const end = stringEnd(text, at);
      add("string", text.slice(at, end));
      at = end;
    } else {
      const pattern = /\d/.test(character) ? number : word;
      pattern.lastIndex = at;
      const part = pattern.exec(text)?.[0];
      if (part === undefined) plain += character;
      else if (pattern === number) add("number", part);
      else if (language.words.has(isCaseless ? part.toLowerCase() : part)) add("keyword", part);
      else if (text.charAt(at + part.length) === "(") add("name", part);
      else plain += part;
      at += part?.length ?? 1;
    }
  }
  if (plain !== "") tokens.push({ text: plain });
  return tokens;
}

/** A string ends at its quotation mark, or with its line; three marks, and backticks, go over lines. */
function stringEnd(text: string, start: number): number {
  const mark = text.charAt(start);
  const closing = text.startsWith(mark.repeat(3), start) ? mark.repeat(3) : mark;
  for (let at = start + closing.length; at < text.length; at += 1) {
    if (text.charAt(at) === "\\") at += 1;
    else if (text.startsWith(closing, at)) return at + closing.length;
    else if (text.charAt(at) === "\n" && closing.length === 1 && mark !== "`") return at;
  }
  return text.length;
}
