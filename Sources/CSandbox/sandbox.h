// Declarations that this target's files share.
#ifndef SANDBOX_H
#define SANDBOX_H

// The descriptor from which a tool's program is started. It is above RLIMIT_NOFILE by then, so no other file can take its
// number, and the program can be started only once.
#define TOOL_DESCRIPTOR 200

// Confines the process by Landlock: it can read its input and the system's libraries, and write in its directory for
// results. `tool` is the program that it may become, or NULL. Returns 0, also where the kernel has no Landlock, or an
// errno.
int restrict_files(const char *tool);

// Confines the process by seccomp to the calls on a list. It may become a tool, or nothing. Returns 0 or an errno.
int filter_system_calls(int may_become_tool);

#endif
