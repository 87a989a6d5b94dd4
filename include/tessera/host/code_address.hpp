// Floor 1, host: addresses of code and data in the program and its libraries.
//
// A function is sent to another process as module + offset. That is right wherever the module is
// loaded there. If the process lacks the module, the result is an Error, not a jump to a wrong
// address. A module is identified by a hash of its name and build id; on Windows by its file's
// headers, which include the link time.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/host/module.hpp>

namespace tessera::host {

namespace detail {

/// The module that contains this address; nothing if none does.
inline std::optional<Module> module_with(std::uintptr_t address);

/// All modules loaded now.
inline std::vector<Module> modules_now();

}  // namespace detail

/// A function's module, and its offset in it.
struct CodeAddress {
  std::uint64_t module = 0;
  std::uint64_t offset = 0;
  friend bool operator==(const CodeAddress&, const CodeAddress&) = default;
};

/// The place of a function; nothing if no loaded module contains it.
inline std::optional<CodeAddress> locate(const void* function) {
  const auto address = reinterpret_cast<std::uintptr_t>(function);
  const auto module = detail::module_with(address);
  if (!module) return std::nullopt;
  return CodeAddress{module->identity, address - module->base};
}

/// The modules loaded at construction. Its methods take no lock of the dynamic loader, which may
/// stay locked for ever in a fork.
class Modules {
 public:
  Modules() = default;
  static Modules loaded_now() {
    Modules out;
    out.loaded_ = detail::modules_now();
    return out;
  }

  /// The function at that place in this process; null if its module was not loaded.
  void* resolve(const CodeAddress& code) const noexcept {
    for (const auto& module : loaded_)
      if (module.identity == code.module) return reinterpret_cast<void*>(module.base + code.offset);
    return nullptr;
  }

 private:
  std::vector<detail::Module> loaded_;
};

/// A number that changes when a library is loaded or unloaded. Results of locate() are valid while
/// it is the same. On Windows it always changes.
inline std::uint64_t modules_generation() noexcept;

/// True if a machine word looks like a pointer into this process's heap, stacks or mappings, which
/// means nothing in another process. Pointers into modules (globals, literals, functions) do not
/// count if other processes have these modules `at_the_same_place`, as forked workers do. A word
/// below 2^44 (Windows: 2^32) is more likely a number. It counts only if it `may_be_low`: the heap
/// is that low in a program that is not a PIE, or under valgrind. Globals of such a program have
/// the same address in all its processes.
inline bool points_into_private_memory(std::uintptr_t word, bool at_the_same_place = true,
                                       bool may_be_low = false);

}  // namespace tessera::host

#if defined(TESSERA_POSIX)
#include <tessera/host/code_address_posix.hpp>
#else
#include <tessera/host/code_address_win32.hpp>
#endif
