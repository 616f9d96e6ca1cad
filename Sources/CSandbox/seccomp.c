#define _GNU_SOURCE
#include "sandbox.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#else
#error "the system-call filter knows x86-64 and arm64"
#endif

#define REFUSE (SECCOMP_RET_ERRNO | EPERM)
#define KILL SECCOMP_RET_KILL_PROCESS

// The calls that decoders and glibc need. Landlock decides which files they may open.
static const int allowed[] = {
    // Open files.
    SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_preadv, SYS_pwritev, SYS_lseek,
    SYS_close, SYS_fstat, SYS_newfstatat, SYS_statx, SYS_openat, SYS_faccessat, SYS_unlinkat, SYS_ftruncate,
    SYS_fadvise64, SYS_dup,
    SYS_recvfrom, SYS_ppoll, SYS_pselect6,
#ifdef SYS_faccessat2
    SYS_faccessat2,
#endif
#if defined(__x86_64__)
    SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_unlink, SYS_poll, SYS_select, SYS_arch_prctl, SYS_time, SYS_getpgrp,
#endif
    // Memory.
    SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise, SYS_brk,
    // Threads.
    SYS_futex, SYS_set_robust_list, SYS_set_tid_address, SYS_membarrier, SYS_sched_yield, SYS_sched_getaffinity,
    SYS_sched_getattr, SYS_sched_getparam, SYS_sched_getscheduler, SYS_getcpu, SYS_exit, SYS_exit_group,
#ifdef SYS_rseq
    SYS_rseq,
#endif
    // The process's own signals.
    SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack, SYS_restart_syscall,
    // The process's identity, and the time.
    SYS_getpid, SYS_gettid, SYS_getppid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_getrusage, SYS_times,
    SYS_clock_gettime, SYS_clock_getres, SYS_clock_nanosleep, SYS_nanosleep, SYS_gettimeofday, SYS_uname, SYS_sysinfo,
    SYS_umask, SYS_getrandom,
#ifdef SYS_getrlimit
    SYS_getrlimit,
#endif
};

// What fontconfig needs as well, which a tool that draws text uses.
static const int allowed_to_tools[] = { SYS_getdents64, SYS_fstatfs };

// clone3 and newer calls, such as openat2. A filter cannot see their arguments, which are in memory, or does not know them.
// glibc falls back to an older call where the kernel does not know the new one.
static const uint32_t newest = 435;

// Calls that no decoder makes by mistake. A process that makes one was hijacked, and is killed.
static const int deadly[] = {
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd,
    SYS_keyctl, SYS_add_key, SYS_request_key, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_unshare,
    SYS_setns, SYS_open_by_handle_at, SYS_name_to_handle_at, SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid,
    SYS_setresuid, SYS_setresgid, SYS_setfsuid, SYS_setfsgid, SYS_setgroups, SYS_capset, SYS_reboot, SYS_swapon,
    SYS_swapoff, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_acct, SYS_quotactl,
    SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_sethostname, SYS_setdomainname, SYS_syslog, SYS_vhangup,
    SYS_personality, SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register,
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
#ifdef SYS_fsopen
    SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick, SYS_open_tree, SYS_move_mount,
#endif
#ifdef SYS_mount_setattr
    SYS_mount_setattr,
#endif
#ifdef SYS_pidfd_getfd
    SYS_pidfd_getfd,
#endif
#if defined(__x86_64__)
    SYS_iopl, SYS_ioperm, SYS_modify_ldt, SYS_uselib,
#endif
};

typedef struct {
    struct sock_filter code[512];
    unsigned short count;
} program;

static void emit(program *p, uint16_t code, uint32_t value, uint8_t if_true, uint8_t if_false) {
    if (p->count < sizeof p->code / sizeof p->code[0])
        p->code[p->count] = (struct sock_filter) { code, if_true, if_false, value };
    p->count++;   // beyond the end, the kernel refuses the whole filter
}

static void load(program *p, size_t offset) { emit(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t) offset, 0, 0); }
static void and_with(program *p, uint32_t mask) { emit(p, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0); }
static void skip_unless(program *p, uint32_t value, uint8_t count) {
    emit(p, BPF_JMP | BPF_JEQ | BPF_K, value, 0, count);
}
static void answer(program *p, uint32_t action) { emit(p, BPF_RET | BPF_K, action, 0, 0); }

// The lower half of an argument. Both architectures are little-endian.
static size_t argument(int index) { return offsetof(struct seccomp_data, args) + 8 * (size_t) index; }

static void answer_call(program *p, int call, uint32_t action) {
    skip_unless(p, (uint32_t) call, 1);
    answer(p, action);
}

static void answer_calls(program *p, const int *calls, size_t count, uint32_t action) {
    for (size_t i = 0; i < count; i++) answer_call(p, calls[i], action);
}

// Takes `action` if the masked bits of an argument have this value, else `otherwise`.
static void answer_if(
    program *p, int call, int index, uint32_t mask, uint32_t value, uint32_t action, uint32_t otherwise) {
    skip_unless(p, (uint32_t) call, 5);
    load(p, argument(index));
    and_with(p, mask);
    skip_unless(p, value, 1);
    answer(p, action);
    answer(p, otherwise);
}

// Allows the call only if the pointer is NULL.
static void allow_without(program *p, int call, int index) {
    skip_unless(p, (uint32_t) call, 6);
    load(p, argument(index));
    skip_unless(p, 0, 3);
    load(p, argument(index) + 4);
    skip_unless(p, 0, 1);
    answer(p, SECCOMP_RET_ALLOW);
    answer(p, REFUSE);
}

// Allows the call only with one of these values of an argument; takes `action` for any other.
static void allow_values(program *p, int call, int index, const uint32_t *values, uint8_t count, uint32_t otherwise) {
    skip_unless(p, (uint32_t) call, (uint8_t) (2 + 2 * count));
    load(p, argument(index));
    for (uint8_t i = 0; i < count; i++) {
        skip_unless(p, values[i], 1);
        answer(p, SECCOMP_RET_ALLOW);
    }
    answer(p, otherwise);
}

static void begin(program *p) {
    load(p, offsetof(struct seccomp_data, arch));
    emit(p, BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0);
    answer(p, KILL);
    load(p, offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
    // The x32 calls are the same calls under other numbers.
    emit(p, BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1);
    answer(p, KILL);
#endif
}

// Memory that RLIMIT_DATA does not count: shared, in huge pages, or growing like a stack.
static void allow_counted_memory(program *p) {
    skip_unless(p, SYS_mmap, 9);
    load(p, argument(3));
    and_with(p, MAP_GROWSDOWN | MAP_HUGETLB);
    skip_unless(p, 0, 4);
    load(p, argument(3));
    and_with(p, MAP_SHARED | MAP_ANONYMOUS);
    emit(p, BPF_JMP | BPF_JEQ | BPF_K, MAP_SHARED | MAP_ANONYMOUS, 1, 0);
    answer(p, SECCOMP_RET_ALLOW);
    answer(p, REFUSE);
    answer(p, REFUSE);
}

int filter_system_calls(int may_become_tool) {
    program p = { .count = 0 };
    begin(&p);
    answer_calls(&p, allowed, sizeof allowed / sizeof allowed[0], SECCOMP_RET_ALLOW);
    allow_counted_memory(&p);
    // Only a thread of this process: no new process and no new namespace.
    const uint32_t thread = CLONE_THREAD | CLONE_VM | CLONE_SIGHAND;
    const uint32_t process = CLONE_VFORK | CLONE_PARENT | CLONE_PTRACE | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS
        | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
    answer_if(&p, SYS_clone, 0, thread | process, thread, SECCOMP_RET_ALLOW, REFUSE);
    // F_SETOWN is not allowed: it sends signals.
    static const uint32_t commands[] = { F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL };
    allow_values(&p, SYS_fcntl, 1, commands, sizeof commands / sizeof commands[0], REFUSE);
    static const uint32_t names[] = { PR_SET_NAME, PR_GET_NAME, PR_SET_VMA };
    allow_values(&p, SYS_prctl, 0, names, sizeof names / sizeof names[0], REFUSE);
    // Sockets send only to their peer. Limits can be read, not set.
    allow_without(&p, SYS_sendto, 4);
    allow_without(&p, SYS_prlimit64, 2);
    // TIOCSTI types into somebody's terminal.
    static const uint32_t terminal[] = { TIOCSTI, TIOCLINUX, TIOCSETD };
    for (size_t i = 0; i < sizeof terminal / sizeof terminal[0]; i++) {
        skip_unless(&p, SYS_ioctl, 4);
        load(&p, argument(1));
        skip_unless(&p, terminal[i], 1);
        answer(&p, KILL);
        load(&p, offsetof(struct seccomp_data, nr));
    }
    if (may_become_tool)
        answer_calls(&p, allowed_to_tools, sizeof allowed_to_tools / sizeof allowed_to_tools[0], SECCOMP_RET_ALLOW);
    if (may_become_tool) answer_if(&p, SYS_execveat, 0, ~0U, TOOL_DESCRIPTOR, SECCOMP_RET_ALLOW, REFUSE);
    answer_calls(&p, deadly, sizeof deadly / sizeof deadly[0], KILL);
    emit(&p, BPF_JMP | BPF_JGE | BPF_K, newest, 0, 1);
    answer(&p, SECCOMP_RET_ERRNO | ENOSYS);
    answer(&p, REFUSE);
    struct sock_fprog filter = { p.count, p.code };
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) ? errno : 0;
}
