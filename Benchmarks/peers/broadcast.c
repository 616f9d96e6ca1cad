// The physical limit of fan-out: every WebSocket message goes to everybody else, with no JSON, no storage, no rooms and
// no log-in. One thread on epoll.
//
//     broadcast each    one write(2) for every frame and receiver
//     broadcast gather  all frames of one round of epoll go to each receiver in one write
#define _GNU_SOURCE // accept4
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { maximumClients = 65536, inputSize = 4096 };

typedef struct {
    char *bytes;
    size_t length, capacity;
} Buffer;

typedef struct {
    int open, upgraded, waitsToWrite;
    Buffer in, out;
} Client;

// By descriptor; `connected` lists those in use.
static Client clients[maximumClients];
static int connected[maximumClients], connectedCount, queue, gathers;

// The frames of this round and their senders: a sender does not get its own frames.
static Buffer round_;
static struct {
    int sender;
    size_t start, length;
} frames[65536];
static int frameCount;

static void append(Buffer *buffer, const void *bytes, size_t length) {
    if (buffer->length + length > buffer->capacity) {
        buffer->capacity = (buffer->length + length) * 2;
        buffer->bytes = realloc(buffer->bytes, buffer->capacity);
        if (!buffer->bytes) abort();
    }
    memcpy(buffer->bytes + buffer->length, bytes, length);
    buffer->length += length;
}

static void consume(Buffer *buffer, size_t length) {
    buffer->length -= length;
    memmove(buffer->bytes, buffer->bytes + length, buffer->length);
}

static void watch(int fd, int operation) {
    struct epoll_event event = {.events = EPOLLIN | (clients[fd].waitsToWrite ? EPOLLOUT : 0), .data.fd = fd};
    epoll_ctl(queue, operation, fd, &event);
}

static void deliver(int fd, const char *bytes, size_t length) {
    Client *client = &clients[fd];
    if (!client->waitsToWrite) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent == (ssize_t)length) return;
        if (sent > 0) bytes += sent, length -= (size_t)sent;
        client->waitsToWrite = 1;
        watch(fd, EPOLL_CTL_MOD);
    }
    append(&client->out, bytes, length);
}

static void writable(int fd) {
    Client *client = &clients[fd];
    ssize_t sent = send(fd, client->out.bytes, client->out.length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) consume(&client->out, (size_t)sent);
    if (client->out.length) return;
    client->waitsToWrite = 0;
    watch(fd, EPOLL_CTL_MOD);
}

static void flushRound(void) {
    for (int i = 0; i < connectedCount; i++) {
        int fd = connected[i], own = 0;
        if (!clients[fd].upgraded) continue;
        for (int f = 0; f < frameCount; f++) own += frames[f].sender == fd;
        if (gathers && !own) {
            deliver(fd, round_.bytes, round_.length);
            continue;
        }
        for (int f = 0; f < frameCount; f++)
            if (frames[f].sender != fd) deliver(fd, round_.bytes + frames[f].start, frames[f].length);
    }
    frameCount = 0;
    round_.length = 0;
}

static void upgrade(int fd, const char *head) {
    static const char name[] = "Sec-WebSocket-Key: ";
    const char *key = strstr(head, name);
    if (!key) return;
    char text[128], accept[64], answer[256];
    unsigned char digest[SHA_DIGEST_LENGTH];
    int length = snprintf(text, sizeof text, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key + sizeof name - 1);
    SHA1((unsigned char *)text, (size_t)length, digest);
    EVP_EncodeBlock((unsigned char *)accept, digest, sizeof digest);
    length = snprintf(answer, sizeof answer,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", accept);
    deliver(fd, answer, (size_t)length);
    clients[fd].upgraded = 1;
}

// Client frames of up to 64 kB, masked and whole, as the load tool sends them.
static void takeFrames(int fd) {
    Buffer *in = &clients[fd].in;
    while (in->length >= 6) {
        unsigned char *bytes = (unsigned char *)in->bytes;
        size_t length = bytes[1] & 127, head = 2;
        if (length == 126) length = (size_t)bytes[2] << 8 | bytes[3], head = 4;
        if (in->length < head + 4 + length) return;
        unsigned char *mask = bytes + head, *payload = mask + 4;
        for (size_t i = 0; i < length; i++) payload[i] ^= mask[i & 3];
        if ((bytes[0] & 15) == 1) {
            unsigned char out[4] = {0x81, (unsigned char)length};
            if (head == 4) out[1] = 126, out[2] = (unsigned char)(length >> 8), out[3] = (unsigned char)length;
            frames[frameCount].sender = fd;
            frames[frameCount].start = round_.length;
            frames[frameCount++].length = head + length;
            append(&round_, out, head);
            append(&round_, payload, length);
        }
        consume(in, head + 4 + length);
    }
}

static void leave(int fd) {
    for (int i = 0; i < connectedCount; i++)
        if (connected[i] == fd) connected[i] = connected[--connectedCount];
    free(clients[fd].in.bytes);
    free(clients[fd].out.bytes);
    clients[fd] = (Client){0};
    close(fd);
}

static void readable(int fd) {
    char bytes[inputSize];
    ssize_t length = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (length < 0 && errno == EAGAIN) return;
    if (length <= 0) {
        leave(fd);
        return;
    }
    Buffer *in = &clients[fd].in;
    append(in, bytes, (size_t)length);
    if (!clients[fd].upgraded) {
        append(in, "", 1);
        in->length--;
        char *end = strstr(in->bytes, "\r\n\r\n");
        if (!end) return;
        upgrade(fd, in->bytes);
        consume(in, (size_t)(end + 4 - in->bytes));
    }
    takeFrames(fd);
    if (!in->length) {
        free(in->bytes);
        *in = (Buffer){0};
    }
}

int main(int count, char **arguments) {
    if (count != 2) return 2;
    gathers = !strcmp(arguments[1], "gather");
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 1024)) return 1;
    getsockname(listener, (struct sockaddr *)&address, &length);
    printf("port %d\n", ntohs(address.sin_port));
    fflush(stdout);
    queue = epoll_create1(0);
    watch(listener, EPOLL_CTL_ADD);
    struct epoll_event events[1024];
    for (;;) {
        int ready = epoll_wait(queue, events, 1024, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd, on = 1;
            if (fd != listener) {
                if (events[i].events & EPOLLOUT) writable(fd);
                if (events[i].events & ~(uint32_t)EPOLLOUT) readable(fd);
                continue;
            }
            while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                if (fd >= maximumClients) abort();
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                connected[connectedCount++] = fd;
                watch(fd, EPOLL_CTL_ADD);
            }
        }
        flushRound();
    }
}
