import { useEffect, useRef } from "react";
import { decodeBlurhash } from "../lib/blurhash";

const blurSize = 32;

/** A blurred preview of a picture. */
export function Blur({ hash }: { hash: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const pixels = decodeBlurhash(hash, blurSize, blurSize);
    if (pixels === undefined) return;
    canvas.current?.getContext("2d")?.putImageData(new ImageData(pixels, blurSize, blurSize), 0, 0);
  }, [hash]);
  return <canvas ref={canvas} className="blur" width={blurSize} height={blurSize} aria-hidden="true" />;
}
