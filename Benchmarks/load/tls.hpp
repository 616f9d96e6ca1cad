// TLS over a socket that does not block, as recv(2) and send(2) would be.
#pragma once
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "common.hpp"

/// What all connections share. The same version, cipher and curve in every run, and no session is resumed.
class TLSContext {
public:
    TLSContext() : context(SSL_CTX_new(TLS_client_method())) {
        if (!context || !SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) ||
            !SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") || !SSL_CTX_set1_groups_list(context, "X25519"))
            fail("OpenSSL cannot do TLS 1.3");
        SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
        // One system call for many records.
        SSL_CTX_set_read_ahead(context, 1);
    }
    TLSContext(const TLSContext &) = delete;
    ~TLSContext() { SSL_CTX_free(context); }

    SSL_CTX *const context;
};

/// One connection's. Without `begin` it passes everything on as it is.
class Channel {
public:
    Channel() = default;
    Channel(Channel &&other) : tls(std::exchange(other.tls, nullptr)) {}
    Channel &operator=(Channel &&other) {
        std::swap(tls, other.tls);
        return *this;
    }
    ~Channel() { SSL_free(tls); }

    /// The handshake is made by the first `send`, and by those that follow each `receive`.
    void begin(const TLSContext &shared, int socket) {
        tls = SSL_new(shared.context);
        if (!tls || !SSL_set_fd(tls, socket)) fail("OpenSSL has no memory");
        SSL_set_connect_state(tls);
    }

    bool isShakingHands() const { return tls && !SSL_is_init_finished(tls); }

    /// Whether `receive` might return more without new bytes at the socket.
    bool mayHoldMore() const { return tls && SSL_has_pending(tls); }

    ssize_t receive(int socket, void *bytes, size_t count) {
        if (!tls) return recv(socket, bytes, count, 0);
        ERR_clear_error();
        return result(SSL_read(tls, bytes, int(count)));
    }

    /// Where errno is EAGAIN, `waitsToRead` says whether the socket has to become readable first.
    ssize_t send(int socket, const void *bytes, size_t count, bool &waitsToRead) {
        waitsToRead = false;
        if (!tls) return ::send(socket, bytes, count, MSG_NOSIGNAL);
        ERR_clear_error();
        int sent = SSL_write(tls, bytes, int(count));
        waitsToRead = sent <= 0 && SSL_get_error(tls, sent) == SSL_ERROR_WANT_READ;
        return result(sent);
    }

private:
    ssize_t result(int count) {
        if (count > 0) return count;
        switch (SSL_get_error(tls, count)) {
        case SSL_ERROR_WANT_READ: case SSL_ERROR_WANT_WRITE: errno = EAGAIN; return -1;
        case SSL_ERROR_ZERO_RETURN: return 0;
        case SSL_ERROR_SYSCALL: return errno ? -1 : 0;
        default: errno = EPROTO; return -1;
        }
    }

    SSL *tls = nullptr;
};
