#define _GNU_SOURCE
#include "csandbox.h"
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// MARK: The server

// Uses posix_spawn and not fork, because the caller is a large process with many threads.
int csandbox_spawn_host(
    pid_t *id, const char *path, char *const arguments[], char *const environment[], int socket) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int failure = posix_spawn_file_actions_init(&actions);
    if (failure) return failure;
    if ((failure = posix_spawnattr_init(&attributes))) {
        posix_spawn_file_actions_destroy(&actions);
        return failure;
    }
    if (!(failure = posix_spawn_file_actions_adddup2(&actions, socket, 0))
        && !(failure = posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0))
        && !(failure = posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0))
        && !(failure = posix_spawn_file_actions_addclosefrom_np(&actions, 3))
        && !(failure = posix_spawnattr_setsigmask(&attributes, &none))
        && !(failure = posix_spawnattr_setsigdefault(&attributes, &all))
        && !(failure = posix_spawnattr_setpgroup(&attributes, 0))
        && !(failure = posix_spawnattr_setflags(
                 &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP)))
        failure = posix_spawn(id, path, &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failure;
}

typedef union {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr header;
} descriptor_message;

int csandbox_send_descriptor(int socket, int descriptor) {
    char byte = 0;
    struct iovec data = { &byte, 1 };
    descriptor_message control = { { 0 } };
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control,
    };
    control.header = (struct cmsghdr) {
        .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof descriptor),
    };
    memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
    ssize_t sent;
    do sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == 1 ? 0 : errno;
}

// MARK: The host

static int drop_capabilities(void) {
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct none[2] = { { 0 }, { 0 } }, own[2] = { { 0 }, { 0 } };
    // A system that forbids the server to change its groups has given it none.
    if (syscall(SYS_capget, &header, own) == 0 && memcmp(own, none, sizeof none) == 0) return 0;
    return syscall(SYS_capset, &header, none) ? errno : 0;
}

int csandbox_drop_privileges(uid_t user, gid_t group) {
    int is_root = geteuid() == 0;
    int has_account = user != 0 && group != 0;
    // Root without an account for its workers is only right where nobody else exists: in a user namespace that maps no
    // other id, root is an ordinary user outside (user_namespaces(7)).
    if (is_root && !has_account && setresuid(65534, 65534, 65534) == 0) return EPERM;
    // Only root can do this. Others gain no capabilities anyway.
    for (unsigned long capability = 0; capability < 64; capability++) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
    if (is_root && has_account
        && (setgroups(0, NULL) || setresgid(group, group, group) || setresuid(user, user, user)))
        return errno;
    // An ordinary user's server may have capabilities, for example for a low port.
    int failure = drop_capabilities();
    if (failure) return failure;
    umask(077);
    // This comes last: a change of user would undo the parent-death signal.
    return prctl(PR_SET_PDEATHSIG, SIGKILL) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? errno : 0;
}

int csandbox_receive_descriptor(int socket) {
    char byte = 0;
    struct iovec data = { &byte, 1 };
    descriptor_message control = { { 0 } };
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control,
    };
    ssize_t received;
    do received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (received < 0 && errno == EINTR);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (received != 1 || header == NULL || header->cmsg_type != SCM_RIGHTS
        || header->cmsg_len != CMSG_LEN(sizeof(int)))
        return -1;
    int descriptor;
    memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    return descriptor;
}

pid_t csandbox_fork(void) { return fork(); }

// MARK: Both a job and a tool

static int limit(int resource, uint64_t value) {
    struct rlimit current;
    if (getrlimit(resource, &current)) return errno;
    rlim_t allowed = value < current.rlim_max ? value : current.rlim_max;   // an operator's lower limit is kept
    struct rlimit wanted = { allowed, allowed };
    return setrlimit(resource, &wanted) ? errno : 0;
}

// The bound on a tool's threads, for machines with many processors.
static const unsigned long threads = 128;

// RLIMIT_NPROC counts all threads of this user on the machine. The threads of the whole machine are an upper bound.
static int limit_threads(void) {
    unsigned long all = 0;
    FILE *file = fopen("/proc/loadavg", "re");
    if (file == NULL) return 0;   // the filter still allows threads only
    int read = fscanf(file, "%*s %*s %*s %*u/%lu", &all);
    fclose(file);
    return read == 1 ? limit(RLIMIT_NPROC, all + threads) : 0;
}

static int set_limits(csandbox_limits limits) {
    int failure = 0;
    if ((failure = limit(RLIMIT_CORE, 0)) || (failure = limit(RLIMIT_DATA, limits.memory_bytes))
        || (failure = limit(RLIMIT_STACK, 8 << 20)) || (failure = limit(RLIMIT_FSIZE, limits.file_bytes))
        || (failure = limit(RLIMIT_NOFILE, limits.open_files)) || (failure = limit(RLIMIT_CPU, limits.cpu_seconds))
        || (failure = limit(RLIMIT_MSGQUEUE, 0)) || (failure = limit_threads()))
        return failure;
    // With SIGXFSZ ignored, a write beyond RLIMIT_FSIZE fails with EFBIG instead of killing the process.
    signal(SIGXFSZ, SIG_IGN);
    return 0;
}

static void close_range_of(unsigned first, unsigned last) {
    if (syscall(SYS_close_range, first, last, 0U) == 0) return;
    struct rlimit most = { 1024, 1024 };
    getrlimit(RLIMIT_NOFILE, &most);
    for (unsigned descriptor = first; descriptor <= last && descriptor < most.rlim_cur; descriptor++)
        close((int) descriptor);
}

// Makes the process die with the host, and puts it into the job's directory.
static int begin(pid_t host, int directory) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) || fchdir(directory)) return errno;
    return getppid() == host ? 0 : ESRCH;
}

// MARK: A job

int csandbox_enter_job(int channel, int directory, csandbox_limits limits) {
    int failure = begin(getppid(), directory);
    if (failure) return failure;
    if (dup2(channel, 0) < 0) return errno;
    close_range_of(3, ~0U);
    if ((failure = set_limits(limits)) || (failure = restrict_files(NULL))) return failure;
    return filter_system_calls(0);
}

// MARK: A tool

static int become_tool(const char *path, int directory, csandbox_limits limits, uint32_t seconds, pid_t host) {
    int failure = begin(host, directory);
    if (failure) return failure;
    int program = open(path, O_RDONLY | O_CLOEXEC);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int output = open(
        CSANDBOX_OUTPUT, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (program < 0 || null < 0 || output < 0 || dup2(null, 0) < 0 || dup2(output, 1) < 0 || dup2(null, 2) < 0
        || dup3(program, TOOL_DESCRIPTOR, O_CLOEXEC) < 0)
        return errno;
    close_range_of(3, TOOL_DESCRIPTOR - 1);
    close_range_of(TOOL_DESCRIPTOR + 1, ~0U);
    alarm(seconds);   // survives execve; its signal ends the program
    if ((failure = set_limits(limits)) || (failure = restrict_files(path))) return failure;
    return filter_system_calls(1);
}

int csandbox_run_tool(
    const char *path, char *const arguments[], int directory, csandbox_limits limits, uint32_t seconds) {
    static char *const no_environment[] = { NULL };
    if (limits.open_files > TOOL_DESCRIPTOR) limits.open_files = TOOL_DESCRIPTOR;
    pid_t host = getpid();
    pid_t child = fork();
    if (child == 0) {
        if (become_tool(path, directory, limits, seconds, host) == 0)
            syscall(SYS_execveat, TOOL_DESCRIPTOR, "", arguments, no_environment, AT_EMPTY_PATH);
        _exit(127);
    }
    int status = 0;
    if (child < 0) return -1;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
