// A process whose system refuses some calls, as older container runtimes and emulators do.
#pragma once

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cstddef>
#include <utility>
#include <vector>

#include "support/scene.hpp"

namespace tessera_test {

/// From now on the system answers to calls of this process, and of those that it starts, as the
/// program of this filter says.
inline void install_filter(std::vector<sock_filter> program) {
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const struct sock_fprog filter {
    static_cast<unsigned short>(program.size()), program.data()
  };
  must(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0,
       "calls can be refused");
}

/// From now on these calls fail with `failure`.
inline void refuse_calls(const std::vector<long>& calls, int failure) {
  std::vector<sock_filter> program{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
  for (const auto call : calls) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 1));
    program.push_back(
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(failure)));
  }
  install_filter(std::move(program));
}

/// From now on opening a file without a name fails with `failure`.
inline void refuse_nameless_files(int failure) {
  constexpr auto flag = static_cast<unsigned>(O_TMPFILE & ~O_DIRECTORY);
  install_filter({BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(SYS_openat), 0, 3),
                  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
                  BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, flag, 0, 1),
                  BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(failure))});
}

}  // namespace tessera_test
