// A typical chat server on bare `ws`: JSON, rooms and, with DATABASE, a store for the messages.
//
// Its messages have the same form as Parley's. It trusts the token (`USER:ROOM,ROOM…`), does not check membership, and has
// none of Socket.IO's fallbacks.
"use strict";
const { randomUUID } = require("crypto");
const { WebSocketServer } = require("ws");
const { Pool } = require("pg");

const STORE = {
  name: "store",
  text: `
    WITH c AS (
        UPDATE conversations SET last_seq = last_seq + 1, revision = revision + 1, updated_at = now(), active_at = now()
        WHERE id = $1 RETURNING last_seq, revision
    )
    INSERT INTO messages (id, conversation_id, sender_id, seq, revision, text)
    SELECT $2, $1, $3, last_seq, revision, $4 FROM c RETURNING seq, revision, created_at`,
};

// DATABASE: "DIRECTORY-OF-THE-SOCKET ROLE DATABASE"
const [host, user, database] = (process.env.DATABASE || "").split(" ");
const pool = host ? new Pool({ host, user, database, max: 10 }) : null;
const rooms = new Map();
const lastSeq = new Map();

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, backlog: 1024 });
server.on("listening", () => console.log("port", server.address().port));
server.on("connection", (socket, request) => {
  const [user, names] = request.url.slice("/?token=".length).split(":");
  for (const name of names.split(",")) {
    if (!rooms.has(name)) rooms.set(name, new Set());
    rooms.get(name).add(socket);
  }
  socket.on("message", (data) => receive(socket, user, JSON.parse(data)));
  socket.on("close", () => { for (const name of names.split(",")) rooms.get(name).delete(socket); });
  socket.send(`{"event":"ready","data":{"user":{"id":"${user}"}}}`);
});

async function receive(socket, user, { id, data: { conversationId, text } }) {
  const messageId = randomUUID();
  let place;
  if (pool) {
    const row = (await pool.query({ ...STORE, values: [conversationId, messageId, user, text] })).rows[0];
    place = { seq: Number(row.seq), revision: Number(row.revision), createdAt: row.created_at };
  } else {
    const seq = (lastSeq.get(conversationId) || 0) + 1;
    lastSeq.set(conversationId, seq);
    place = { seq, revision: seq, createdAt: new Date() };
  }
  const message = {
    id: messageId, conversationId, seq: place.seq, revision: place.revision,
    sender: { id: user, username: "user" + user.slice(-4), displayName: "User " + user.slice(-4) }, text,
    attachments: [], reactions: [], status: "sent", createdAt: place.createdAt,
  };
  // Encoded once. A string would be encoded again for each receiver.
  const frame = Buffer.from(JSON.stringify({ event: "message:received", data: message }));
  for (const other of rooms.get(conversationId)) if (other !== socket) other.send(frame, { binary: false });
  socket.send(JSON.stringify({ ack: id, ok: true, message }));
}
