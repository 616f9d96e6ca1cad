import { ApiError, isPassing } from "../client/errors";
import { Parley } from "../client/parley";
import { Answers, Id, LinkCard, Message, Upload } from "../client/types";
import { Store } from "../store/store";

/** What can be done with single messages: find, fetch again, report, and save their files. */
export class Messages {
  private readonly renewing = new Map<Id, Promise<Message | undefined>>();

  constructor(private readonly parley: Parley, private readonly store: Store) {}

  // Reading

  /** Fetches a quoted message that is not loaded. */
  async quote(messageId: Id): Promise<void> {
    try {
      this.store.dispatch({ type: "kept", messages: [await this.parley.message(messageId)] });
    } catch {
      // The quotation then says that its message is not available.
    }
  }

  /** Fetches the message that a draft answers, or takes it out of the draft if it cannot be seen any more. */
  async answered(conversationId: Id, messageId: Id): Promise<void> {
    for (;;) {
      try {
        await this.apply(this.parley.message(messageId));
        return;
      } catch (error) {
        const draft = this.store.state.drafts[conversationId];
        if (draft?.replyTo?.id !== messageId) return;
        if (error instanceof ApiError && !isPassing(error)) {
          const { replyTo: _, ...rest } = draft;
          this.store.dispatch({ type: "draftChanged", conversationId, draft: rest });
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, 3_000));
      }
    }
  }

  /** Takes away the card of a message's link, for everybody. */
  async dismissCard({ id }: Pick<Message, "id">): Promise<void> {
    await this.apply(this.parley.http.delete<Answers["dismissCard"]>(`/messages/${id}/card`).then(({ message }) => message));
  }

  // Files

  /** Answers whether an upload of the message has a new URL now. */
  async renewUpload(message: Pick<Message, "id">, { id, url }: Upload): Promise<boolean> {
    const renewed = await this.renew(message.id);
    return renewed?.attachments.some((upload) => upload.id === id && upload.url !== url) === true;
  }

  /** Answers whether the picture of a message's card has new URLs now. */
  async renewCard(message: Pick<Message, "id">, { picture }: LinkCard): Promise<boolean> {
    const url = picture?.thumbnails[0]?.url;
    const renewed = (await this.renew(message.id))?.card?.picture?.thumbnails[0]?.url;
    return renewed !== undefined && renewed !== url;
  }

  /** The URL of a file by now; undefined if the message has it no more. */
  async renewedUrl(message: Pick<Message, "id">, { id }: Upload): Promise<string | undefined> {
    return (await this.renew(message.id))?.attachments.find((upload) => upload.id === id)?.url;
  }

  /** Saves a file of a message, even if its URL has expired. */
  async download(message: Pick<Message, "id">, { id, name, url }: Upload): Promise<void> {
    // A preview may have left the file in the cache, where it outlives its URL.
    const answer = await fetch(url, { method: "HEAD", cache: "no-store" }).catch(() => undefined);
    const renewed = answer?.status === 401 ? await this.renew(message.id) : undefined;
    const link = document.createElement("a");
    link.href = renewed?.attachments.find((upload) => upload.id === id)?.url ?? url;
    link.download = name;
    link.click();
  }

  /**
   * Fetches a message again, once at a time. This is for URLs of files that have expired, by age or because somebody was
   * removed from the conversation.
   */
  private renew(messageId: Id): Promise<Message | undefined> {
    const present = this.renewing.get(messageId);
    if (present !== undefined) return present;
    const renewing = this.apply(this.parley.message(messageId))
      .catch(() => undefined)
      .finally(() => this.renewing.delete(messageId));
    this.renewing.set(messageId, renewing);
    return renewing;
  }

  private async apply(answer: Promise<Message>): Promise<Message> {
    const message = await answer;
    this.store.dispatch({ type: "messages", conversationId: message.conversationId, messages: [message] });
    return message;
  }
}
