import { useState } from "react";
import { Upload } from "../client/types";
import { Size } from "../lib/mosaic";
import * as texts from "../texts";
import { Extra } from "./Chunk";
import { useStore } from "./context";
import { Blur } from "./lazy";

interface Props {
  upload: Upload;
  /** The box that it fills, in CSS pixels. */
  box: Size;
  /** Whether it moves, if it can. */
  isMoving: boolean;
  renew(): Promise<boolean>;
}

/** A picture in the message list. Until it has loaded, a blurred preview fills its place. */
export function Picture({ upload, box, isMoving, renew }: Props) {
  const [state, setState] = useState<"loading" | "shown" | "broken">("loading");
  const preview = useStore((state) => state.previews[upload.id]);
  const isOwn = preview !== undefined || upload.thumbnails.length === 0;
  return (
    <span className={`picture is-${state}`}>
      {upload.blurhash !== undefined && state !== "shown" && (
        <Extra>
          <Blur hash={upload.blurhash} />
        </Extra>
      )}
      {state === "broken" ? (
        <span className="picture-broken">{texts.attachment.broken}</span>
      ) : (
        <img
          src={isMoving ? preview ?? upload.url : canMove(upload) ? sourceFor(upload, box) : preview ?? sourceFor(upload, box)}
          alt={upload.name}
          loading={isOwn ? "eager" : "lazy"}
          decoding="async"
          draggable={false}
          onLoad={() => setState("shown")}
          // A new URL makes the browser load it again.
          onError={() => void renew().then((isRenewed) => isRenewed || setState("broken"))}
        />
      )}
    </span>
  );
}

/** Whether a picture may be an animation. The server does not say which ones are. */
export function canMove({ type }: Upload): boolean {
  return type === "image/gif" || type === "image/webp";
}

/** What browsers show by themselves. */
const shown = new Set(["image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"]);

/** A file that is larger than this, in bytes, is not loaded for its last pixels. */
const mostBytes = 8_000_000;

/**
 * The smallest thumbnail with as many pixels as the screen has in the box. If none has, it is the file itself, as long as that
 * is not much larger.
 */
function sourceFor({ width = 320, height = 240, thumbnails, url, type, size }: Upload, box: Size): string {
  const scale = Math.max(box.width / width, box.height / height);
  const ordered = thumbnails.slice().sort((a, b) => a.width - b.width);
  const largest = ordered[ordered.length - 1];
  const wanted = Math.min(width, width * scale * Math.min(2, window.devicePixelRatio));
  const fitting = ordered.find((thumbnail) => thumbnail.width >= wanted - 1);
  if (fitting !== undefined || largest === undefined) return fitting?.url ?? url;
  const isEnough = largest.width >= Math.min(width, width * scale) - 1;
  return isEnough || !shown.has(type) || size > mostBytes ? largest.url : url;
}
