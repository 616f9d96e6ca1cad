import { CSSProperties, useState } from "react";
import { LinkCard as Card, Message } from "../client/types";
import { isWide, mostCardHeight } from "../lib/cardShape";
import * as texts from "../texts";
import { IconButton } from "./controls";
import { useWriters } from "./useWriters";

interface Props {
  message: Pick<Message, "id">;
  card: Card;
  /** Whether the user sent it, and so may take it away. */
  isMine: boolean;
}

/** What the page says of itself to which a message links: a stranger's words, shown as text. */
export function LinkCard({ message, card, isMine }: Props) {
  const { messages, notices } = useWriters();
  const [isGone, setGone] = useState(false);
  const { url, title, description, siteName, picture } = card;
  const host = hostOf(url);
  if (host === undefined) return null;
  // A card that the user has taken away is not waited for.
  const dismiss = () => {
    setGone(true);
    void notices.attempt(() => messages.dismissCard(message).catch((error: unknown) => {
      setGone(false);
      throw error;
    }));
  };
  if (isGone) return null;
  const wide = picture !== undefined && isWide(picture);
  return (
    <div className={`link-card ${wide ? "is-wide" : ""}`}>
      <a href={url} target="_blank" rel="noopener noreferrer nofollow">
        {picture !== undefined && <CardPicture picture={picture} wide={wide} renew={() => messages.renewCard(message, card)} />}
        <span className="link-card-words" dir="auto">
          <span className="link-card-site">{siteName ?? host}</span>
          <span className="link-card-title">{title}</span>
          {description !== undefined && <span className="link-card-text">{description}</span>}
        </span>
      </a>
      {isMine && <IconButton className="link-card-close" icon="close" label={texts.linkCard.dismiss(title)} onClick={dismiss} />}
    </div>
  );
}

interface PictureProps {
  picture: NonNullable<Card["picture"]>;
  wide: boolean;
  renew(): Promise<boolean>;
}

/** It says nothing that the words do not: a screen reader passes it. */
function CardPicture({ picture, wide, renew }: PictureProps) {
  const [isBroken, setBroken] = useState(false);
  const { width, height, thumbnails } = picture;
  if (isBroken) return null;
  const wanted = (wide ? 360 : 72) * Math.min(2, window.devicePixelRatio);
  const ordered = thumbnails.slice().sort((a, b) => a.width - b.width);
  const source = ordered.find((thumbnail) => thumbnail.width >= wanted) ?? ordered[ordered.length - 1];
  const shape = wide ? { "--shape": `${width} / ${height}`, maxHeight: mostCardHeight } : {};
  return (
    <img
      className="link-card-picture"
      style={shape as CSSProperties}
      src={source?.url}
      alt=""
      loading="lazy"
      decoding="async"
      draggable={false}
      onError={() => void renew().then((isRenewed) => isRenewed || setBroken(true))}
    />
  );
}

/** Undefined for what is no address of the web. */
function hostOf(url: string): string | undefined {
  try {
    const { protocol, host } = new URL(url);
    return protocol === "http:" || protocol === "https:" ? host : undefined;
  } catch {
    return undefined;
  }
}
