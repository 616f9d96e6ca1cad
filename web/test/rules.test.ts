import assert from "node:assert/strict";
import { test } from "node:test";
import sharedLimits from "../../Tests/limits.json";
import shared from "../../Tests/permissions.json";
import { characters, fits, limits, trimmed, withoutBlankEdges } from "../src/rules/limits";
import * as permissions from "../src/rules/permissions";
import { Refusal, Standing } from "../src/rules/permissions";

/** The questions of Tests/permissions.json, which the server's tests ask as well. */
const questions: Record<string, (standing: Standing | undefined) => Refusal> = {
  see: permissions.see,
  read: permissions.read,
  speak: permissions.speak,
  join: permissions.join,
  leave: permissions.leave,
  hide: permissions.hide,
  rename: permissions.rename,
  addMembers: (standing) => permissions.addMembers(standing),
  "addMembers, bringing back": (standing) => permissions.addMembers(standing, true),
  "removeMember, an owner": (standing) => permissions.removeMember(standing, "owner"),
  "removeMember, an admin": (standing) => permissions.removeMember(standing, "admin"),
  "removeMember, a member": (standing) => permissions.removeMember(standing, "member"),
  changeRole: permissions.changeRole,
  "editMessage, own": (standing) => permissions.editMessage(standing, true),
  "editMessage, another's": (standing) => permissions.editMessage(standing, false),
  "react, add": (standing) => permissions.react(standing, true),
  "react, take back": (standing) => permissions.react(standing, false),
  "deleteMessage, own": (standing) => permissions.deleteMessage(standing, true),
  "deleteMessage, another's": (standing) => permissions.deleteMessage(standing, false),
};

test("the client asks the questions that the server answers", () => {
  assert.deepEqual(Object.keys(questions), shared.questions);
  assert.deepEqual(new Set(Object.keys(questions).map((question) => question.split(",")[0])), new Set(Object.keys(permissions)));
});

for (const { who, standing, refused } of shared.cases) {
  test(`what the server allows: ${who}`, () => {
    const refusals: Record<string, string[] | undefined> = refused;
    const expected = new Map(Object.entries(refusals).flatMap(([code, names = []]) => names.map((name) => [name, code])));
    for (const [name, ask] of Object.entries(questions)) {
      assert.equal(ask((standing as Standing | null) ?? undefined), expected.get(name), name);
    }
  });
}

test("the client knows the server's limits", () => {
  assert.deepEqual(limits, sharedLimits);
});

test("a character is a code point", () => {
  assert.equal(characters("👍🏽"), 2);
  assert(fits(characters("👍".repeat(80)), limits.title));
  assert(!fits(characters("👍".repeat(81)), limits.title));
  assert(!fits(0, limits.title));
});

test("names are trimmed as the server trims them", () => {
  assert.equal(trimmed("\u0085 \u3000a b\u2028"), "a b");
  // No white space by Unicode, though JavaScript's trim removes it.
  assert.equal(trimmed("\uFEFFa"), "\uFEFFa");
});

test("a message keeps the blanks before its first word", () => {
  assert.equal(withoutBlankEdges("    if x:\n\ty\n \n"), "    if x:\n\ty");
  assert.equal(withoutBlankEdges(" \n\t\n  a"), "  a");
  for (const text of ["", " ", "\n \t\u3000\n", "\u00A0"]) assert.equal(withoutBlankEdges(text), "", JSON.stringify(text));
});
