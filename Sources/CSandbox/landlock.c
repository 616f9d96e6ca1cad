#define _GNU_SOURCE
#include "csandbox.h"
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// Copied from the kernel's include/uapi/linux/landlock.h: a distribution's headers may be older than the running kernel.
#define CREATE_RULESET_VERSION (1U << 0)
#define RULE_PATH_BENEATH 1
#define FS_EXECUTE (1ULL << 0)
#define FS_WRITE_FILE (1ULL << 1)
#define FS_READ_FILE (1ULL << 2)
#define FS_READ_DIR (1ULL << 3)
#define FS_REMOVE_FILE (1ULL << 5)
#define FS_MAKE_REG (1ULL << 8)
#define FS_TRUNCATE (1ULL << 14)

struct ruleset {
    uint64_t handled_access_fs;
    uint64_t handled_access_net;
    uint64_t scoped;
};
struct path_beneath {
    uint64_t allowed_access;
    int32_t parent_fd;
} __attribute__((packed));

// Everything that the kernel can forbid, by the ABI that introduced it.
static struct ruleset everything(int abi) {
    struct ruleset all = { .handled_access_fs = (1ULL << 13) - 1 };
    if (abi >= 2) all.handled_access_fs |= 1ULL << 13;   // REFER
    if (abi >= 3) all.handled_access_fs |= FS_TRUNCATE;
    if (abi >= 4) all.handled_access_net = (1ULL << 0) | (1ULL << 1);   // BIND_TCP, CONNECT_TCP
    if (abi >= 5) all.handled_access_fs |= 1ULL << 15;   // IOCTL_DEV
    if (abi >= 6) all.scoped = (1ULL << 0) | (1ULL << 1);   // ABSTRACT_UNIX_SOCKET, SIGNAL
    return all;
}

static const int newest_abi = 7;

int csandbox_landlock_abi(void) {
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
    return abi < 0 ? 0 : abi < newest_abi ? (int) abi : newest_abi;
}

// A path that this system does not have needs no rule.
static void allow_beneath(int ruleset, uint64_t handled, const char *path, uint64_t access) {
    // Some rights apply to directories only.
    struct path_beneath rule = { .allowed_access = access & handled };
    rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0) return;
    syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0);
    close(rule.parent_fd);
}

static void allow_libraries(int ruleset, uint64_t handled) {
    // The places of Debian and its relatives, and those of others.
    static const char *const multiarch[] = {
#if defined(__x86_64__)
        "/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu",
#elif defined(__aarch64__)
        "/usr/lib/aarch64-linux-gnu", "/lib/aarch64-linux-gnu",
#endif
    };
    static const char *const others[] = { "/usr/local/lib", "/usr/local/lib64", "/usr/lib64", "/lib64" };
    for (size_t i = 0; i < sizeof multiarch / sizeof multiarch[0]; i++)
        allow_beneath(ruleset, handled, multiarch[i], FS_READ_FILE);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        allow_beneath(ruleset, handled, others[i], FS_READ_FILE);
    if (access(multiarch[0], F_OK)) {
        allow_beneath(ruleset, handled, "/usr/lib", FS_READ_FILE);
        allow_beneath(ruleset, handled, "/lib", FS_READ_FILE);
    }
    allow_beneath(ruleset, handled, "/etc/ld.so.cache", FS_READ_FILE);
}

// Most PDFs bring their fonts. The text of others is drawn in the system's, which fontconfig finds.
static void allow_fonts(int ruleset, uint64_t handled) {
    static const char *const places[] = {
        "/etc/fonts", "/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/fontconfig", "/var/cache/fontconfig",
        "/usr/share/poppler",
    };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        allow_beneath(ruleset, handled, places[i], FS_READ_FILE | FS_READ_DIR);
}

int restrict_files(const char *tool) {
    int abi = csandbox_landlock_abi();
    if (abi == 0) return 0;
    struct ruleset all = everything(abi);
    uint64_t handled = all.handled_access_fs;
    int ruleset = (int) syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
    if (ruleset < 0) return errno;
    allow_libraries(ruleset, handled);
    allow_beneath(ruleset, handled, "/dev/null", FS_READ_FILE | FS_WRITE_FILE);
    allow_beneath(ruleset, handled, "/dev/urandom", FS_READ_FILE);
    allow_beneath(ruleset, handled, CSANDBOX_INPUT, FS_READ_FILE);
    allow_beneath(
        ruleset, handled, CSANDBOX_RESULTS,
        FS_READ_FILE | FS_WRITE_FILE | FS_MAKE_REG | FS_REMOVE_FILE | FS_TRUNCATE);
    if (tool != NULL) {
        allow_fonts(ruleset, handled);
        allow_beneath(ruleset, handled, tool, FS_READ_FILE | FS_EXECUTE);
#if defined(__x86_64__)
        allow_beneath(ruleset, handled, "/lib64/ld-linux-x86-64.so.2", FS_READ_FILE | FS_EXECUTE);
#elif defined(__aarch64__)
        allow_beneath(ruleset, handled, "/lib/ld-linux-aarch64.so.1", FS_READ_FILE | FS_EXECUTE);
#endif
    }
    int result = syscall(SYS_landlock_restrict_self, ruleset, 0) ? errno : 0;
    close(ruleset);
    return result;
}
