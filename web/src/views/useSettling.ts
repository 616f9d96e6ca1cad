import { useReducer, useRef } from "react";

/** A layout effect asks for at most so many renders in a row. After 50, React takes the page down. */
const most = 20;

interface Settling {
  /** Changes with each render that was asked for. */
  version: number;
  /** Renders again, whenever. */
  update(): void;
  /** Renders again from a layout effect that has found other sizes. Answers false if the sizes do not settle: then what is measured last stays. */
  again(): boolean;
  /** The layout effect has found nothing to correct, or has given up. */
  settled(): void;
}

/** Renders a list until what it is laid out by is what is measured, in a bounded number of steps. */
export function useSettling(): Settling {
  const [version, update] = useReducer((count: number) => count + 1, 0);
  const steps = useRef(0);
  return {
    version,
    update,
    again: () => {
      if (steps.current === most) return false;
      steps.current += 1;
      update();
      return true;
    },
    settled: () => {
      steps.current = 0;
    },
  };
}
