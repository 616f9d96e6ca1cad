import assert from "node:assert/strict";
import { test } from "node:test";
import { statusEnd } from "../src/lib/muting";
import { isQuiet, saidBy } from "../src/store/status";

const at = (time: string) => Date.parse(time);

test("do not disturb ends at its time", () => {
  const doNotDisturb = { until: "2026-12-01T12:00:00.000Z" };
  assert.equal(isQuiet({ doNotDisturb }, at("2026-12-01T11:59:00Z")), true);
  assert.equal(isQuiet({ doNotDisturb }, at("2026-12-01T12:00:00Z")), false);
  assert.equal(isQuiet({}, at("2026-12-01T12:00:00Z")), false);
});

test("daily hours are those of their zone's clocks, over midnight too, and in summer", () => {
  const night = { doNotDisturb: { hours: { from: "22:00", to: "07:00", timeZone: "Europe/Berlin" } } };
  const quiet = (time: string) => isQuiet(night, at(time));
  assert.deepEqual(["20:59", "21:00", "23:30", "05:59", "06:00"].map((time) => quiet(`2026-12-01T${time}:00Z`)), [false, true, true, true, false]);
  assert.deepEqual(["19:59", "20:00", "04:59", "05:00"].map((time) => quiet(`2026-07-01T${time}:00Z`)), [false, true, true, false]);
  const day = { doNotDisturb: { hours: { from: "09:00", to: "17:00", timeZone: "UTC" } } };
  assert.deepEqual(["08:59", "09:00", "16:59", "17:00"].map((time) => isQuiet(day, at(`2026-12-01T${time}:00Z`))), [false, true, true, false]);
});

test("a zone that the browser does not know is no silence", () => {
  assert.equal(isQuiet({ doNotDisturb: { hours: { from: "00:00", to: "23:59", timeZone: "Nowhere/At_All" } } }, at("2026-12-01T12:00:00Z")), false);
});

test("a status ends by itself", () => {
  const statusMessage = { text: "at lunch", until: "2026-12-01T12:00:00.000Z" };
  assert.equal(saidBy({ statusMessage }, at("2026-12-01T11:00:00Z"))?.text, "at lunch");
  assert.equal(saidBy({ statusMessage }, at("2026-12-01T12:00:00Z")), undefined);
  assert.equal(saidBy({ statusMessage: { text: "away" } }, at("2036-12-01T12:00:00Z"))?.text, "away");
});

test("the ends of a status that is set now", () => {
  const now = new Date(2026, 11, 31, 22, 30);
  assert.equal(statusEnd("never", now), undefined);
  assert.equal(statusEnd("hours", now)?.getTime(), now.getTime() + 4 * 3_600_000);
  assert.deepEqual(statusEnd("day", now), new Date(2027, 0, 1));
});
