// Floor 1, host: the functions of respawn.hpp for Windows.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_WIN32)

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cwchar>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tessera/host/descriptor.hpp>
#include <tessera/host/file_info.hpp>
#include <tessera/host/inherited.hpp>
#include <tessera/host/win32.hpp>

namespace tessera::host {

namespace detail {

/// The path of this program's file.
inline std::wstring program_file(const std::string& subject) {
  std::wstring out(260, L'\0');
  for (;;) {
    const auto length = ::GetModuleFileNameW(nullptr, out.data(), static_cast<DWORD>(out.size()));
    if (length == 0) throw last_failure(subject, "asking for the program's own file");
    if (length < out.size()) {
      out.resize(length);
      return out;
    }
    out.resize(2 * out.size());
  }
}

/// This process's environment plus one variable, as CreateProcess takes it. The variable is ASCII:
/// it belongs to this library.
inline std::wstring environment_with(const std::string& variable) {
  std::wstring out;
  if (wchar_t* const all = ::GetEnvironmentStringsW()) {
    const wchar_t* end = all;
    while (*end != L'\0') end += std::wcslen(end) + 1;
    out.assign(all, static_cast<std::size_t>(end - all));
    ::FreeEnvironmentStringsW(all);
  }
  out.append(variable.begin(), variable.end());
  out.push_back(L'\0');
  out.push_back(L'\0');
  return out;
}

/// A copy of a handle that a new process can inherit.
inline Descriptor inheritable(HANDLE handle) noexcept {
  HANDLE out = nullptr;
  const HANDLE self = ::GetCurrentProcess();
  if (handle == nullptr || handle == INVALID_HANDLE_VALUE ||
      ::DuplicateHandle(self, handle, self, &out, 0, TRUE, DUPLICATE_SAME_ACCESS) == 0)
    return {};
  return Descriptor(out);
}

/// Attributes of a new process from its start: the handles that it inherits, and its job object, if
/// any.
class StartAttributes {
 public:
  StartAttributes(std::vector<HANDLE> inherited, HANDLE job, const std::string& subject)
      : inherited_(std::move(inherited)), job_(job) {
    SIZE_T bytes = 0;
    ::InitializeProcThreadAttributeList(nullptr, 2, 0, &bytes);
    memory_ = std::make_unique<std::byte[]>(bytes);
    if (::InitializeProcThreadAttributeList(get(), 2, 0, &bytes) == 0)
      throw last_failure(subject, "starting the program again");
    const bool made = set(PROC_THREAD_ATTRIBUTE_HANDLE_LIST, inherited_.data(),
                          inherited_.size() * sizeof(HANDLE)) &&
                      (job == nullptr || set(job_list, &job_, sizeof job_));
    if (made) return;
    const auto failure = last_failure(subject, "starting the program again in a job object",
                                      "Windows 10 or newer is needed");
    ::DeleteProcThreadAttributeList(get());
    throw failure;
  }
  StartAttributes(const StartAttributes&) = delete;
  StartAttributes& operator=(const StartAttributes&) = delete;
  ~StartAttributes() { ::DeleteProcThreadAttributeList(get()); }
  LPPROC_THREAD_ATTRIBUTE_LIST get() const noexcept {
    return reinterpret_cast<LPPROC_THREAD_ATTRIBUTE_LIST>(memory_.get());
  }

 private:
  // PROC_THREAD_ATTRIBUTE_JOB_LIST. Headers for older systems lack it.
  static constexpr DWORD_PTR job_list = 0x2000D;

  bool set(DWORD_PTR attribute, void* value, std::size_t bytes) const noexcept {
    return ::UpdateProcThreadAttribute(get(), 0, attribute, value, bytes, nullptr, nullptr) != 0;
  }

  std::vector<HANDLE> inherited_;
  HANDLE job_;
  std::unique_ptr<std::byte[]> memory_;
};

/// As respawn(). If a job object is given, the new process is in it from its start.
inline Respawned start_in_job(const std::string& subject, const std::vector<std::string>& arguments,
                              const std::string& variable, const InheritedHandles& handles,
                              const Descriptor& job) {
  std::vector<Descriptor> copies;
  std::vector<HANDLE> inherited;
  Numbers numbers;
  for (const auto* const file : handles) {
    copies.push_back(inheritable(file->get()));
    if (!copies.back()) throw last_failure(subject, "starting the program again");
    numbers.push_back(reinterpret_cast<std::uintptr_t>(copies.back().get()));
  }
  STARTUPINFOEXW with{};
  with.StartupInfo.cb = sizeof with;
  with.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
  const auto stream = [&](DWORD which) {
    copies.push_back(inheritable(::GetStdHandle(which)));
    return copies.back().get();
  };
  with.StartupInfo.hStdInput = stream(STD_INPUT_HANDLE);
  with.StartupInfo.hStdOutput = stream(STD_OUTPUT_HANDLE);
  with.StartupInfo.hStdError = stream(STD_ERROR_HANDLE);
  for (const auto& copy : copies)
    if (copy) inherited.push_back(copy.get());
  const StartAttributes attributes(std::move(inherited), job ? job.get() : nullptr, subject);
  with.lpAttributeList = attributes.get();

  const auto file = program_file(subject);
  std::wstring line = L'"' + file + L'"';
  for (const auto& argument : arguments)
    line += L' ' + std::wstring(argument.begin(), argument.end());
  const auto word = as_word(numbers);
  line += L' ' + std::wstring(word.begin(), word.end());
  auto environment = environment_with(variable);
  PROCESS_INFORMATION made{};
  const auto start = [&] {
    return ::CreateProcessW(
               file.c_str(), line.data(), nullptr, nullptr, TRUE,
               EXTENDED_STARTUPINFO_PRESENT | CREATE_UNICODE_ENVIRONMENT | CREATE_NEW_PROCESS_GROUP,
               environment.data(), nullptr, &with.StartupInfo, &made) != 0;
  };
  // On a busy machine a process may end before its first instruction, which Wine tells as an
  // internal error (seen once in some thousand starts). No code of the program has run then.
  bool started = start();
  for (int tries = 1; !started && tries < 3 && ::GetLastError() == ERROR_INTERNAL_ERROR; ++tries)
    started = start();
  if (!started)
    throw last_failure(subject, "starting the program again", "see the memory that is free");
  const Descriptor thread(made.hThread);
  return {static_cast<int>(made.dwProcessId), Descriptor(made.hProcess)};
}

}  // namespace detail

inline bool has_gained_rights() noexcept { return false; }

inline Respawned respawn(const std::string& subject, std::vector<std::string> arguments,
                         const std::string& variable, const InheritedHandles& handles) {
  return detail::start_in_job(subject, arguments, variable, handles, {});
}

inline std::vector<Descriptor> take_inherited(std::string_view word, std::size_t count) {
  std::vector<Descriptor> out;
  const auto numbers = as_numbers(word);
  if (!numbers || numbers->size() != count) return out;
  const auto handle = [](std::uint64_t number) {
    return reinterpret_cast<HANDLE>(static_cast<std::uintptr_t>(number));
  };
  DWORD flags = 0;
  for (const auto number : *numbers)
    if (::GetHandleInformation(handle(number), &flags) == 0) return out;
  for (const auto number : *numbers) {
    out.emplace_back(handle(number));
    ::SetHandleInformation(out.back().get(), HANDLE_FLAG_INHERIT, 0);
  }
  return out;
}

inline void forget_variable(const char* variable) noexcept {
  ::SetEnvironmentVariableA(variable, nullptr);
  ::_putenv_s(variable, "");  // the C library's copy
}

}  // namespace tessera::host

#endif
