import { useEffect, useState } from "react";
import { Upload } from "../client/types";
import { isAnimated } from "../lib/animation";
import { canMove } from "./sources";
import { useMedia } from "./useMedia";

interface Motion {
  /** Whether the picture is an animation, once that is known. */
  isAnimation: boolean | undefined;
  /** Whether it moves if it is one: as the user has said, or else as the system is set. */
  isWanted: boolean;
  toggle(): void;
}

/** Whether a picture moves, and what starts and stops it. */
export function useMotion(upload: Upload | undefined): Motion {
  const isStill = useMedia("(prefers-reduced-motion: reduce)");
  const [known, setKnown] = useState<{ id: string; isAnimation: boolean }>();
  const [wish, setWish] = useState<{ id: string; isWanted: boolean }>();
  const isOpen = upload !== undefined && canMove(upload);
  useEffect(() => {
    let isCurrent = true;
    if (isOpen) void isAnimated(upload.url).then((isAnimation) => isCurrent && setKnown({ id: upload.id, isAnimation }));
    return () => {
      isCurrent = false;
    };
  }, [isOpen, upload]);
  const id = upload?.id ?? "";
  const isWanted = wish?.id === id ? wish.isWanted : !isStill;
  return {
    isAnimation: !isOpen ? false : known?.id === id ? known.isAnimation : undefined,
    isWanted,
    toggle: () => setWish({ id, isWanted: !isWanted }),
  };
}
