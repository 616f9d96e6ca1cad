import { useEffect } from "react";
import { Message, MessagePage } from "../client/types";
import { matches } from "../lib/folding";
import { characterStart } from "../lib/graphemes";
import { plainText } from "../lib/plain";
import { shortTime } from "../texts/time";
import { isFromBlocked, titleOf } from "../store/state";
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
  const chat = useChat();
  const isBlocked = useStore((state) => conversation !== undefined && isFromBlocked(state, conversation, found.sender.id));
  const isUnknown = conversation === undefined;
  useEffect(() => {
    // A hidden one is in no list.
    if (isUnknown) void chat.conversations.look(found.conversationId);
  }, [chat, isUnknown, found.conversationId]);
  if (message === undefined || conversation?.invitation !== undefined) return null;
  const sender = message.sender.id === meId ? texts.you : message.sender.displayName;
  const title = conversation === undefined ? "" : titleOf(conversation, meId);
  // In one conversation the sender is the title. In a direct one, the title says who the other person is.
  const isPrefixed = !isHere && title !== sender;
  return (
    <Link to={{ view: "conversation", id: message.conversationId, seq: message.seq }} className="found-message">
      <span className="conversation-item-line">
        <bdi className="conversation-item-title">{isHere ? sender : title}</bdi>
        {/* Not shown: keeps a name and the time apart in the page's text. */}
        {" "}
        <time dateTime={message.createdAt}>{shortTime(message.createdAt)}</time>
      </span>
      <span className="found-message-text">
        {isPrefixed && `${sender}: `}
        {isBlocked ? texts.block.message : message.deletedAt !== undefined ? texts.message.deleted : <Excerpt message={message} wanted={text} />}
      </span>
    </Link>
  );
}

/** The text of a message around what was found in it, which is marked; the name of a file, if it is what was found. */
function Excerpt({ message, wanted }: { message: Message; wanted: string }) {
  // What the message hides is hidden here too, even if it is what was found.
  const written = message.text.includes("||") ? plainText(message.text) : message.text;
  const inText = matches(written, wanted);
  const names = inText.length > 0 ? [] : message.attachments.map(({ name }) => name);
  const named = names.find((name) => matches(name, wanted).length > 0);
  const text = named ?? written;
  const found = named === undefined ? inText : matches(named, wanted);
  const first = found[0]?.start ?? 0;
  const begin = first > 50 ? characterStart(text, first - 40) : 0;
  const end = characterStart(text, begin + 300);
  let at = begin;
  const parts = found.filter((range) => range.start < end).flatMap((range) => {
    const before = text.slice(at, range.start);
    at = range.end;
    return [before, <mark key={range.start}>{text.slice(range.start, range.end)}</mark>];
  });
  return (
    <bdi>
      {begin > 0 && "…"}
      {parts}
      {at < end && text.slice(at, end)}
    </bdi>
  );
}
