// Floor 1, host: the members of children.hpp for Windows.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_WIN32)

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tessera/host/channel.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/process.hpp>
#include <tessera/host/respawn.hpp>

namespace tessera::host {

// One thread waits for all children and the channel.
static_assert(most_children == MAXIMUM_WAIT_OBJECTS - 1);

class Children {
 public:
  explicit Children(const std::string& subject) : job_(::CreateJobObjectW(nullptr, nullptr)) {
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits{};
    limits.BasicLimitInformation.LimitFlags =
        JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION;
    if (!job_ || ::SetInformationJobObject(job_.get(), JobObjectExtendedLimitInformation, &limits,
                                           sizeof limits) == 0)
      throw last_failure(subject, "making a job object");
  }

  std::optional<ChildEnd> collect() noexcept {
    for (auto child = children_.begin(); child != children_.end(); ++child) {
      if (::WaitForSingleObject(child->process.get(), 0) != WAIT_OBJECT_0) continue;
      DWORD code = 0;
      ::GetExitCodeProcess(child->process.get(), &code);
      const ChildEnd end{child->pid, static_cast<int>(code)};
      children_.erase(child);
      return end;
    }
    return std::nullopt;
  }

  void kill(int pid) const noexcept {
    for (const auto& child : children_)
      if (child.pid == pid) ::TerminateProcess(child.process.get(), ProcessHandle::killed);
  }

  struct Woken {
    bool channel_ready, caller_ended;
  };
  Woken wait(const Channel& channel, const ProcessHandle&, int milliseconds) const noexcept {
    wait_for(&channel.descriptor(), milliseconds);
    return {::WaitForSingleObject(channel.descriptor().get(), 0) == WAIT_OBJECT_0, false};
  }
  void wait(int milliseconds) const noexcept { wait_for(nullptr, milliseconds); }

  /// Only here: as host::respawn. Returns the new process's id.
  int respawn(const std::string& subject, const std::vector<std::string>& arguments,
              const std::string& variable, const InheritedHandles& handles) {
    children_.reserve(children_.size() + 1);  // before: a started process must be recorded
    auto started = detail::start_in_job(subject, arguments, variable, handles, job_);
    children_.push_back(std::move(started));
    return children_.back().pid;
  }

 private:
  void wait_for(const Descriptor* also, int milliseconds) const noexcept {
    std::array<HANDLE, MAXIMUM_WAIT_OBJECTS> handles;
    DWORD count = 0;
    if (also != nullptr) handles[count++] = also->get();
    for (const auto& child : children_)
      if (count < handles.size()) handles[count++] = child.process.get();
    const DWORD timeout = milliseconds < 0 ? INFINITE : static_cast<DWORD>(milliseconds);
    if (count == 0)
      ::Sleep(timeout);
    else
      ::WaitForMultipleObjects(count, handles.data(), FALSE, timeout);
  }

  Descriptor job_;
  std::vector<Respawned> children_;
};

}  // namespace tessera::host

#endif
