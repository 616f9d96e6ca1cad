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

/** The WebSocket transport. `base` is the server's address, such as `https://chat.example`. */
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

/** A transport whose code is fetched when it is needed. */
export function lateTransport(fetchTransport: () => Promise<OpenTransport>): OpenTransport {
  return (handler) => {
    let transport: Transport | undefined;
    let isClosed = false;
    const finish = (reason: string) => {
      if (!isClosed) handler.onClose(reason);
      isClosed = true;
    };
    fetchTransport().then(
      (open) => {
        if (!isClosed) transport = open({ onPacket: handler.onPacket, onClose: finish });
      },
      (error: unknown) => finish(String(error)),
    );
    return {
      send: (packet) => transport?.send(packet),
      close: () => {
        transport?.close();
        finish("closed here");
      },
    };
  };
}

interface Handshake {
  sid: string;
  pingInterval: number;
  pingTimeout: number;
}

export function readHandshake(text: string): Handshake {
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
