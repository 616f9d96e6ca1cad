import assert from "node:assert/strict";
import { test } from "node:test";
import { linkify } from "../src/lib/linkify";
import { growth, linear } from "./costs";

/** Each link of a text, as it is shown. */
const shown = (text: string) => linkify(text).flatMap((part) => (part.kind === "link" ? [part.text] : []));
const hrefs = (text: string) => linkify(text).flatMap((part) => (part.kind === "link" ? [part.href] : []));

function check(cases: Record<string, string[]>) {
  for (const [text, expected] of Object.entries(cases)) {
    assert.deepEqual(shown(text), expected, text);
    assert.equal(linkify(text).map((part) => part.text).join(""), text, "a character was lost");
  }
}

const x = "https://a.example/x";

test("punctuation of any script ends a link", () => {
  for (const mark of "、。，！？；：．…‥（）【】《》「」『』〔〕〈〉“”‘’„‚«»‹›،؛؟۔٪।॥።၊།՝։`\u3000\u00A0\u2028—―｜～") {
    check({ [`${x}${mark}`]: [x], [`${x}${mark}后`]: [x], [`https://a.example${mark}b`]: ["https://a.example"], [`me@a.example${mark}b`]: ["me@a.example"] });
  }
  check({
    "（见https://a.example/x）。": [x],
    "「https://a.example/x」と": [x],
    "راجع https://a.example/x، ثم www.b.example؟": [x, "www.b.example"],
    "“https://a.example/x”": [x],
    "«https://a.example/x»": [x],
    "`https://a.example/x`": [x],
    "https://a.example/x…": [x],
    "https://a.example/x...": [x],
    "https://a.example/compare/a...b": ["https://a.example/compare/a...b"],
  });
});

test("a bracket ends a link where nothing opened it, and stays where something did", () => {
  check({
    "(https://en.example/wiki/A_(b))": ["https://en.example/wiki/A_(b)"],
    "https://en.example/A_(b_(c))_d.": ["https://en.example/A_(b_(c))_d"],
    "[text](https://a.example/x)y": [x],
    "[https://a.example/x](https://b.example/y)": [x, "https://b.example/y"],
    "{https://a.example/x}": [x],
    "https://a.example/x(see": [x],
    "https://a.example/x(": [x],
    "https://a.example/x[1]": ["https://a.example/x[1]"],
    "https://a.example/x(]y": [x],
  });
});

test("markup around a link is not part of it", () => {
  check({
    "<https://a.example/x>": [x],
    "<me@a.example>": ["me@a.example"],
    "**https://a.example/x**": [x],
    "_https://a.example/x_": [x],
    "~~https://a.example~~": ["https://a.example"],
    "|https://a.example/x|": [x],
    '{"url":"https://a.example/x"}': [x],
    "'https://a.example/x','https://b.example/y'": [x, "https://b.example/y"],
    "https://a.example/x\\n": [x],
    "*me@a.example*": ["me@a.example"],
    "https://a.example/it's": ["https://a.example/it's"],
  });
});

test("addresses that follow each other are two, and one inside another is one", () => {
  check({
    "https://a.example/xhttps://b.example/y": [x, "https://b.example/y"],
    "https://a.examplehttps://b.example": ["https://a.example", "https://b.example"],
    "https://a.example/x,https://b.example/y;http://c.example": [x, "https://b.example/y", "http://c.example"],
    "https://archive.example/web/2020/https://a.example/x": ["https://archive.example/web/2020/https://a.example/x"],
    "https://a.example/?to=https://b.example/y": ["https://a.example/?to=https://b.example/y"],
    "https://a.example/%2Fhttps://b.example/y": ["https://a.example/%2Fhttps://b.example/y"],
    "me@a.example,you@b.example/they@c.example": ["me@a.example", "you@b.example", "they@c.example"],
  });
});

test("the name of a mail address has letters of any script, and is never cut to somebody else's", () => {
  check({
    "jörg@example.de": ["jörg@example.de"],
    "Schreib an renée.dùpont@example.fr!": ["renée.dùpont@example.fr"],
    "иван@пример.рф": ["иван@пример.рф"],
    "用户1@例子.广告": ["用户1@例子.广告"],
    "δοκιμή@παράδειγμα.δοκιμή": ["δοκιμή@παράδειγμα.δοκιμή"],
    "o'brien@example.ie": ["o'brien@example.ie"],
    "r&d@example.com": ["r&d@example.com"],
    "jo\u0308rg@example.de": ["jo\u0308rg@example.de"],
    "请联系jo@example.com。": ["jo@example.com"],
    "jo@example.com에서": ["jo@example.com"],
    "'jo@example.com'": ["jo@example.com"],
    "mailto:jo@example.com": ["jo@example.com"],
    "post@münchen.de": ["post@münchen.de"],
    "react@18.2.0 a@b a@b.1": [],
  });
  assert.deepEqual(hrefs("jörg@münchen.de"), ["mailto:j%C3%B6rg@m%C3%BCnchen.de"]);
  assert.deepEqual(shown(`${"a".repeat(65)}@a.example`), []);
});

test("hosts in any script are links", () => {
  assert.deepEqual(hrefs("https://münchen.de/straße"), ["https://xn--mnchen-3ya.de/stra%C3%9Fe"]);
  assert.deepEqual(hrefs("https://пример.рф, https://例え.jp"), ["https://xn--e1afmkfd.xn--p1ai/", "https://xn--r8jz45g.jp/"]);
  check({
    "www.bürger-häuser.de": ["www.bürger-häuser.de"],
    "https://उदाहरण.भारत": ["https://उदाहरण.भारत"],
    "https://a.example的说明": ["https://a.example"],
    "https://a.example에서 보세요": ["https://a.example"],
    "看https://a.example/x": [x],
    "https://a.example🎉": ["https://a.example"],
  });
});

test("ports, dots, capitals and numbers", () => {
  check({
    "http://localhost:3000/x?y#z.": ["http://localhost:3000/x?y#z"],
    "https://a.example:8080.": ["https://a.example:8080"],
    "https://a.example:": ["https://a.example"],
    "https://a.example:99999/x https://a.example:500000": [],
    "https://a.example./x https://a.example.": ["https://a.example./x", "https://a.example"],
    "HTTPS://A.EXAMPLE/X": ["HTTPS://A.EXAMPLE/X"],
    "WWW.A.EXAMPLE": ["WWW.A.EXAMPLE"],
    "http://127.0.0.1:8080/ http://[::1]:8080/x": ["http://127.0.0.1:8080/", "http://[::1]:8080/x"],
    "xhttps://a.example http:// https://. https://- http://?": [],
    "https://a.example?x=1&y=2": ["https://a.example?x=1&y=2"],
  });
});

test("a link never leads elsewhere than it says", () => {
  check({
    "https://bank.example@evil.example/x": [],
    "https://bank.example%2F@evil.example": [],
    "https://ba%6Ek.example": [],
    "https://bank.example\\@evil.example": ["https://bank.example"],
    "https://me@a.example/x": ["https://me@a.example/x"],
    "https://a.example/\u202Egpj.exe": ["https://a.example/"],
    "https://a.exa\u200Bmple/x": ["https://a.exa"],
    "https://a.example/x\u2060y": [x],
    "javascript:alert(1)//https://": [],
    "JaVaScRiPt:alert('www.a.example')": ["www.a.example"],
    "httpſ://a.example": [],
  });
});

test("a text of any kind is shown whole, in linear time", () => {
  const pieces = ["https://", "www.", "@", "a", "ö", "字", ".", "(", ")", "[", "]", "/", "?", "。", "…", "`", "'", " ", "\u200D", "🎉", "\uD800", ":", "8", "%", "\\", "-", "_"];
  let seed = 1;
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  for (let round = 0; round < 5_000; round += 1) {
    const text = Array.from({ length: 12 }, () => pieces[Math.floor(random() * pieces.length)]).join("");
    assert.equal(linkify(text).map((part) => part.text).join(""), text);
  }
  const hostile = ["https://a/(", "https://a/(/", "https://a/)", "https://a/x,", "https://a:99999/", "https://u@", "www.a@", "a@b.c/", "https://a/[(", "字@a.b", "https://a.字"];
  for (const piece of hostile) {
    const grown = growth(linkify, (length) => piece.repeat(Math.ceil(length / piece.length)));
    assert(grown <= linear, `${piece}: ${grown.toFixed(1)}`);
  }
});
