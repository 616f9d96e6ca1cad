// What Swift's Glibc module cannot reach: variadic prctl, seccomp, Landlock, fork, and descriptors sent over sockets.
//
// Three kinds of process: the host, which has no privileges but may start others; the job, which decodes one file; and a
// tool (ffmpeg, ffprobe), which the host runs for a job. A job and a tool are taken to be hijacked: whatever they try,
// they read the one input file and the system's libraries, write below `out` in their job's directory, and use no more
// than their limits.
#ifndef CSANDBOX_H
#define CSANDBOX_H

#include <stdint.h>
#include <sys/types.h>

typedef struct {
    uint64_t memory_bytes;   // RLIMIT_DATA: private writable memory; there is no other
    uint64_t file_bytes;     // RLIMIT_FSIZE: the largest file it may write
    uint64_t open_files;     // RLIMIT_NOFILE
    uint64_t cpu_seconds;    // RLIMIT_CPU
} csandbox_limits;

// The newest Landlock ABI (landlock(7)) that the kernel and this code both know; 0 where there is none.
int csandbox_landlock_abi(void);

// The name of the input, and of the directory for results, in a job's directory.
#define CSANDBOX_INPUT "input"
#define CSANDBOX_RESULTS "out"
// What a tool writes to its standard output, and for how long after that many seconds it is ended.
#define CSANDBOX_OUTPUT CSANDBOX_RESULTS "/output"

// MARK: In the server

// Starts a program in a process group of its own, with default signals, `socket` as its standard input, and no other
// descriptor but /dev/null as output and error. 0, or an errno.
int csandbox_spawn_host(
    pid_t *id, const char *path, char *const arguments[], char *const environment[], int socket);

// Sends a descriptor over a stream socket of AF_UNIX, with one byte. 0, or an errno.
int csandbox_send_descriptor(int socket, int descriptor);

// MARK: In the host

// For good: the process dies with the thread that started it, and has no privilege and gains none. Started by root it
// becomes `user`. Call it before any other thread exists. 0, or an errno.
int csandbox_drop_privileges(uid_t user, gid_t group);

// Waits for what `csandbox_send_descriptor` sends; -1 at the end of the stream.
int csandbox_receive_descriptor(int socket);

// fork(2), which Swift does not have. Only for a process of one thread.
pid_t csandbox_fork(void);

// Runs a tool on a job's directory and waits for its end: its standard output goes to CSANDBOX_OUTPUT, and it is ended
// after `seconds`. Its exit status, or -1.
int csandbox_run_tool(
    const char *path, char *const arguments[], int directory, csandbox_limits limits, uint32_t seconds);

// MARK: In the job, after the fork

// Binds the process, for good. It is left with `channel` as its standard input, /dev/null as output and error, and
// `directory` as its working directory. 0, or an errno.
int csandbox_enter_job(int channel, int directory, csandbox_limits limits);

#endif
