/** The parts of Node that the tests use. Debian has no package of its types. */

declare module "node:test" {
  export function test(name: string, body: () => void | Promise<void>): void;
  export function afterEach(body: () => void): void;
}

declare module "node:assert/strict" {
  const assert: {
    (value: unknown, message?: string): asserts value;
    equal(actual: unknown, expected: unknown, message?: string): void;
    deepEqual(actual: unknown, expected: unknown, message?: string): void;
    match(actual: string, pattern: RegExp): void;
    rejects(promise: Promise<unknown>, expected: (error: unknown) => boolean): Promise<void>;
  };
  export default assert;
}

declare const process: { cpuUsage(before?: { user: number; system: number }): { user: number; system: number } };
