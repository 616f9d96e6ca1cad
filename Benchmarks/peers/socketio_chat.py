"""A typical chat server on python-socketio: rooms and, with DATABASE, a store for the messages.

It uses Parley's events (`message:send`, `message:received`) with messages of the same form. It trusts the token
(`USER:ROOM,ROOM…`) and does not check membership.
"""

import datetime
import os
import socket
import uuid

import asyncpg
import socketio
import uvicorn

STORE = """
    WITH c AS (
        UPDATE conversations SET last_seq = last_seq + 1, revision = revision + 1, updated_at = now(), active_at = now()
        WHERE id = $1 RETURNING last_seq, revision
    )
    INSERT INTO messages (id, conversation_id, sender_id, seq, revision, text)
    SELECT $2, $1, $3, last_seq, revision, $4 FROM c RETURNING seq, revision, created_at
"""

server = socketio.AsyncServer(async_mode="asgi", cors_allowed_origins=[])
pool = None
last_seq = {}


@server.event
async def connect(sid, environ, auth):
    user, rooms = auth["token"].split(":")
    await server.save_session(sid, {"user": user})
    for room in rooms.split(","):
        await server.enter_room(sid, room)
    await server.emit("ready", {"user": {"id": user}}, to=sid)


@server.on("message:send")
async def send(sid, request):
    user = (await server.get_session(sid))["user"]
    room, text, message_id = request["conversationId"], request["text"], uuid.uuid4()
    if pool:
        seq, revision, created = await pool.fetchrow(STORE, uuid.UUID(room), message_id, uuid.UUID(user), text)
    else:
        seq = revision = last_seq[room] = last_seq.get(room, 0) + 1
        created = datetime.datetime.now(datetime.UTC)
    message = {
        "id": str(message_id), "conversationId": room, "seq": seq, "revision": revision,
        "sender": {"id": user, "username": "user" + user[-4:], "displayName": "User " + user[-4:]}, "text": text,
        "attachments": [], "reactions": [], "status": "sent", "createdAt": created.isoformat(timespec="milliseconds"),
    }
    await server.emit("message:received", message, room=room, skip_sid=sid)
    return {"ok": True, "message": message}


async def open_pool():
    global pool
    if os.environ.get("DATABASE"):
        pool = await asyncpg.create_pool(os.environ["DATABASE"], min_size=10, max_size=10)


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print("port", listener.getsockname()[1], flush=True)
    application = socketio.ASGIApp(server, on_startup=open_pool)
    uvicorn.Server(uvicorn.Config(application, log_level="error")).run(sockets=[listener])
