/** Engine.IO protocol 4: transports, handshake and heartbeat. */

export interface TransportHandler {
  /** One Engine.IO packet. Its first character is its type. */
  onPacket(packet: string): void;
  /** Called once, whichever side closed it. */
  onClose(reason: string): void;
}

export interface Transport {
  send(packet: string): void;
  close(): void;
}

export type OpenTransport = (handler: TransportHandler) => Transport;

/** The WebSocket transport. `base` is the origin, such as `https://chat.example`. */
export function webSocketTransport(base: string): OpenTransport {
  return (handler) => {
    const socket = new WebSocket(`${base.replace(/^http/, "ws")}/socket.io/?EIO=4&transport=websocket`);
    let isClosed = false;
    const finish = (reason: string) => {
      if (isClosed) return;
      isClosed = true;
      handler.onClose(reason);
    };
    socket.onmessage = (event) => {
      if (!isClosed && typeof event.data === "string") handler.onPacket(event.data);
    };
    socket.onclose = (event) => finish(`closed ${event.code}`);
    return {
      send: (packet) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(packet);
      },
      // On a dead network the closing handshake can take a minute. The transport counts as closed now.
      close: () => {
        socket.close();
        finish("closed here");
      },
    };
  };
}

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

interface Handshake {
  sid: string;
  pingInterval: number;
  pingTimeout: number;
}

function readHandshake(text: string): Handshake {
  const value = JSON.parse(text) as Partial<Handshake>;
  return { sid: value.sid ?? "", pingInterval: value.pingInterval ?? 25_000, pingTimeout: value.pingTimeout ?? 20_000 };
}

export interface EngineHandler {
  onOpen(): void;
  onMessage(message: string): void;
  /** Called once. */
  onClose(reason: string): void;
}

/** How long the handshake may take, in milliseconds. */
const openTimeout = 10_000;

/** One Engine.IO connection over one transport. It closes itself when the server's heartbeat stops. */
export class Engine {
  private readonly transport: Transport;
  private watchdog: ReturnType<typeof setTimeout> | undefined;
  private patience = openTimeout;

  constructor(open: OpenTransport, private readonly handler: EngineHandler) {
    this.watch();
    this.transport = open({
      onPacket: (packet) => this.receive(packet),
      onClose: (reason) => {
        clearTimeout(this.watchdog);
        handler.onClose(reason);
      },
    });
  }

  send(message: string): void {
    this.transport.send(`4${message}`);
  }

  close(): void {
    this.transport.send("1");
    this.transport.close();
  }

  private receive(packet: string): void {
    const body = packet.slice(1);
    switch (packet[0]) {
      case "0": {
        const handshake = readHandshake(body);
        this.patience = handshake.pingInterval + handshake.pingTimeout;
        this.watch();
        this.handler.onOpen();
        break;
      }
      case "1":
        this.transport.close();
        break;
      case "2":
        this.watch();
        this.transport.send("3");
        break;
      case "4":
        this.handler.onMessage(body);
        break;
    }
  }

  private watch(): void {
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => this.transport.close(), this.patience);
  }
}
