import assert from "node:assert/strict";
import { test } from "node:test";
import { Inline } from "../src/lib/inlines";
import { Block, isMarked, parseMarkdown } from "../src/lib/markdown";
import { plainText } from "../src/lib/plain";
import { growth, linear, ratio } from "./costs";

/** The blocks in a short notation: `<em>` as (i …), `<strong>` as (b …), links as (a address|…), code as (c …). */
function inlines(content: readonly Inline[]): string {
  return content.map((part) => {
    switch (part.kind) {
      case "text":
        return part.text;
      case "code":
        return `(c ${part.text})`;
      case "link":
        return `(a ${part.href}|${inlines(part.content)})`;
      default:
        return `(${{ emphasis: "i", strong: "b", strike: "s", spoiler: "h" }[part.kind]} ${inlines(part.content)})`;
    }
  }).join("");
}

function blocks(list: readonly Block[]): string {
  return list.map((block) => {
    switch (block.kind) {
      case "paragraph":
        return inlines(block.content);
      case "code":
        return `{${block.language}:${block.text}}`;
      case "quote":
        return `>(${blocks(block.blocks)})`;
      case "list":
        return `${block.start ?? "*"}[${block.items.map(blocks).join(";")}]`;
    }
  }).join("¶");
}

const shown = (text: string) => blocks(parseMarkdown(text));

/** Cases of CommonMark 0.31, by the section in which they are. A line break is one here, and so is shown. */
const cases: Record<string, [string, string][]> = {
  "2.4 backslash escapes": [
    [String.raw`\*not emphasized*`, "*not emphasized*"], [String.raw`\\*emphasis*`, String.raw`\(i emphasis)`], [String.raw`\	\A\a\ \3\φ\«`, String.raw`\	\A\a\ \3\φ\«`],
    ["`` \\[\\` ``", "(c \\[\\`)"], [String.raw`\[not a link](/foo)`, "[not a link](/foo)"],
  ],
  "4.5 fenced code blocks": [
    ["```\n<\n >\n```", "{:<\n >}"], ["~~~\n<\n >\n~~~", "{:<\n >}"], ["``\nfoo\n``", "(c foo)"], ["```\naaa\n~~~\n```", "{:aaa\n~~~}"],
    ["~~~\naaa\n```\n~~~", "{:aaa\n```}"], ["````\naaa\n```\n``````", "{:aaa\n```}"], ["```", "{:}"], ["`````\n\n```\naaa", "{:\n```\naaa}"],
    ["> ```\n> aaa\n\nbbb", ">({:aaa})¶bbb"], ["```\n\n  \n```", "{:\n  }"], ["```\n```", "{:}"], [" ```\n aaa\naaa\n```", "{:aaa\naaa}"],
    ["  ```\naaa\n  aaa\naaa\n  ```", "{:aaa\naaa\naaa}"], ["   ```\n   aaa\n    aaa\n  aaa\n   ```", "{:aaa\n aaa\naaa}"], ["```\naaa\n  ```", "{:aaa}"],
    ["foo\n```\nbar\n```\nbaz", "foo¶{:bar}¶baz"], ["```ruby\ndef foo(x)\n  return 3\nend\n```", "{ruby:def foo(x)\n  return 3\nend}"],
    ["~~~~    ruby startline=3 $%@#$\ndef\n~~~~~~~", "{ruby:def}"], ["````;\n````", "{;:}"], ["``` aa ```\nfoo", "(c aa)\nfoo"], ["```\n``` aaa\n```", "{:``` aaa}"],
  ],
  "5.1 block quotes": [
    ["> foo\n> bar", ">(foo\nbar)"], [">foo", ">(foo)"], ["   > foo\n > bar", ">(foo\nbar)"], [">", ">()"], [">\n> foo\n>  ", ">(foo)"],
    ["> foo\n\n> bar", ">(foo)¶>(bar)"], ["foo\n> bar", "foo¶>(bar)"], ["> bar\n\nbaz", ">(bar)¶baz"], ["> > > foo", ">(>(>(foo)))"], ["> - foo\n> - bar", ">(*[foo;bar])"],
  ],
  "5.2 and 5.3 lists": [
    ["- foo\n- bar\n+ baz", "*[foo;bar]¶*[baz]"], ["1. foo\n2. bar\n3) baz", "1[foo;bar]¶3[baz]"], ["Foo\n- bar\n- baz", "Foo¶*[bar;baz]"],
    ["The number of windows is\n14.  The doors", "The number of windows is\n14.  The doors"], ["The number is\n1.  The doors", "The number is¶1[The doors]"],
    ["- foo\n\n- bar\n\n\n- baz", "*[foo;bar;baz]"], ["- foo\n  - bar\n    - baz", "*[foo¶*[bar¶*[baz]]]"], ["1. a\n2. b", "1[a;b]"], ["-one\n\n2.two", "-one\n\n2.two"],
    ["- foo\n\n  bar", "*[foo\n\nbar]"], ["123456789. ok", "123456789[ok]"], ["1234567890. not ok", "1234567890. not ok"], ["0. ok", "0[ok]"], ["-1. not ok", "-1. not ok"],
    ["- a\n  > b\n- c", "*[a¶>(b);c]"], ["10) foo\n    - bar", "10[foo¶*[bar]]"], ["1. ```\n   foo\n   ```\n2. bar", "1[{:foo};bar]"],
  ],
  "6.1 code spans": [
    ["`foo`", "(c foo)"], ["`` foo ` bar ``", "(c foo ` bar)"], ["` `` `", "(c ``)"], ["`  ``  `", "(c  `` )"], ["` a`", "(c  a)"], ["` `", "(c  )"], ["``\nfoo \n``", "(c foo )"],
    ["`foo\\`bar`", "(c foo\\)bar`"], ["``foo`bar``", "(c foo`bar)"], ["` foo `` bar `", "(c foo `` bar)"], ["*foo`*`", "*foo(c *)"], ["[not a `link](/foo`)", "[not a (c link](/foo))"],
    ["```foo``", "```foo``"], ["`foo", "`foo"], ["`foo``bar``", "`foo(c bar)"], ["`<https://foo.bar.`baz>`", "(c <https://foo.bar.)baz>`"],
  ],
  "6.2 emphasis": [
    ["*foo bar*", "(i foo bar)"], ["a * foo bar*", "a * foo bar*"], ["a*\"foo\"*", "a*\"foo\"*"], ["*$*alpha.\n\n*£*bravo.\n\n*€*charlie.", "*$*alpha.\n\n*£*bravo.\n\n*€*charlie."],
    ["foo*bar*", "foo(i bar)"], ["5*6*78", "5(i 6)78"], ["_foo bar_", "(i foo bar)"], ["_ foo bar_", "_ foo bar_"], ["a_\"foo\"_", "a_\"foo\"_"], ["foo_bar_", "foo_bar_"], ["5_6_78", "5_6_78"],
    ["пристаням_стремятся_", "пристаням_стремятся_"], ["aa_\"bb\"_cc", "aa_\"bb\"_cc"], ["foo-_(bar)_", "foo-(i (bar))"], ["_foo*", "_foo*"], ["*foo bar *", "*foo bar *"], ["*foo bar\n*", "*foo bar\n*"],
    ["*(*foo)", "*(*foo)"], ["*(*foo*)*", "(i ((i foo)))"], ["*foo*bar", "(i foo)bar"], ["_foo bar _", "_foo bar _"], ["_(_foo)", "_(_foo)"], ["_(_foo_)_", "(i ((i foo)))"], ["_foo_bar", "_foo_bar"],
    ["_foo_bar_baz_", "(i foo_bar_baz)"], ["_(bar)_.", "(i (bar))."], ["**foo bar**", "(b foo bar)"], ["** foo bar**", "** foo bar**"], ["a**\"foo\"**", "a**\"foo\"**"], ["foo**bar**", "foo(b bar)"],
    ["__foo bar__", "(b foo bar)"], ["__ foo bar__", "__ foo bar__"], ["__\nfoo bar__", "__\nfoo bar__"], ["a__\"foo\"__", "a__\"foo\"__"], ["foo__bar__", "foo__bar__"], ["5__6__78", "5__6__78"],
    ["__foo, __bar__, baz__", "(b foo, (b bar), baz)"], ["foo-__(bar)__", "foo-(b (bar))"], ["**foo bar **", "**foo bar **"], ["**(**foo)", "**(**foo)"], ["*(**foo**)*", "(i ((b foo)))"],
    ["**Gomphocarpus (*Gomphocarpus physocarpus*, syn.\n*Asclepias physocarpa*)**", "(b Gomphocarpus ((i Gomphocarpus physocarpus), syn.\n(i Asclepias physocarpa)))"],
    ["**foo \"*bar*\" foo**", "(b foo \"(i bar)\" foo)"], ["**foo**bar", "(b foo)bar"], ["__foo__bar__baz__", "(b foo__bar__baz)"], ["*foo\nbar*", "(i foo\nbar)"], ["_foo __bar__ baz_", "(i foo (b bar) baz)"],
    ["_foo _bar_ baz_", "(i foo (i bar) baz)"], ["__foo_ bar_", "(i (i foo) bar)"], ["*foo *bar**", "(i foo (i bar))"], ["*foo **bar** baz*", "(i foo (b bar) baz)"], ["*foo**bar**baz*", "(i foo(b bar)baz)"],
    ["*foo**bar*", "(i foo**bar)"], ["***foo** bar*", "(i (b foo) bar)"], ["*foo **bar***", "(i foo (b bar))"], ["*foo**bar***", "(i foo(b bar))"], ["foo***bar***baz", "foo(i (b bar))baz"],
    ["foo******bar*********baz", "foo(b (b (b bar)))***baz"], ["*foo **bar *baz* bim** bop*", "(i foo (b bar (i baz) bim) bop)"], ["** is not an empty emphasis", "** is not an empty emphasis"],
    ["**** is not", "**** is not"], ["__foo __bar__ baz__", "(b foo (b bar) baz)"], ["____foo__ bar__", "(b (b foo) bar)"], ["**foo **bar****", "(b foo (b bar))"], ["**foo *bar* baz**", "(b foo (i bar) baz)"],
    ["**foo*bar*baz**", "(b foo(i bar)baz)"], ["***foo* bar**", "(b (i foo) bar)"], ["**foo *bar***", "(b foo (i bar))"], ["foo ***", "foo ***"], ["foo *\\**", "foo (i *)"], ["foo *_*", "foo (i _)"], ["foo *****", "foo *****"],
    ["foo **\\***", "foo (b *)"], ["foo **_**", "foo (b _)"], ["**foo*", "*(i foo)"], ["*foo**", "(i foo)*"], ["***foo**", "*(b foo)"], ["****foo*", "***(i foo)"], ["**foo***", "(b foo)*"], ["*foo****", "(i foo)***"],
    ["foo ___", "foo ___"], ["__foo_", "_(i foo)"], ["_foo__", "(i foo)_"], ["____foo_", "___(i foo)"], ["*_foo_*", "(i (i foo))"], ["__**foo**__", "(b (b foo))"], ["****foo****", "(b (b foo))"],
    ["******foo******", "(b (b (b foo)))"], ["***foo***", "(i (b foo))"], ["_____foo_____", "(i (b (b foo)))"], ["*foo _bar* baz_", "(i foo _bar) baz_"], ["*foo __bar *baz bim__ bam*", "(i foo (b bar *baz bim) bam)"],
    ["**foo **bar baz**", "**foo (b bar baz)"], ["*foo *bar baz*", "*foo (i bar baz)"], ["*a `*`*", "(i a (c *))"], ["_a `_`_", "(i a (c _))"], ["**a<https://foo.bar/?q=**>", "**a(a https://foo.bar/?q=**|https://foo.bar/?q=**)"],
  ],
  "6.3 links": [
    ["[link](https://e.org/uri \"title\")", "(a https://e.org/uri|link)"], ["[link](https://e.org/uri)", "(a https://e.org/uri|link)"], ["[link](<https://e.org/uri>)", "(a https://e.org/uri|link)"],
    ["[link](javascript:alert(1))", "[link](javascript:alert(1))"], ["[link](https://e.org/foo(and(bar)))", "[link]((a https://e.org/foo(and(bar))|https://e.org/foo(and(bar))))"],
    ["[link](https://e.org/foo(bar))", "(a https://e.org/foo(bar)|link)"], ["[link [bar](https://e.org/)", "[link (a https://e.org/|bar)"], ["[link *foo **bar** `#`*](https://e.org/)", "(a https://e.org/|link (i foo (b bar) (c #)))"],
    ["[foo [bar](https://e.org/)](https://e.com/)", "[foo (a https://e.org/|bar)]((a https://e.com/|https://e.com/))"], ["*[foo*](https://e.org/)", "*(a https://e.org/|foo*)"], ["[foo *bar](https://e.org/baz*)", "(a https://e.org/baz*|foo *bar)"],
    ["[foo`](https://e.org/)`", "[foo(c ](https://e.org/))"], ["[link] (https://e.org/a)", "[link] ((a https://e.org/a|https://e.org/a))"],
  ],
  "6.5 autolinks": [["<https://foo.bar.baz/test?q=hello&id=22>", "(a https://foo.bar.baz/test?q=hello&id=22|https://foo.bar.baz/test?q=hello&id=22)"], ["<mailto:foo@bar.baz>", "(a mailto:foo@bar.baz|mailto:foo@bar.baz)"], ["<>", "<>"], ["<foo.bar.baz>", "<foo.bar.baz>"]],
  "beyond CommonMark": [
    ["~~gone~~ and ~not~", "(s gone) and ~not~"], ["||hidden|| a || b || c", "(h hidden) a || b || c"], ["||**bold** secret||", "(h (b bold) secret)"], ["https://e.org/a_b_c*d*", "(a https://e.org/a_b_c*d*|https://e.org/a_b_c*d)*".replace("*d*|", "*d|")],
    ["**https://e.org/**", "(b (a https://e.org/|https://e.org/))"], ["    if x:\n        y()", "    if x:\n        y()"], ["# no heading\n---", "# no heading\n---"], ["<b>no</b> &amp;", "<b>no</b> &amp;"], ["a\nb", "a\nb"],
    ["¯\\\\_(ツ)_/¯", "¯\\(i (ツ))/¯"], ["snake_case_name 2*3*4", "snake_case_name 2(i 3)4"],
  ],
};

for (const [section, list] of Object.entries(cases)) {
  test(`the subset reads as CommonMark does: ${section}`, () => {
    for (const [text, expected] of list) assert.equal(shown(text), expected, JSON.stringify(text));
  });
}

/** Numbers that look random and are the same in each run. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return Math.floor(((state >>> 8) / 2 ** 24) * below);
  };
}

const pieces = ["*", "**", "_", "__", "~~", "||", "`", "```", "\n", "\n\n", "> ", "- ", "1. ", "  ", "[", "](", ")", "](https://e.org/)", "<", ">", "\\", "a", "b c", "<script>", "https://e.org/x", "👍", "&lt;", "(", " "];

/** Every text that is shown, in its order. */
function texts(list: readonly Block[]): string {
  const within = (content: readonly Inline[]): string => content.map((part) => ("content" in part ? within(part.content) : part.text)).join("");
  return list.map((block) => (block.kind === "paragraph" ? within(block.content) : block.kind === "code" ? block.text : block.kind === "quote" ? texts(block.blocks) : block.items.map(texts).join(""))).join("");
}

test("10,000 random messages are read in linear time, and show nothing that was not written", () => {
  const pick = random(7);
  let long = 0;
  for (let number = 0; number < 10_000; number += 1) {
    const length = 1 + pick(number % 100 === 0 ? 3_000 : 60);
    const text = Array.from({ length }, () => pieces[pick(pieces.length)]).join("").slice(0, 8_000);
    const parsed = parseMarkdown(text);
    if (text.length > 4_000) {
      const parts = Array.from({ length: 16 }, (_, part) => text.slice((part * text.length) / 16, ((part + 1) * text.length) / 16));
      const grown = ratio(() => parseMarkdown(text), () => parts.forEach(parseMarkdown), linear);
      assert(grown <= linear, `${grown.toFixed(1)}: ${JSON.stringify(text)}`);
      long += 1;
    }
    const left = Array.from(text);
    let at = 0;
    for (const character of Array.from(texts(parsed))) {
      while (at < left.length && left[at] !== character && !(left[at] === "\n" && character === " ")) at += 1;
      assert(at < left.length, `shows what was not written: ${JSON.stringify(text)}`);
      at += 1;
    }
    if (!isMarked(text)) assert.equal(texts(parsed).trim(), text.trim().replace(/\n{2,}$/, ""));
  }
  assert(long > 20, "no long ones");
});

test("the longest messages of one kind take linear time", () => {
  for (const piece of ["*a", "*a **b ", "_a__", "[", "](", "[a](", "`", "`a``", "> ", ">", "- ", "- a\n  ", "||a", "~~a ", "\\", "<https://", "**a*", "1. a\n", "[a](https://e.org/)", "*_"]) {
    const grown = growth(parseMarkdown, (length) => piece.repeat(length / piece.length));
    assert(grown <= linear, `${JSON.stringify(piece)}: ${grown.toFixed(1)}`);
  }
});

test("what is no fence costs no time, nor does a line without its marks", () => {
  const makes: ((length: number) => string)[] = [
    (length) => `\`\`\`${" ".repeat(length)}\``,
    (length) => `${"~".repeat(length)}\``,
    (length) => "**a ".repeat(length / 4),
    (length) => "||a ".repeat(length / 4),
    (length) => `__${"a ".repeat(length / 2)}`,
  ];
  for (const make of makes) {
    for (const read of [parseMarkdown, plainText]) {
      const grown = growth(read, make);
      assert(grown <= linear, `${read.name} of ${JSON.stringify(make(8))}: ${grown.toFixed(1)}`);
    }
  }
});

test("a message in one line has no marks, and hides what the message hides", () => {
  const cases: [string, string][] = [
    ["**bold** _and_ `code`", "bold and code"], ["||a|b||", "▒▒▒"], ["x ||a|||b|| y", "x ▒▒▒ y"], ["||a || b||", "▒▒▒"], ["||a.||b||", "||a.▒▒▒"], ["> ||a\n> b||", "▒▒▒"],
    ["||**a**|| and ||b||", "▒▒▒ and ▒▒▒"], ["`a || b || c`", "a || b || c"], ["||a `||` b||", "▒▒▒"], ["```js\nx\n```", "x"], ["1. a\n2. b", "1. a\n2. b"], ["- a", "- a"],
    ["[words](https://e.org/)", "words"], ["\\*a\\*", "*a*"], [" a ", "a"],
  ];
  for (const [text, expected] of cases) assert.equal(plainText(text), expected, text);
});
