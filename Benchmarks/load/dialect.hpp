// The servers' protocols: Socket.IO (Parley and python-socketio), bare JSON (ws), and raw bytes (the broadcaster).
#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

/// One decoded frame of a server.
struct Frame {
    enum Kind { opened, ready, refused, ping, acknowledgement, failure, delivery, other };

    Kind kind = other;
    /// Of an acknowledgement: which message of this connection.
    uint32_t number = 0;
    /// Of a delivery: its sender, and which of the sender's messages it is.
    uint32_t sender = 0, senderNumber = 0;
    /// Its position in the conversation, for servers that number messages; else 0.
    uint64_t seq = 0;
};

/// The text of a message says which one it is: `#run:sender:number#` and padding.
class Marker {
public:
    explicit Marker(uint32_t run) {
        char text[16];
        snprintf(text, sizeof text, "#%08x:", run);
        prefix = text;
    }

    /// Appends the text of a message, `length` bytes of it.
    void append(std::string &out, uint32_t sender, uint32_t number, size_t length) const {
        char text[32];
        size_t end = out.size() + length;
        out += prefix;
        out.append(text, size_t(snprintf(text, sizeof text, "%06u:%010u#", sender, number)));
        static const std::string_view words = " the quick brown fox jumps over the lazy dog and is gone";
        while (out.size() < end) out += words.substr(0, end - out.size());
    }

    /// Whether a frame carries a message of this run. If so, `frame` says which.
    bool find(std::string_view bytes, Frame &frame) const {
        auto found = static_cast<const char *>(memmem(bytes.data(), bytes.size(), prefix.data(), prefix.size()));
        if (!found || bytes.data() + bytes.size() - found < 28) return false;
        frame.sender = digits(found + 10, 6);
        frame.senderNumber = digits(found + 17, 10);
        return true;
    }

private:
    static uint32_t digits(const char *text, int count) {
        uint32_t value = 0;
        for (int i = 0; i < count; i++) value = value * 10 + uint32_t(text[i] - '0');
        return value;
    }

    std::string prefix;
};

class Dialect {
public:
    enum Name { socketIO, json, raw };

    /// - joinsMarks: whether clients take the marks of many people in one event.
    Dialect(const std::string &name, uint32_t run, size_t textLength, bool joinsMarks = false)
        : name(name == "socketio" ? socketIO : name == "json" ? json : raw), marker(run), textLength(textLength),
          joinsMarks(joinsMarks) {}

    /// Whether the server acknowledges messages to their sender.
    bool acknowledges() const { return name != raw; }

    /// The request target of the WebSocket handshake. Servers without log-in take the room from it.
    std::string target(const std::string &token, const std::string &room) const {
        if (name == socketIO) return "/socket.io/?EIO=4&transport=websocket";
        return name == json ? "/?token=" + token : "/" + room;
    }

    std::string logIn(const std::string &token) const {
        return "40{\"token\":\"" + token + (joinsMarks ? "\",\"joinedMarks\":true}" : "\"}");
    }

    /// What a client sends that has received a message or, with `read`, shown it. Only Socket.IO has such events.
    void mark(std::string &out, const std::string &room, uint64_t seq, bool read) const {
        out += read ? "42[\"message:read\"" : "42[\"message:delivered\"";
        out += ",{\"conversationId\":\"" + room + "\",\"seq\":" + std::to_string(seq) + "}]";
    }

    void message(std::string &out, const std::string &room, uint32_t sender, uint32_t number) const {
        if (name != raw) {
            out += name == socketIO ? "42" + std::to_string(number) + "[\"message:send\","
                                    : "{\"id\":" + std::to_string(number) + ",\"event\":\"message:send\",\"data\":";
            out += "{\"conversationId\":\"" + room + "\",\"text\":\"";
        }
        marker.append(out, sender, number, textLength);
        if (name == socketIO) out += "\"}]";
        if (name == json) out += "\"}}";
    }

    Frame read(std::string_view bytes) const {
        Frame frame;
        if (name == raw) {
            if (marker.find(bytes, frame)) frame.kind = Frame::delivery;
            return frame;
        }
        if (name == socketIO && bytes == "2") {
            frame.kind = Frame::ping;
        } else if (name == socketIO && starts(bytes, "0{")) {
            frame.kind = Frame::opened;
        } else if (name == socketIO && starts(bytes, "44")) {
            frame.kind = Frame::refused;
        } else if (starts(bytes, name == socketIO ? "42[\"ready\"" : "{\"event\":\"ready\"")) {
            frame.kind = Frame::ready;
        } else if (starts(bytes, name == socketIO ? "42[\"message:received\"" : "{\"event\":\"message:received\"")) {
            if (!marker.find(bytes, frame)) return frame;
            frame.kind = Frame::delivery;
            frame.seq = field(bytes, "\"seq\":");
        } else if (starts(bytes, name == socketIO ? "43" : "{\"ack\":")) {
            frame.kind = contains(bytes, "\"ok\":true") ? Frame::acknowledgement : Frame::failure;
            frame.number = uint32_t(number(bytes.substr(name == socketIO ? 2 : 7)));
            frame.seq = field(bytes, "\"seq\":");
        }
        return frame;
    }

    const Name name;

private:
    static bool starts(std::string_view bytes, std::string_view prefix) { return bytes.substr(0, prefix.size()) == prefix; }

    static const char *find(std::string_view bytes, std::string_view wanted) {
        return static_cast<const char *>(memmem(bytes.data(), bytes.size(), wanted.data(), wanted.size()));
    }

    static bool contains(std::string_view bytes, std::string_view wanted) { return find(bytes, wanted); }

    static uint64_t number(std::string_view bytes) {
        uint64_t value = 0;
        for (char character : bytes) {
            if (character < '0' || character > '9') break;
            value = value * 10 + uint64_t(character - '0');
        }
        return value;
    }

    static uint64_t field(std::string_view bytes, std::string_view name) {
        auto found = find(bytes, name);
        return found ? number(bytes.substr(size_t(found - bytes.data()) + name.size())) : 0;
    }

    Marker marker;
    size_t textLength;
    bool joinsMarks;
};
