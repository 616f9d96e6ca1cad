// Shared by this target's files.
#ifndef SANDBOX_H
#define SANDBOX_H

// The descriptor that a tool's program is started from. It is above RLIMIT_NOFILE by then, so no other can take its
// number, and what is allowed to start from it can be started once.
#define TOOL_DESCRIPTOR 200

// Landlock: the process reads its input and the system's libraries, and writes in its directory for results. `tool` is
// the program it may become, or NULL. 0, also where the kernel has no Landlock, or an errno.
int restrict_files(const char *tool);

// seccomp: only calls on a list; the process may become a tool, or nothing. 0, or an errno.
int filter_system_calls(int may_become_tool);

#endif
