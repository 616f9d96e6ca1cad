/** Waits that double from half a second to half a minute. Each is partly random, so that clients do not come back at once. */
export class Backoff {
  private attempts = 0;

  constructor(
    private readonly random: () => number = Math.random,
    private readonly first = 500,
    private readonly longest = 30_000,
  ) {}

  /** Milliseconds until the next attempt. */
  next(): number {
    const bound = Math.min(this.longest, this.first * 2 ** this.attempts);
    this.attempts += 1;
    return bound / 2 + (this.random() * bound) / 2;
  }

  reset(): void {
    this.attempts = 0;
  }
}
