import { Parley } from "../client/parley";
import { Device, Id } from "../client/types";
import { Store } from "../store/store";

/** The user's own account: profile, password, and the devices that are signed in. */
export class Account {
  constructor(private readonly parley: Parley, private readonly store: Store) {}

  async update(changes: { displayName?: string; about?: string; avatarUploadId?: Id }): Promise<void> {
    this.store.dispatch({ type: "meChanged", user: await this.parley.updateMe(changes) });
  }

  async setAvatar(file: File): Promise<void> {
    const uploader = await this.parley.uploader();
    const upload = await uploader.upload(file, {
      signal: new AbortController().signal,
      onProgress: () => {},
      untilOnline: (delay) => new Promise((resolve) => setTimeout(resolve, delay)),
    });
    await this.update({ avatarUploadId: upload.id });
  }

  changePassword(current: string, next: string): Promise<void> {
    return this.parley.changePassword(current, next);
  }

  devices(): Promise<Device[]> {
    return this.parley.devices();
  }

  revokeDevice(id: Id): Promise<void> {
    return this.parley.revokeDevice(id);
  }
}
