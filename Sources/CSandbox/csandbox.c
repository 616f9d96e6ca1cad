#define _GNU_SOURCE
#include "csandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#else
#error "the system-call filter knows x86-64 and arm64"
#endif

static int limit(int resource, uint64_t value) {
    struct rlimit current;
    if (getrlimit(resource, &current)) return errno;
    rlim_t allowed = value < current.rlim_max ? value : current.rlim_max;   // an operator's lower limit stands
    struct rlimit wanted = { allowed, allowed };
    return setrlimit(resource, &wanted) ? errno : 0;
}

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define DENY(call) \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), \
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES)

// Refuses what a hijacked decoder would reach for: sockets (also by io_uring), other processes, the kernel's own doors.
static int filter_system_calls(void) {
    struct sock_filter filter[] = {
        LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        LOAD(nr),
#if defined(__x86_64__)
        // The x32 calls would be the same ones under other numbers.
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
#endif
        DENY(socket), DENY(socketpair), DENY(connect), DENY(bind), DENY(listen), DENY(accept), DENY(accept4),
        DENY(io_uring_setup), DENY(ptrace), DENY(process_vm_readv), DENY(process_vm_writev), DENY(pidfd_open),
        DENY(pidfd_getfd), DENY(pidfd_send_signal), DENY(unshare), DENY(setns), DENY(mount), DENY(bpf),
        DENY(perf_event_open), DENY(userfaultfd), DENY(keyctl), DENY(add_key), DENY(request_key),
        DENY(open_by_handle_at), DENY(kill), DENY(tkill), DENY(tgkill), DENY(rt_sigqueueinfo), DENY(rt_tgsigqueueinfo),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { sizeof filter / sizeof filter[0], filter };
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) ? errno : 0;
}

static void allow_beneath(int ruleset, const char *path, uint64_t access) {
    struct landlock_path_beneath_attr rule = { .allowed_access = access };
    rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0) return;   // a directory that this system does not have
    syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    close(rule.parent_fd);
}

#define READ_DIRECTORY (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_EXECUTE)
#define WRITE_DIRECTORY \
    (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_WRITE_FILE \
     | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE)
#define ALL_ACCESS ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

static int restrict_files(const char *directory) {
    static const char *const system_directories[] = { "/usr", "/lib", "/lib64", "/bin", "/etc", "/sys", "/proc/self" };
    struct landlock_ruleset_attr attributes = { .handled_access_fs = ALL_ACCESS };
    int ruleset = (int) syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
    if (ruleset < 0) return 0;   // an older kernel: the other limits still stand
    for (size_t i = 0; i < sizeof system_directories / sizeof system_directories[0]; i++)
        allow_beneath(ruleset, system_directories[i], READ_DIRECTORY);
    allow_beneath(ruleset, "/dev/null", LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE);
    allow_beneath(ruleset, "/dev/urandom", LANDLOCK_ACCESS_FS_READ_FILE);
    allow_beneath(ruleset, directory, WRITE_DIRECTORY);
    int result = syscall(SYS_landlock_restrict_self, ruleset, 0) ? errno : 0;
    close(ruleset);
    return result;
}

int csandbox_enter(csandbox_limits limits, const char *directory) {
    int failure = 0;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return errno;
    if ((failure = limit(RLIMIT_CORE, 0)) || (failure = limit(RLIMIT_DATA, limits.memory_bytes))
        || (failure = limit(RLIMIT_FSIZE, limits.file_bytes)) || (failure = limit(RLIMIT_NOFILE, limits.open_files)))
        return failure;
    // A write beyond RLIMIT_FSIZE then fails with EFBIG instead of killing the process.
    signal(SIGXFSZ, SIG_IGN);
    if ((failure = restrict_files(directory))) return failure;
    return filter_system_calls();
}

int csandbox_allow_cpu(uint32_t seconds) {
    struct rusage own;
    struct rlimit current;
    if (getrusage(RUSAGE_SELF, &own)) return errno;
    if (getrlimit(RLIMIT_CPU, &current)) return errno;
    rlim_t used = (rlim_t) (own.ru_utime.tv_sec + own.ru_stime.tv_sec) + 1;
    current.rlim_cur = used + seconds < current.rlim_max ? used + seconds : current.rlim_max;
    return setrlimit(RLIMIT_CPU, &current) ? errno : 0;
}

// posix_spawn, not fork: the caller is a large process with many threads.
int csandbox_spawn_worker(
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

pid_t csandbox_spawn(const char *path, char *const arguments[], int output, uint32_t seconds) {
    static char *const no_environment[] = { NULL };
    pid_t parent = getpid();
    pid_t child = fork();
    if (child != 0) return child;
    // Only async-signal-safe calls from here on.
    int null = open("/dev/null", O_RDWR);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent || null < 0 || dup2(output, 1) < 0
        || dup2(null, 0) < 0 || dup2(null, 2) < 0)
        _exit(127);
    syscall(SYS_close_range, 3u, ~0u, 0u);
    alarm(seconds);   // it outlives execve, and its signal ends the program
    execve(path, arguments, no_environment);
    _exit(127);
}
