import { navigate } from "../app/router";
import { Id, User } from "../client/types";
import { isNamed } from "../lib/folding";
import { titleOf } from "../store/state";
import * as texts from "../texts";
import { Avatar } from "./Avatar";
import { ConversationItem } from "./ConversationItem";
import { useChat, useListed, useStore } from "./context";
import { Empty, Spinner } from "./controls";
import { FoundMessages } from "./FoundMessages";
import { useFound } from "./useFound";
import { useProfiles } from "./usePeople";
import { useManaging } from "./useManaging";

/** The results of the search field: conversations at once, people and messages from the server. */
export function SearchResults({ text, selected, onDone }: { text: string; selected: Id | undefined; onDone(): void }) {
  const chat = useChat();
  const manager = useManaging();
  const meId = useStore((state) => state.me?.id);
  const conversations = useListed();
  const [found, setFound] = useFound(text, async (wanted, signal) => {
    const [users, page] = await Promise.all([manager.findPeople(wanted, signal), manager.search(wanted, {}, signal)]);
    return { text: wanted, users, page };
  });

  const named = conversations.filter((conversation) => isNamed(titleOf(conversation, meId), text));
  const people = useProfiles(found?.users) ?? [];
  const openPerson = async (user: User) => {
    await chat.notices.attempt(async () => navigate({ view: "conversation", id: (await manager.startDirect(user.id)).id }));
    onDone();
  };
  if (named.length + people.length + (found?.page.messages.length ?? 0) === 0) {
    return found?.text === text ? (
      <div role="status">
        <Empty icon="search" title={texts.found.nothingFound(text)} text={texts.found.nothingFoundHint} />
      </div>
    ) : (
      <Spinner label={texts.found.searching} />
    );
  }
  return (
    <div className="search-results">
      {named.length > 0 && (
        <section aria-label={texts.found.conversations}>
          <h2>{texts.found.conversations}</h2>
          <ul>
            {named.map((conversation) => (
              <li key={conversation.id}>
                <ConversationItem conversation={conversation} isSelected={conversation.id === selected} />
              </li>
            ))}
          </ul>
        </section>
      )}
      {people.length > 0 && (
        <section aria-label={texts.found.people}>
          <h2>{texts.found.people}</h2>
          <ul>
            {people.map((user) => (
              <li key={user.id}>
                <button type="button" className="person" onClick={() => void openPerson(user)}>
                  <Avatar user={user} showsPresence />
                  <span className="person-text">
                    <bdi className="person-name">{user.displayName}</bdi>
                    <span className="person-note">@{user.username}</span>
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      {found !== undefined && found.page.messages.length > 0 && (
        <section aria-label={texts.found.messages}>
          <h2>{texts.found.messages}</h2>
          <FoundMessages
            text={found.text}
            page={found.page}
            find={(before) => manager.search(found.text, { before })}
            onMore={(page) => setFound((present) => (present?.page === found.page ? { ...present, page } : present))}
          />
        </section>
      )}
    </div>
  );
}
