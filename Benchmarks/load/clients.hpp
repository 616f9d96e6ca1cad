// Thousands of WebSocket clients on one thread: connecting, logging in, reading, writing.
#pragma once
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <functional>
#include <memory>

#include "common.hpp"
#include "dialect.hpp"
#include "tls.hpp"
#include "websocket.hpp"

struct Person {
    std::string token;
    /// The conversation this client sends to.
    std::string room;
};

class Clients {
public:
    /// Receives the pool's events. `time` is that of the read, in nanoseconds.
    struct Listener {
        virtual void ready(uint32_t client, uint64_t connectTime) = 0;
        virtual void received(uint32_t client, const Frame &frame, size_t bytes, uint64_t time) = 0;
    };

    Clients(const Dialect &dialect, std::vector<int> ports, bool encrypted, std::vector<Person> people, Listener &listener)
        : dialect(dialect), ports(std::move(ports)), people(std::move(people)), listener(listener), clients(this->people.size()) {
        queue = epoll_create1(EPOLL_CLOEXEC);
        events.resize(1024);
        buffer.resize(1 << 20);
        if (encrypted) tls = std::make_unique<TLSContext>();
    }

    uint32_t size() const { return uint32_t(clients.size()); }
    uint32_t readyCount() const { return ready; }
    const Person &person(uint32_t client) const { return people[client]; }

    /// Which of the ports a client connects to: they take turns.
    uint32_t node(uint32_t client) const { return client % uint32_t(ports.size()); }

    /// Starts connecting clients while fewer than `concurrency` are connecting.
    void connectMore(uint32_t concurrency) {
        while (started < clients.size() && started - ready < concurrency) connect(started++);
    }

    /// Waits until the server has closed every connection, as it does when it ends, and forgets them: `connectMore` then
    /// begins anew, at another port.
    void reconnect(int newPort, uint64_t deadline) {
        mayClose = true;
        while (open > 0) {
            poll(100'000'000);
            if (nanoseconds() > deadline) fail("%u connections are still open, but their server has ended", open);
        }
        mayClose = false;
        ports = {newPort};
        started = ready = 0;
    }

    void send(uint32_t index, std::string_view text) {
        websocket::append(clients[index].out, websocket::text, text);
        flush(index);
    }

    /// Waits for events, at most `timeout` nanoseconds, and handles them.
    void poll(uint64_t timeout) {
        timespec wait = {time_t(timeout / 1'000'000'000), long(timeout % 1'000'000'000)};
        int count = epoll_pwait2(queue, events.data(), int(events.size()), &wait, nullptr);
        for (int i = 0; i < count; i++) {
            uint32_t index = events[size_t(i)].data.u32;
            if (events[size_t(i)].events & EPOLLOUT) writable(index);
            if (events[size_t(i)].events & ~uint32_t(EPOLLOUT)) readable(index);
        }
    }

private:
    enum State : uint8_t { idle, connecting, upgrading, loggingIn, isReady };

    struct Client {
        int socket = -1;
        Channel channel;
        State state = idle;
        bool waitsToWrite = false;
        uint64_t began = 0;
        websocket::Reader reader;
        /// Bytes not yet written, and bytes read of a message that is not yet whole.
        std::string out, rest;
    };

    [[noreturn]] void broken(uint32_t index, const std::string &why) {
        fail("connection %u of %u: %s", index, size(), why.c_str());
    }

    /// The server has closed it.
    void closed(uint32_t index, const char *why) {
        if (!mayClose) broken(index, why);
        if (clients[index].socket < 0) return;
        close(clients[index].socket);
        clients[index] = Client();
        open--;
    }

    void connect(uint32_t index) {
        Client &client = clients[index];
        client.began = nanoseconds();
        client.socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (client.socket < 0) broken(index, strerror(errno));
        open++;
        int on = 1, off = 0;
        setsockopt(client.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        // Delays TCP acknowledgements, as a client across a network does, instead of sending one for each first segment.
        setsockopt(client.socket, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof off);
        setsockopt(client.socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        // One address has some 28,000 ports, and those of earlier runs stay in use for a minute.
        sockaddr_in from{}, to{};
        from.sin_family = to.sin_family = AF_INET;
        from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + index % 16);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        to.sin_port = htons(uint16_t(ports[node(index)]));
        if (bind(client.socket, reinterpret_cast<sockaddr *>(&from), sizeof from)) broken(index, strerror(errno));
        if (::connect(client.socket, reinterpret_cast<sockaddr *>(&to), sizeof to) && errno != EINPROGRESS)
            broken(index, strerror(errno));
        client.state = connecting;
        client.waitsToWrite = true;
        watch(index, EPOLL_CTL_ADD);
    }

    void watch(uint32_t index, int operation) {
        epoll_event event{};
        event.events = EPOLLIN | (clients[index].waitsToWrite ? uint32_t(EPOLLOUT) : 0);
        event.data.u32 = index;
        epoll_ctl(queue, operation, clients[index].socket, &event);
    }

    void writable(uint32_t index) {
        Client &client = clients[index];
        if (client.state == connecting) {
            int error = 0;
            socklen_t length = sizeof error;
            getsockopt(client.socket, SOL_SOCKET, SO_ERROR, &error, &length);
            if (error) broken(index, strerror(error));
            client.state = upgrading;
            if (tls) client.channel.begin(*tls, client.socket);
            // The example key of RFC 6455, whose answer is known.
            client.out = "GET " + dialect.target(people[index].token, people[index].room) + " HTTP/1.1\r\nHost: 127.0.0.1:" +
                std::to_string(ports[node(index)]) + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        }
        flush(index);
    }

    void flush(uint32_t index) {
        Client &client = clients[index];
        size_t sent = 0;
        bool waitsToRead = false;
        while (sent < client.out.size()) {
            ssize_t count = client.channel.send(client.socket, client.out.data() + sent, client.out.size() - sent, waitsToRead);
            if (count < 0 && errno == EAGAIN) break;
            if (count <= 0) return closed(index, count ? strerror(errno) : "the server closed it");
            sent += size_t(count);
        }
        client.out.erase(0, sent);
        bool waitsToWrite = !client.out.empty() && !waitsToRead;
        if (client.waitsToWrite != waitsToWrite) {
            client.waitsToWrite = waitsToWrite;
            watch(index, EPOLL_CTL_MOD);
        }
    }

    void readable(uint32_t index) {
        Client &client = clients[index];
        if (client.channel.isShakingHands()) flush(index);
        do {
            // The same round of `poll` may have closed it while it wrote.
            if (client.state == idle) return;
        } while (readOnce(index) && client.channel.mayHoldMore());
    }

    /// Returns false when there is nothing to read.
    bool readOnce(uint32_t index) {
        Client &client = clients[index];
        size_t kept = client.rest.size();
        if (kept > buffer.size() / 2) buffer.resize(buffer.size() * 2);
        memcpy(buffer.data(), client.rest.data(), kept);
        ssize_t count = client.channel.receive(client.socket, buffer.data() + kept, buffer.size() - kept);
        if (count < 0 && errno == EAGAIN) return false;
        if (count <= 0) return closed(index, count ? strerror(errno) : "the server closed it"), false;
        uint64_t time = nanoseconds();
        std::string_view bytes(buffer.data(), kept + size_t(count));
        if (client.state == upgrading) {
            size_t end = bytes.find("\r\n\r\n");
            if (end == bytes.npos) return client.rest.assign(bytes), true;
            upgraded(index, bytes.substr(0, end), time);
            bytes.remove_prefix(end + 4);
        }
        ssize_t used = client.reader.read(bytes, [&](websocket::Opcode opcode, std::string_view payload) {
            message(index, opcode, payload, time);
            return client.state != idle;
        });
        if (client.state == idle) return false;
        if (used < 0) broken(index, "no WebSocket frame");
        client.rest.assign(bytes.substr(size_t(used)));
        return true;
    }

    void upgraded(uint32_t index, std::string_view head, uint64_t time) {
        if (head.substr(0, 12) != "HTTP/1.1 101" || head.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") == head.npos)
            broken(index, "refused: " + std::string(head.substr(0, 200)));
        clients[index].state = loggingIn;
        if (dialect.name == Dialect::raw) welcome(index, time);
    }

    void welcome(uint32_t index, uint64_t time) {
        clients[index].state = isReady;
        ready++;
        listener.ready(index, time - clients[index].began);
    }

    void message(uint32_t index, websocket::Opcode opcode, std::string_view payload, uint64_t time) {
        if (opcode == websocket::ping) {
            websocket::append(clients[index].out, websocket::pong, payload);
            return flush(index);
        }
        // A close frame's text follows its two bytes of code (RFC 6455, section 5.5.1).
        if (opcode == websocket::close)
            return closed(index, ("closed: " + std::string(payload.substr(payload.size() > 2 ? 2 : 0))).c_str());
        if (opcode == websocket::pong) return;
        Frame frame = dialect.read(payload);
        switch (frame.kind) {
        case Frame::ping: return send(index, "3");
        case Frame::opened: return send(index, dialect.logIn(people[index].token));
        case Frame::refused: broken(index, std::string(payload.substr(0, 200)));
        case Frame::failure: broken(index, "not accepted: " + std::string(payload.substr(0, 200)));
        case Frame::ready: return welcome(index, time);
        default: listener.received(index, frame, payload.size(), time);
        }
    }

    const Dialect &dialect;
    std::vector<int> ports;
    int queue;
    std::unique_ptr<TLSContext> tls;
    std::vector<Person> people;
    Listener &listener;
    std::vector<Client> clients;
    uint32_t started = 0, ready = 0, open = 0;
    bool mayClose = false;
    std::vector<epoll_event> events;
    std::vector<char> buffer;
};
