import { OpenTransport, readHandshake } from "./engine";

/** The long-polling transport, for networks that block WebSockets. */
export function pollingTransport(base: string, doFetch: typeof fetch): OpenTransport {
  return (handler) => {
    const controller = new AbortController();
    const separator = "\x1e";
    let sid: string | undefined;
    let queue: string[] = [];
    let isPosting = false;

    const address = () => {
      const session = sid === undefined ? "" : `&sid=${encodeURIComponent(sid)}`;
      return `${base}/socket.io/?EIO=4&transport=polling${session}`;
    };
    const close = (reason: string) => {
      if (controller.signal.aborted) return;
      controller.abort();
      handler.onClose(reason);
    };
    const poll = async () => {
      while (!controller.signal.aborted) {
        const response = await doFetch(address(), { signal: controller.signal, cache: "no-store" });
        if (!response.ok) throw new Error(`polling answered ${response.status}`);
        for (const packet of (await response.text()).split(separator)) {
          if (packet.startsWith("0")) sid = readHandshake(packet.slice(1)).sid;
          handler.onPacket(packet);
        }
      }
    };
    const post = async () => {
      if (isPosting || sid === undefined) return;
      isPosting = true;
      while (queue.length > 0 && !controller.signal.aborted) {
        const body = queue.join(separator);
        queue = [];
        const response = await doFetch(address(), { method: "POST", body, signal: controller.signal });
        if (!response.ok) throw new Error(`polling answered ${response.status}`);
      }
      isPosting = false;
    };
    poll().catch((error: unknown) => close(String(error)));
    return {
      send: (packet) => {
        queue.push(packet);
        post().catch((error: unknown) => close(String(error)));
      },
      close: () => close("closed here"),
    };
  };
}
