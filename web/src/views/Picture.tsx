import { useState } from "react";
import { Upload } from "../client/types";
import { Size } from "../lib/mosaic";
import * as texts from "../texts";
import { Extra } from "./Chunk";
import { useStore } from "./context";
import { Blur } from "./lazy";
import { canMove, sourceFor } from "./sources";

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
          alt={upload.alt ?? upload.name}
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
