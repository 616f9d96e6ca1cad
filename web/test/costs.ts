/** The processor's time that this program has used, in microseconds. */
function used(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function costOf(run: () => unknown, count: number): number {
  const before = used();
  for (let time = 0; time < count; time += 1) run();
  return used() - before;
}

/** Both together are measured over at least so long, in microseconds: what the collector and the compiler add is small then. */
const least = 2_000;

/** So many measurements are taken at least and at most. Whatever disturbs one makes it longer, so the shortest counts. */
const rounds = { least: 2, most: 60 };

/**
 * How many times the processor's time of `other` the run takes, by measurements of both in turn: no machine's speed has an
 * influence. More are taken while it is above `enough`.
 */
export function ratio(run: () => unknown, other: () => unknown, enough: number): number {
  let [own, others, count] = [costOf(run, 1), costOf(other, 1), 1];
  while (own + others < least && count < 1 << 20) {
    count *= 2;
    [own, others] = [costOf(run, count), costOf(other, count)];
  }
  for (let round = 1; round < rounds.least || (own > enough * others && round < rounds.most); round += 1) {
    own = Math.min(own, costOf(run, count));
    others = Math.min(others, costOf(other, count));
  }
  return own / Math.max(1, others);
}

/** How many times as long a text may take as its sixteen parts: one time where time is linear, sixteen where it is quadratic. */
export const linear = 6;

/** How many times as long as sixteen short texts a text of sixteen times the length takes. */
export function growth(run: (text: string) => unknown, make: (length: number) => string): number {
  const [short, long] = [make(500), make(8_000)];
  return ratio(
    () => run(long),
    () => {
      for (let time = 0; time < 16; time += 1) run(short);
    },
    linear,
  );
}
