// Attacks of a hijacked decoder. Each is tried without a sandbox, in a job's, and in a tool's.
//
//   sandbox-attacks [--user] DIRECTORY
//
// prints a line for each attack: its name, and its three outcomes: `done`, `refused` (also by killing it), or `impossible`
// on this kernel. DIRECTORY must be empty, and everybody must be able to read this program's file. With --user, an ordinary
// user does everything that root would do.
#define _GNU_SOURCE
#include "csandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define VICTIM "../victim"

static int done(int so) { return so ? 0 : 1; }
static int opens(const char *path, int flags) { return done(open(path, flags, 0600) >= 0); }

// Other processes' files.
static int truncate_victim(void) { return done(truncate(VICTIM, 0) == 0); }
static int open_truncating(void) { return opens(VICTIM, O_WRONLY | O_TRUNC); }
static int read_victim(void) { return opens(VICTIM, O_RDONLY); }
static int write_victim(void) { return opens(VICTIM, O_WRONLY); }
static int chmod_victim(void) { return done(chmod(VICTIM, 0666) == 0); }
static int chown_victim(void) { return done(chown(VICTIM, getuid(), getgid()) == 0); }
static int utime_victim(void) { return done(utimensat(AT_FDCWD, VICTIM, NULL, 0) == 0); }
static int xattr_victim(void) { return done(setxattr(VICTIM, "user.x", "x", 1, 0) == 0); }
static int unlink_victim(void) { return done(unlink(VICTIM) == 0); }
static int rename_victim(void) { return done(rename(VICTIM, "out/mine") == 0); }
static int replace_victim(void) {
    close(open("out/file", O_WRONLY | O_CREAT, 0600));
    return done(rename("out/file", VICTIM) == 0);
}
static int link_victim(void) { return done(link(VICTIM, "out/mine") == 0); }
static int exchange(void) {
    close(open("out/file", O_WRONLY | O_CREAT, 0600));
    return done(syscall(SYS_renameat2, AT_FDCWD, "out/file", AT_FDCWD, VICTIM, 2 /* RENAME_EXCHANGE */) == 0);
}
static int read_other_job(void) { return opens("../other.job/input", O_RDONLY); }
static int write_other_job(void) { return opens("../other.job/out/planted", O_WRONLY | O_CREAT); }
static int list_uploads(void) { return done(opendir("..") != NULL); }
static int change_directory(void) { return done(chdir("..") == 0); }
static int read_passwd(void) { return opens("/etc/passwd", O_RDONLY); }
static int list_root(void) { return done(opendir("/") != NULL); }
static int write_tmp(void) { return opens("/tmp", O_WRONLY | O_TMPFILE); }
static int write_shm(void) { return opens("/dev/shm", O_WRONLY | O_TMPFILE); }
static int make_device(void) { return done(mknod("out/null", S_IFCHR | 0600, makedev(1, 3)) == 0); }
static int make_fifo(void) { return done(mkfifo("out/fifo", 0600) == 0); }
static int make_link(void) { return done(symlink("/etc/passwd", "out/link") == 0); }
static int make_directory(void) { return done(mkdir("out/directory", 0700) == 0); }
static int watch_uploads(void) { return done(inotify_add_watch(inotify_init1(0), "..", IN_CREATE) >= 0); }
static int execute(void) {
    char *arguments[] = { "true", NULL };
    execv("/bin/true", arguments);
    return 1;
}
static int execute_by_descriptor(void) {
    char *arguments[] = { "true", NULL };
    int program = open("/bin/true", O_PATH);
    if (program >= 0) syscall(SYS_execveat, program, "", arguments, NULL, AT_EMPTY_PATH);
    return 1;
}
static int execute_in_tools_place(void) {
    // Any readable file will do.
    int program = open("/bin/true", O_RDONLY);
    if (program < 0) program = open("input", O_RDONLY);
    struct rlimit most = { 1024, 1024 };
    setrlimit(RLIMIT_NOFILE, &most);
    if (fcntl(program, F_DUPFD, 200) != 200 && dup2(program, 200) != 200) return 1;
    return 0;
}

// The input, which may be served unchanged under its hash.
static int write_input(void) { return opens("input", O_WRONLY); }
static int truncate_input(void) { return done(truncate("input", 0) == 0); }
static int chmod_input(void) { return done(chmod("input", 0666) == 0); }
static int unlink_input(void) { return done(unlink("input") == 0); }
static int lock_input(void) {
    // As the server does when it writes a resumable upload.
    int file = open("input", O_RDONLY);
    return done(file >= 0 && flock(file, LOCK_EX | LOCK_NB) == 0);
}

// Other processes.
static int fork_child(void) {
    pid_t child = (pid_t) syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0) _exit(0);
    return done(child > 0);
}
static int escape_by_setsid(void) { return done(setsid() > 0 || setpgid(0, 0) == 0); }
static int clone_parent(void) {
    pid_t child = (pid_t) syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) _exit(0);
    return done(child > 0);
}
static int clone3_child(void) {
    uint64_t arguments[8] = { [4] = SIGCHLD };
    long child = syscall(SYS_clone3, arguments, sizeof arguments);
    if (child == 0) _exit(0);
    return done(child > 0);
}
static int kill_parent(void) { return done(kill(getppid(), 0) == 0); }
static int kill_all(void) { return done(kill(-1, 0) == 0); }
static int kill_group(void) { return done(kill(0, 0) == 0); }
static int queue_signal(void) {
    union sigval value = { 0 };
    return done(sigqueue(getppid(), 0, value) == 0);
}
static int own_signals(void) {
    int file = open("input", O_RDONLY);
    return done(fcntl(file, F_SETOWN, getppid()) == 0 && fcntl(file, F_SETSIG, SIGKILL) == 0);
}
static int open_pidfd(void) { return done(syscall(SYS_pidfd_open, getppid(), 0) >= 0); }
static int trace_parent(void) { return done(ptrace(PTRACE_SEIZE, getppid(), 0, 0) == 0); }
static int be_traced(void) { return done(ptrace(PTRACE_TRACEME, 0, 0, 0) == 0); }
static int read_parent(void) {
    char byte;
    struct iovec own = { &byte, 1 }, other = { (void *) &done, 1 };
    return done(process_vm_readv(getppid(), &own, 1, &other, 1, 0) == 1);
}
static int read_processes(void) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/environ", getppid());
    return opens(path, O_RDONLY);
}
static int list_processes(void) { return done(opendir("/proc") != NULL); }
static int read_own_process(void) { return opens("/proc/self/maps", O_RDONLY); }
static int parents_limits(void) {
    struct rlimit limit;
    return done(getrlimit(RLIMIT_CPU, &limit) == 0 && prlimit(getppid(), RLIMIT_CPU, &limit, NULL) == 0);
}
static int raise_limits(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_CPU, &limit);
    return done(setrlimit(RLIMIT_CPU, &limit) == 0);
}
static int reprioritize(void) { return done(setpriority(PRIO_PROCESS, 0, 0) == 0); }
static int pin_parent(void) {
    cpu_set_t set;
    return done(sched_getaffinity(0, sizeof set, &set) == 0 && sched_setaffinity(getppid(), sizeof set, &set) == 0);
}
static int be_orphaned(void) { return done(prctl(PR_SET_PDEATHSIG, 0) == 0); }
static int be_dumpable(void) { return done(prctl(PR_SET_DUMPABLE, 1) == 0); }
static int adopt(void) { return done(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0); }
static int second_filter(void) { return done(prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0); }
static void *idle(void *unused) { (void) unused; sleep(60); return NULL; }
static int thousands_of_threads(void) {
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 * 1024);
    for (int n = 0; n < 3000; n++) {
        pthread_t thread;
        if (pthread_create(&thread, &small, idle, NULL)) return 1;
    }
    return 0;
}

// Memory that no limit counts.
static const size_t gigabytes = (size_t) 4 << 30;
static int shared_memory(void) {
    return done(mmap(NULL, gigabytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}
static int growing_memory(void) {
    return done(
        mmap(NULL, gigabytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_NORESERVE, -1, 0)
        != MAP_FAILED);
}
static int private_memory(void) {
    return done(
        mmap(NULL, gigabytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) != MAP_FAILED);
}
static int protected_memory(void) {
    void *memory = mmap(NULL, gigabytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return done(memory != MAP_FAILED && mprotect(memory, gigabytes, PROT_READ | PROT_WRITE) == 0);
}
static int memory_file(void) {
    int file = memfd_create("x", 0);
    return done(file >= 0 && ftruncate(file, (off_t) gigabytes) == 0);
}
static int secret_memory(void) {
#ifdef SYS_memfd_secret
    int file = (int) syscall(SYS_memfd_secret, 0);
    return done(file >= 0);
#else
    return 2;
#endif
}
static int huge_memory(void) {
    void *memory = mmap(NULL, 2 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
    return memory == MAP_FAILED && errno == ENOMEM ? 2 : done(memory != MAP_FAILED);
}
static int segment(void) {
    int id = shmget(IPC_PRIVATE, 64 << 20, IPC_CREAT | 0600);
    if (id >= 0) shmctl(id, IPC_RMID, NULL);
    return done(id >= 0);
}
static int messages(void) {
    int id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
    if (id >= 0) msgctl(id, IPC_RMID, NULL);
    return done(id >= 0);
}
static int semaphores(void) {
    int id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
    if (id >= 0) semctl(id, 0, IPC_RMID);
    return done(id >= 0);
}
static int pipes(void) {
    int ends[2];
    return done(pipe2(ends, 0) == 0);
}
static int lock_memory(void) { return done(mlockall(MCL_CURRENT) == 0); }
static int large_file(void) {
    int file = open("out/large", O_WRONLY | O_CREAT, 0600);
    return done(file >= 0 && ftruncate(file, (off_t) 1 << 40) == 0);
}

// The network.
static int makes_socket(int domain, int type) { return done(socket(domain, type, 0) >= 0); }
static int internet(void) { return makes_socket(AF_INET, SOCK_STREAM); }
static int internet6(void) { return makes_socket(AF_INET6, SOCK_DGRAM); }
static int local(void) { return makes_socket(AF_UNIX, SOCK_STREAM); }
static int netlink(void) { return makes_socket(AF_NETLINK, SOCK_RAW); }
static int pair(void) {
    int ends[2];
    return done(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
}
static int bind_abstract(void) {
    struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = { 0, 'x' } };
    int end = socket(AF_UNIX, SOCK_STREAM, 0);
    return done(bind(end < 0 ? 0 : end, (struct sockaddr *) &name, 4) == 0);
}
static int connect_channel(void) {
    struct sockaddr nowhere = { .sa_family = AF_UNSPEC };
    return done(connect(socket(AF_INET, SOCK_DGRAM, 0), &nowhere, sizeof nowhere) == 0);
}

// Other ways into the kernel.
static int ring(void) {
    struct io_uring_params parameters = { 0 };
    long ring = syscall(SYS_io_uring_setup, 4, &parameters);
    return ring < 0 && (errno == ENOSYS || errno == EPERM) ? 2 : done(ring >= 0);
}
static int page_faults(void) {
    long file = syscall(SYS_userfaultfd, UFFD_USER_MODE_ONLY);
    return file < 0 && errno == ENOSYS ? 2 : done(file >= 0);
}
static int keys(void) {
    long id = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, -3 /* session */, 0);
    return id < 0 && errno == ENOSYS ? 2 : done(id >= 0);
}
static int add_key(void) {
    long id = syscall(SYS_add_key, "user", "x", "x", 1, -2 /* process */);
    return id < 0 && errno == ENOSYS ? 2 : done(id >= 0);
}
static int mounts(void) {
    int mounted = mount("none", "out", "tmpfs", 0, NULL) == 0;
    if (mounted) umount("out");
    return done(mounted);
}
static int new_user(void) { return done(unshare(CLONE_NEWUSER) == 0); }
static int new_user_by_clone(void) {
    pid_t child = (pid_t) syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) _exit(0);
    return done(child > 0);
}
static int changes_root(void) { return done(chroot("out") == 0); }
static int becomes_root(void) { return done(setuid(0) == 0); }
static int becomes_other(void) { return done(setresuid(1234, 1234, 1234) == 0); }
static int gains_capabilities(void) { return done(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0); }
static int handle(void) {
    struct { struct file_handle handle; char bytes[128]; } file = { .handle = { .handle_bytes = 128 } };
    int mount;
    return done(name_to_handle_at(AT_FDCWD, VICTIM, &file.handle, &mount, 0) == 0);
}
static int bpf(void) {
    uint32_t attributes[32] = { 1 /* BPF_MAP_TYPE_HASH */, 4, 4, 1 };
    long map = syscall(SYS_bpf, 0 /* BPF_MAP_CREATE */, attributes, sizeof attributes);
    return map < 0 && errno == ENOSYS ? 2 : done(map >= 0);
}
static int counters(void) {
    uint32_t attributes[32] = { 1 /* PERF_TYPE_SOFTWARE */, sizeof attributes };
    long counter = syscall(SYS_perf_event_open, attributes, 0, -1, -1, 0);
    return counter < 0 && (errno == ENOSYS || errno == ENOENT) ? 2 : done(counter >= 0);
}
static int personality_call(void) { return done(syscall(SYS_personality, 0x0400000 /* READ_IMPLIES_EXEC */) >= 0); }
static int terminal(void) {
    // High bits once bypassed a filter.
    long result = syscall(SYS_ioctl, 0, 0x5412UL /* TIOCSTI */ | 1UL << 32, "x");
    return result < 0 && errno == ENOTTY ? 0 : done(result == 0);
}
static int controls(void) {
    int value = 0;
    return done(ioctl(open("input", O_RDONLY), FIOASYNC, &value) == 0);
}
static int timers(void) {
    struct itimerval timer = { .it_value = { 60, 0 } };
    return done(setitimer(ITIMER_REAL, &timer, NULL) == 0);
}
static int stops_clock(void) { return done(alarm(0) == 0 && timerfd_create(CLOCK_MONOTONIC, 0) >= 0); }
static int host_name(void) {
    char name[64];
    return done(gethostname(name, sizeof name) == 0 && sethostname(name, strlen(name)) == 0);
}
static int disk(void) {
    struct statvfs disk;
    return done(statvfs("/", &disk) == 0);
}

static const struct {
    const char *name;
    int (*run)(void);
} attacks[] = {
#define ATTACK(name) { #name, name }
    ATTACK(truncate_victim), ATTACK(open_truncating), ATTACK(read_victim), ATTACK(write_victim), ATTACK(chmod_victim),
    ATTACK(chown_victim), ATTACK(utime_victim), ATTACK(xattr_victim), ATTACK(unlink_victim), ATTACK(rename_victim),
    ATTACK(replace_victim), ATTACK(link_victim), ATTACK(exchange), ATTACK(read_other_job), ATTACK(write_other_job),
    ATTACK(list_uploads), ATTACK(change_directory), ATTACK(read_passwd), ATTACK(list_root), ATTACK(write_tmp),
    ATTACK(write_shm), ATTACK(make_device), ATTACK(make_fifo), ATTACK(make_link), ATTACK(make_directory),
    ATTACK(watch_uploads), ATTACK(execute), ATTACK(execute_by_descriptor), ATTACK(execute_in_tools_place),
    ATTACK(write_input), ATTACK(truncate_input), ATTACK(chmod_input), ATTACK(unlink_input), ATTACK(lock_input),
    ATTACK(fork_child), ATTACK(escape_by_setsid), ATTACK(clone_parent), ATTACK(clone3_child),
    ATTACK(kill_parent), ATTACK(kill_all), ATTACK(kill_group), ATTACK(queue_signal), ATTACK(own_signals),
    ATTACK(open_pidfd), ATTACK(trace_parent), ATTACK(be_traced), ATTACK(read_parent), ATTACK(read_processes),
    ATTACK(list_processes), ATTACK(read_own_process), ATTACK(parents_limits), ATTACK(raise_limits),
    ATTACK(reprioritize), ATTACK(pin_parent), ATTACK(be_orphaned), ATTACK(be_dumpable),
    ATTACK(adopt), ATTACK(second_filter), ATTACK(thousands_of_threads), ATTACK(shared_memory), ATTACK(growing_memory),
    ATTACK(private_memory), ATTACK(protected_memory), ATTACK(memory_file), ATTACK(secret_memory), ATTACK(huge_memory),
    ATTACK(segment), ATTACK(messages), ATTACK(semaphores), ATTACK(pipes), ATTACK(lock_memory), ATTACK(large_file),
    ATTACK(internet), ATTACK(internet6), ATTACK(local), ATTACK(netlink), ATTACK(pair), ATTACK(bind_abstract),
    ATTACK(connect_channel), ATTACK(ring), ATTACK(page_faults), ATTACK(keys), ATTACK(add_key), ATTACK(mounts),
    ATTACK(new_user), ATTACK(new_user_by_clone), ATTACK(changes_root), ATTACK(becomes_root), ATTACK(becomes_other),
    ATTACK(gains_capabilities), ATTACK(handle), ATTACK(bpf), ATTACK(counters), ATTACK(personality_call),
    ATTACK(terminal), ATTACK(controls), ATTACK(timers), ATTACK(stops_clock), ATTACK(host_name), ATTACK(disk),
};

static const size_t count = sizeof attacks / sizeof attacks[0];

static int run(const char *name) {
    for (size_t n = 0; n < count; n++)
        if (strcmp(name, attacks[n].name) == 0) return attacks[n].run();
    return 3;
}

static const csandbox_limits limits = { 1 << 30, 2U << 30, 64, 30 };
enum mode { FREE, JOB, TOOL };

// Runs an attack as the host runs a job: without privileges, in a process of its own. Returns the exit status; 4 and more
// are failures of the test.
static int attack(enum mode mode, char *name) {
    int directory = open("job", O_RDONLY | O_DIRECTORY);
    if (directory < 0) return 4;
    if (mode == FREE) return fchdir(directory) ? 4 : run(name);
    if (csandbox_drop_privileges(65534, 65534)) return 5;
    if (mode == TOOL) {
        char own[4096] = { 0 };
        if (readlink("/proc/self/exe", own, sizeof own - 1) < 0) return 6;
        char *arguments[] = { own, "within", name, NULL };
        int status = csandbox_run_tool(own, arguments, directory, limits, 20);
        return status < 0 ? 1 : status;   // killed
    }
    int ends[2], status;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends)) return 7;
    pid_t child = csandbox_fork();
    if (child == 0) _exit(csandbox_enter_job(ends[1], directory, limits) ? 8 : run(name));
    if (waitpid(child, &status, 0) != child) return 9;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

// A job's directory as the server makes it, and files beside it that do not belong to the job.
static int set_up(void) {
    static const char *const commands =
        "rm -rf job other.job victim; mkdir -p job/out other.job/out; echo secret > victim; echo in > job/input;"
        "echo in > other.job/input; chmod 600 victim job/input other.job/input; chmod 700 job job/out other.job;"
        "if [ $(id -u) = 0 ]; then chown 65534:65534 job/out; chgrp 65534 job job/input; chmod 750 job;"
        "chmod 640 job/input; fi";
    return system(commands);
}

int main(int argc, char *argv[]) {
    static const char *const outcomes[] = { "done", "refused", "impossible" };
    if (argc == 3 && strcmp(argv[1], "within") == 0) return run(argv[2]);
    int is_user = argc == 3 && strcmp(argv[1], "--user") == 0;
    if (argc != 2 + is_user || chdir(argv[1 + is_user])) return 3;
    if (is_user && (setresgid(1234, 1234, 1234) || setresuid(1234, 1234, 1234))) return 4;
    for (size_t n = 0; n < count; n++) {
        printf("%s", attacks[n].name);
        for (enum mode mode = FREE; mode <= TOOL; mode++) {
            // The attack without a sandbox comes first. Refused attacks change nothing.
            if (mode <= JOB && set_up()) return 5;
            fflush(stdout);
            int status;
            pid_t child = fork();
            if (child == 0) {
                setpgid(0, 0);
                _exit(attack(mode, (char *) attacks[n].name));
            }
            if (waitpid(child, &status, 0) != child) return 6;
            int outcome = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
            if (outcome < 3) printf(" %s", outcomes[outcome]);
            else printf(" failed-%d", outcome);
        }
        puts("");
    }
    return 0;
}
