#define _GNU_SOURCE
#include "cfiles.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

int cfiles_open_cached(const char *path) {
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW, .resolve = RESOLVE_CACHED};
    return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
}

ssize_t cfiles_read_cached(int descriptor, void *buffer, size_t count, off_t offset) {
    struct iovec space = {.iov_base = buffer, .iov_len = count};
    return preadv2(descriptor, &space, 1, offset, RWF_NOWAIT);
}

int cfiles_rename_new(const char *path, const char *destination) {
    return renameat2(AT_FDCWD, path, AT_FDCWD, destination, RENAME_NOREPLACE);
}

int cfiles_exchange(const char *path, const char *other) {
    return renameat2(AT_FDCWD, path, AT_FDCWD, other, RENAME_EXCHANGE);
}

int cfiles_reserve(int descriptor, off_t size) {
    return fallocate(descriptor, FALLOC_FL_KEEP_SIZE, 0, size);
}

ssize_t cfiles_copy(int source, off_t from, int target, off_t to, size_t count) {
    return copy_file_range(source, &from, target, &to, count, 0);
}
