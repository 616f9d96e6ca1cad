// WebSocket frames (RFC 6455) as a client reads and writes them.
#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace websocket {

enum Opcode : uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// Appends one masked frame.
inline void append(std::string &out, Opcode opcode, std::string_view payload) {
    static uint32_t key = 2463534242u;  // xorshift suffices: there is no intermediary to fool
    key ^= key << 13;
    key ^= key >> 17;
    key ^= key << 5;
    size_t length = payload.size();
    out += char(0x80 | opcode);
    if (length < 126) {
        out += char(0x80 | length);
    } else {
        int bytes = length < 65536 ? 2 : 8;
        out += char(0x80 | (bytes == 2 ? 126 : 127));
        for (int i = bytes - 1; i >= 0; i--) out += char(uint64_t(length) >> (8 * i));
    }
    char mask[4];
    memcpy(mask, &key, 4);
    out.append(mask, 4);
    for (size_t i = 0; i < length; i++) out += char(payload[i] ^ mask[i & 3]);
}

/// Reads whole messages from a stream of bytes, and assembles fragmented ones.
class Reader {
public:
    /// Calls `take(opcode, payload)` for each message and control frame in `bytes`; `take` returns false to stop.
    /// Returns how many bytes were consumed, or -1 for bytes that no server may send.
    template <typename Take>
    ssize_t read(std::string_view bytes, Take take) {
        size_t used = 0;
        while (bytes.size() - used >= 2) {
            auto head = reinterpret_cast<const uint8_t *>(bytes.data()) + used;
            if (head[0] & 0x70 || head[1] & 0x80) return -1;
            size_t size = 2;
            uint64_t length = head[1];
            if (int extra = length == 126 ? 2 : length == 127 ? 8 : 0) {
                size += size_t(extra);
                if (bytes.size() - used < size) break;
                length = 0;
                for (int i = 0; i < extra; i++) length = length << 8 | head[2 + i];
            }
            if (bytes.size() - used - size < length) break;
            std::string_view payload = bytes.substr(used + size, length);
            used += size + length;
            bool last = head[0] & 0x80;
            auto opcode = Opcode(head[0] & 15);
            if (opcode >= close || (last && opcode != continuation)) {
                if (!take(opcode, payload)) return ssize_t(used);
                continue;
            }
            if (opcode != continuation) kind = opcode;
            fragments += payload;
            if (!last) continue;
            std::string whole;
            whole.swap(fragments);
            if (!take(kind, whole)) return ssize_t(used);
        }
        return ssize_t(used);
    }

private:
    std::string fragments;
    Opcode kind = text;
};

}  // namespace websocket
