// What Swift's Glibc module cannot reach: variadic prctl, seccomp, Landlock, and a fork that does only what is safe in one.
#ifndef CSANDBOX_H
#define CSANDBOX_H

#include <stdint.h>
#include <sys/types.h>

typedef struct {
    uint64_t memory_bytes;   // RLIMIT_DATA: private writable memory
    uint64_t file_bytes;     // RLIMIT_FSIZE: the largest file it may write
    uint64_t open_files;     // RLIMIT_NOFILE
} csandbox_limits;

// Binds the calling process, for good: it dies with the thread that started it, gains no privilege, cannot open a
// socket, signal or touch another process, keeps within `limits`, and (where the kernel has Landlock) reads only the system's
// own directories and writes only below `directory`. Call it before any other thread exists. 0, or an errno.
int csandbox_enter(csandbox_limits limits, const char *directory);

// Lets the process use that many more seconds of CPU; SIGXCPU ends it beyond. 0, or an errno.
int csandbox_allow_cpu(uint32_t seconds);

// Starts a program in a process group of its own, with default signals, `socket` as its standard input, and no other
// descriptor but /dev/null as output and error. 0, or an errno.
int csandbox_spawn_worker(
    pid_t *id, const char *path, char *const arguments[], char *const environment[], int socket);

// Starts a program with an empty environment whose standard output is `output` and whose other descriptors are
// closed; it dies with its parent, or after `seconds`: a worker may signal nobody. The process id, or -1 with errno set.
pid_t csandbox_spawn(const char *path, char *const arguments[], int output, uint32_t seconds);

#endif
