// Floor 1, host: code and data of the loaded program and its libraries.
//
// A function travels to another process as module + offset: right wherever that process has the
// module, and an Error where it does not, instead of a jump into nowhere. A module is known by a
// hash of its name and build id; on Windows by its file's headers, which tell when it was linked.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/host/module.hpp>

namespace tessera::host {

namespace detail {

/// The module that has this address, if there is one.
inline std::optional<Module> module_with(std::uintptr_t address);

/// All modules that are loaded now.
inline std::vector<Module> modules_now();

}  // namespace detail

/// A function's place: which module, and where in it.
struct CodeAddress {
  std::uint64_t module = 0;
  std::uint64_t offset = 0;
  friend bool operator==(const CodeAddress&, const CodeAddress&) = default;
};

/// Where a function is, or nothing if no loaded module has it.
inline std::optional<CodeAddress> locate(const void* function) {
  const auto address = reinterpret_cast<std::uintptr_t>(function);
  const auto module = detail::module_with(address);
  if (!module) return std::nullopt;
  return CodeAddress{module->identity, address - module->base};
}

/// The program and the libraries that are loaded at one moment, and where. What is asked of it
/// takes no lock of the loader, which in a copy of a process may be held for ever.
class Modules {
 public:
  Modules() = default;
  static Modules loaded_now() {
    Modules out;
    out.loaded_ = detail::modules_now();
    return out;
  }

  /// The function at that place in this process, or null if its module was not loaded.
  void* resolve(const CodeAddress& code) const noexcept {
    for (const auto& module : loaded_)
      if (module.identity == code.module) return reinterpret_cast<void*>(module.base + code.offset);
    return nullptr;
  }

 private:
  std::vector<detail::Module> loaded_;
};

/// A number that is another one after a library was loaded or unloaded: what locate() said may be
/// kept as long as it stays. On Windows it never stays.
inline std::uint64_t modules_generation() noexcept;

/// True if a machine word looks like a pointer into this process's heap, stacks or mappings, which
/// no other process could follow. Pointers into modules (globals, literals, functions) are not,
/// where other processes have them `at_the_same_place`, as forked workers have. A word below 2^44,
/// or 2^32 on Windows, is more likely a number, and taken for a pointer only where it `may_be_low`:
/// that low the heap lies in a program that is no PIE, or that valgrind runs. Such a program's own
/// globals are at the same place in every process of it.
inline bool points_into_private_memory(std::uintptr_t word, bool at_the_same_place = true,
                                       bool may_be_low = false);

}  // namespace tessera::host

#if defined(TESSERA_POSIX)
#include <tessera/host/modules_posix.hpp>
#else
#include <tessera/host/modules_win32.hpp>
#endif
