import { copyText } from "../lib/clipboard";
import { Store } from "../store/store";
import * as texts from "../texts";
import { problemText } from "../texts/problems";

/** How long a notice is shown, in milliseconds. */
const life = 6_000;

/** Short lines that say what was done or what went wrong. */
export class Notices {
  private nextId = 0;

  constructor(private readonly store: Store) {}

  /** Shows a line for some seconds. */
  show(text: string, isProblem = false): void {
    const id = this.nextId++;
    this.store.dispatch({ type: "noticeAdded", notice: { id, text, isProblem } });
    setTimeout(() => this.dismiss(id), life);
  }

  dismiss(id: number): void {
    this.store.dispatch({ type: "noticeRemoved", id });
  }

  /** Copies a text, and says so. */
  copy(text: string): void {
    void this.attempt(async () => {
      await copyText(text);
      this.show(texts.message.copied);
    });
  }

  /** Runs what the user asked for and shows its error, if any. Answers whether it succeeded. */
  async attempt(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.show(problemText(error), true);
      return false;
    }
  }
}
