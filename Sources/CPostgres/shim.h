// libpq, epoll and eventfd for Swift: fixed-argument wrappers for what the importer cannot see (character macros,
// function-pointer parameters, packed structs).
#ifndef PARLEY_CPOSTGRES_SHIM_H
#define PARLEY_CPOSTGRES_SHIM_H

#include <errno.h>
#include <libpq-fe.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

// The PG_DIAG_* field codes are character macros, which the importer drops.
static inline const char *cpg_result_sqlstate(const PGresult *r) { return PQresultErrorField(r, PG_DIAG_SQLSTATE); }
static inline const char *cpg_result_message(const PGresult *r) { return PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY); }
static inline const char *cpg_result_constraint(const PGresult *r) { return PQresultErrorField(r, PG_DIAG_CONSTRAINT_NAME); }
static inline const char *cpg_result_table(const PGresult *r) { return PQresultErrorField(r, PG_DIAG_TABLE_NAME); }
static inline const char *cpg_result_column(const PGresult *r) { return PQresultErrorField(r, PG_DIAG_COLUMN_NAME); }
static inline const char *cpg_result_position(const PGresult *r) { return PQresultErrorField(r, PG_DIAG_STATEMENT_POSITION); }
static inline const char *cpg_result_source_function(const PGresult *r) { return PQresultErrorField(r, PG_DIAG_SOURCE_FUNCTION); }
// The untranslated severity: "ERROR", "FATAL" or "PANIC".
static inline const char *cpg_result_severity(const PGresult *r) {
    return PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED);
}

// libpq prints notices to stderr unless told otherwise.
static inline void cpg_discard_notice(void *context, const PGresult *notice) { (void)context; (void)notice; }
static inline void cpg_discard_notices(PGconn *c) { PQsetNoticeReceiver(c, cpg_discard_notice, NULL); }

// struct epoll_event is packed on x86-64, and its data is a union. Swift gets plain types instead.
static inline int cpg_epoll_control(int epoll, int operation, int fd, int readable, int writable, uint64_t token) {
    struct epoll_event event = {0};
    if (readable) event.events |= EPOLLIN;
    if (writable) event.events |= EPOLLOUT;
    event.data.u64 = token;
    return epoll_ctl(epoll, operation, fd, &event);
}

// Waits for readiness and writes the tokens of the ready descriptors. Returns how many, or -1 with errno. The caller's
// array has `capacity` elements; one call fills at most 64.
static inline int cpg_epoll_wait(int epoll, uint64_t *tokens, int capacity, int timeout_milliseconds) {
    struct epoll_event events[64];
    int count = epoll_wait(epoll, events, capacity < 64 ? capacity : 64, timeout_milliseconds);
    for (int i = 0; i < count; i++) tokens[i] = events[i].data.u64;
    return count;
}

static inline int cpg_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }
static inline int cpg_eventfd_create(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

enum { CPG_EPOLL_ADD = EPOLL_CTL_ADD, CPG_EPOLL_MODIFY = EPOLL_CTL_MOD, CPG_EPOLL_REMOVE = EPOLL_CTL_DEL };

#endif
