// Calls for files that Swift's Glibc module does not have.
#ifndef CFILES_H
#define CFILES_H

#include <stddef.h>
#include <sys/types.h>

// Opens a regular file for reading whose path the kernel has in memory, not following a link at its end. A descriptor;
// or -1, and open(2) tells why, be it that the disk is needed or that the kernel cannot do this.
int cfiles_open_cached(const char *path);

// Reads what the kernel has in memory, up to `count` bytes. Their number; or -1, and pread(2) tells why.
ssize_t cfiles_read_cached(int descriptor, void *buffer, size_t count, off_t offset);

// Renames a file, unless there is one of the new name. 0; or -1, and rename(2) tells why: EEXIST, or EINVAL where the file
// system cannot do this.
int cfiles_rename_new(const char *path, const char *destination);

// Reserves room on the disk for a file's first `size` bytes, not changing its length. 0; or -1, and fallocate(2) tells why.
int cfiles_reserve(int descriptor, off_t size);

#endif
