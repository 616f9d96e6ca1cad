import { Message, MessagePage } from "../client/types";
import { characterStart } from "../lib/graphemes";
import { shortTime } from "../texts/time";
import { titleOf } from "../store/state";
import * as texts from "../texts";
import { useChat, useStore } from "./context";
import { Link } from "./controls";

interface Props {
  text: string;
  page: MessagePage;
  /** Whether all messages are of one conversation, which then needs no name. */
  isHere?: boolean;
  /** Fetches the page that follows a message. */
  find(before: string): Promise<MessagePage>;
  onMore(page: MessagePage): void;
}

/** Messages that a search has found. Each links to its place. */
export function FoundMessages({ text, page, isHere = false, find, onMore }: Props) {
  const chat = useChat();
  const { messages, hasMore } = page;
  const last = messages[messages.length - 1];
  const more = () =>
    void chat.notices.attempt(async () => {
      const next = await find(last?.id ?? "");
      onMore({ messages: [...messages, ...next.messages], hasMore: next.hasMore });
    });
  return (
    <>
      <ul>
        {messages.map((message) => (
          <li key={message.id}>
            <FoundMessage message={message} text={text} isHere={isHere} />
          </li>
        ))}
      </ul>
      {hasMore && (
        <button type="button" className="button wide" onClick={more}>
          {texts.found.more}
        </button>
      )}
    </>
  );
}

function FoundMessage({ message: found, text, isHere }: { message: Message; text: string; isHere: boolean }) {
  // As it is by now, and not as it was found.
  const message = useStore((state) => state.kept[found.id]);
  const conversation = useStore((state) => state.conversations[found.conversationId]);
  const meId = useStore((state) => state.me?.id);
  useStore((state) => state.today);
  if (message === undefined || conversation?.invitation !== undefined) return null;
  const sender = message.sender.id === meId ? texts.you : message.sender.displayName;
  const title = conversation === undefined ? "" : titleOf(conversation, meId);
  // In one conversation the sender is the title. In a direct one, the title says who the other person is.
  const isPrefixed = !isHere && title !== sender;
  return (
    <Link to={{ view: "conversation", id: message.conversationId, seq: message.seq }} className="found-message">
      <span className="conversation-item-line">
        <bdi className="conversation-item-title">{isHere ? sender : title}</bdi>
        <time dateTime={message.createdAt}>{shortTime(message.createdAt)}</time>
      </span>
      <span className="found-message-text">
        {isPrefixed && `${sender}: `}
        {message.deletedAt === undefined ? <Excerpt text={message.text} wanted={text} /> : texts.message.deleted}
      </span>
    </Link>
  );
}

/** The text of a message around the first word that was searched for. These words are marked. */
function Excerpt({ text, wanted }: { text: string; wanted: string }) {
  const words = wanted.split(/\s+/u).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const pattern = new RegExp(`(${words.join("|")})`, "iu");
  const at = text.search(pattern);
  const from = at > 50 ? characterStart(text, at - 40) : 0;
  const shown = (from > 0 ? "…" : "") + text.slice(from, characterStart(text, from + 300));
  const parts = shown.split(new RegExp(pattern.source, "giu"));
  return <bdi>{parts.map((part, index) => (index % 2 === 1 ? <mark key={index}>{part}</mark> : part))}</bdi>;
}
