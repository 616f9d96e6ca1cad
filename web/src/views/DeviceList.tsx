import { useCallback, useEffect, useState } from "react";
import { Device } from "../client/types";
import { agoTime } from "../texts/time";
import { deviceName } from "../lib/userAgent";
import * as texts from "../texts";
import { useChat, useStore } from "./context";
import { Spinner } from "./controls";
import { useManaging } from "./useManaging";

/** The devices on which the user is signed in. The others can be signed out. */
export function DeviceList() {
  const chat = useChat();
  const manager = useManaging();
  const [devices, setDevices] = useState<readonly Device[]>();
  const now = useStore((state) => state.now);
  const load = useCallback(() => chat.notices.attempt(async () => setDevices(await manager.devices())), [chat, manager]);
  useEffect(() => {
    void load();
  }, [load]);
  const revoke = (device: Device) =>
    void chat.notices.attempt(async () => {
      await manager.revokeDevice(device.id);
      await load();
    });
  return (
    <section className="section" aria-label={texts.profile.sessions}>
      <h2>{texts.profile.sessions}</h2>
      {devices === undefined && <Spinner />}
      <ul>
        {devices?.map((device) => (
          <li key={device.id} className="person is-static">
            <span className="person-text">
              <span className="person-name">{deviceName(device.userAgent) ?? texts.profile.unknownDevice}</span>
              <span className="person-note">
                {device.current ? texts.profile.thisDevice : texts.profile.lastUsed(agoTime(device.lastUsedAt, now))}
              </span>
            </span>
            {!device.current && (
              <button type="button" className="button" onClick={() => revoke(device)}>
                {texts.profile.endSession}
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
