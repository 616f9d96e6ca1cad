import { Suspense, useState } from "react";
import { Thumbnail, Upload } from "../client/types";
import * as texts from "../texts";
import { Blur } from "./lazy";
import { pictureSize } from "./pictureSize";

/** A picture in the message list. Until it has loaded, a blurred preview fills its place. */
export function Picture({ upload, isTile, renew }: { upload: Upload; isTile: boolean; renew(): Promise<boolean> }) {
  const [state, setState] = useState<"loading" | "shown" | "broken">("loading");
  const { width, height } = pictureSize(upload);
  const sources = upload.thumbnails.filter((thumbnail) => thumbnail.size !== "small");
  const fallback = sources.find((thumbnail) => thumbnail.size === "medium")?.url ?? upload.url;
  return (
    <span className={`picture is-${state}`} style={isTile ? {} : { width, aspectRatio: `${width} / ${height}` }}>
      {upload.blurhash !== undefined && state !== "shown" && (
        <Suspense fallback={null}>
          <Blur hash={upload.blurhash} />
        </Suspense>
      )}
      {state === "broken" ? (
        <span className="picture-broken">{texts.attachment.broken}</span>
      ) : (
        <img
          src={fallback}
          srcSet={sources.length > 1 ? sources.map(asSource).join(", ") : undefined}
          sizes={isTile ? "180px" : `${width}px`}
          alt={upload.name}
          loading="lazy"
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

function asSource(thumbnail: Thumbnail): string {
  return `${thumbnail.url} ${thumbnail.width}w`;
}
