/** Work is done at most so often, in milliseconds: that many messages arrive as one for the eye. */
const pace = 50;

/** Work that took a while is done again after so many times as long, so that the page has time for its user. */
const rest = 2;

/** A page in the back has no frames. This long is waited for one, in milliseconds. */
const patience = 250;

/** Asks for `work`, whose delay is bounded; `done` says that it was done for another reason. */
export interface Frames {
  ask(): void;
  done(): void;
}

/**
 * Does `work` in the browser's next frame, once for all who ask meanwhile. It is never late by more than its own duration
 * and a moment.
 */
export function inFrames(work: () => void): Frames {
  let cancel: (() => void) | undefined;
  let earliest = 0;
  const run = () => {
    done();
    const start = performance.now();
    work();
    // What it has changed is shown in a microtask, so it is measured after that.
    queueMicrotask(() => {
      const end = performance.now();
      earliest = Math.max(start + pace, end + rest * (end - start));
    });
  };
  const inNextFrame = () => {
    const frame = requestAnimationFrame(run);
    const timer = setTimeout(run, patience);
    cancel = () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
    };
  };
  function done() {
    cancel?.();
    cancel = undefined;
  }
  return {
    ask: () => {
      if (cancel !== undefined) return;
      const wait = earliest - performance.now();
      if (wait <= 0) {
        inNextFrame();
        return;
      }
      const timer = setTimeout(inNextFrame, Math.min(wait, patience));
      cancel = () => clearTimeout(timer);
    },
    done,
  };
}
