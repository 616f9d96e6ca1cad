// Calls that Swift's Glibc module lacks: variadic prctl, seccomp, Landlock, fork, and descriptors sent over sockets.
//
// There are three kinds of process. The host has no privileges but may start others. A job decodes one file. A tool
// (ffmpeg, ffprobe, pdftoppm) is run by the host for a job. Jobs and tools are assumed to be hijacked: whatever they try,
// they can only read the one input file, the system's libraries and, as a tool, its fonts, write below `out` in their job's
// directory, and stay within their limits.
#ifndef CSANDBOX_H
#define CSANDBOX_H

#include <stdint.h>
#include <sys/types.h>

typedef struct {
    uint64_t memory_bytes;   // RLIMIT_DATA: private writable memory; no other kind is allowed
    uint64_t file_bytes;     // RLIMIT_FSIZE: the largest file that it may write
    uint64_t open_files;     // RLIMIT_NOFILE
    uint64_t cpu_seconds;    // RLIMIT_CPU
} csandbox_limits;

// The newest Landlock ABI (landlock(7)) that both the kernel and this code know; 0 if there is none.
int csandbox_landlock_abi(void);

// The names of the input and of the directory for results, in a job's directory.
#define CSANDBOX_INPUT "input"
#define CSANDBOX_RESULTS "out"
// The file that takes a tool's standard output.
#define CSANDBOX_OUTPUT CSANDBOX_RESULTS "/output"

// MARK: In the server

// Starts a program in a process group of its own, with default signals and `socket` as its standard input. Its output and
// error are /dev/null; it gets no other descriptor. Returns 0 or an errno.
int csandbox_spawn_host(
    pid_t *id, const char *path, char *const arguments[], char *const environment[], int socket);

// Sends a descriptor over a stream socket of AF_UNIX, with one byte. Returns 0 or an errno.
int csandbox_send_descriptor(int socket, int descriptor);

// MARK: In the host

// Takes all privileges from the process for good, and makes it die with the thread that started it. Under root it becomes
// `user`; 0 for none is refused where there is one. Call this before any other thread exists. Returns 0 or an errno.
int csandbox_drop_privileges(uid_t user, gid_t group);

// Waits for a descriptor sent by `csandbox_send_descriptor`. Returns it, or -1 at the end of the stream.
int csandbox_receive_descriptor(int socket);

// fork(2), which Swift does not offer. Only for a process with one thread.
pid_t csandbox_fork(void);

// Runs a tool on a job's directory and waits for its end. Its standard output goes to CSANDBOX_OUTPUT, and it is killed
// after `seconds`. Returns its exit status, or -1.
int csandbox_run_tool(
    const char *path, char *const arguments[], int directory, csandbox_limits limits, uint32_t seconds);

// MARK: In the job, after the fork

// Confines the process for good. It keeps `channel` as its standard input, /dev/null as output and error, and `directory`
// as its working directory. Returns 0 or an errno.
int csandbox_enter_job(int channel, int directory, csandbox_limits limits);

#endif
