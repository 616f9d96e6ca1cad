// File calls that Swift's Glibc module lacks.
#ifndef CFILES_H
#define CFILES_H

#include <stddef.h>
#include <sys/types.h>

// Opens a regular file for reading if the kernel has its path in memory, and does not follow a link at its end. Returns a
// descriptor, or -1; open(2) then tells why: the disk is needed, or the kernel cannot do this.
int cfiles_open_cached(const char *path);

// Reads up to `count` bytes that the kernel has in memory. Returns their number, or -1; pread(2) then tells why.
ssize_t cfiles_read_cached(int descriptor, void *buffer, size_t count, off_t offset);

// Renames a file unless the new name exists. Returns 0, or -1 with errno: EEXIST, or EINVAL where the file system cannot do
// this.
int cfiles_rename_new(const char *path, const char *destination);

// Exchanges two paths in one step (renameat2(2), RENAME_EXCHANGE). Returns -1 and sets errno where that fails.
int cfiles_exchange(const char *path, const char *other);

// Reserves room on the disk for a file's first `size` bytes without changing its length. Returns 0, or -1 with errno.
int cfiles_reserve(int descriptor, off_t size);

// Copies up to `count` bytes from one file to another without passing them through this process; some file systems only
// note where they are. Returns their number, 0 at the end of `source`, or -1 with errno: EXDEV, EINVAL, EOPNOTSUPP or
// ENOSYS where the file systems cannot do this.
ssize_t cfiles_copy(int source, off_t from, int target, off_t to, size_t count);

#endif
