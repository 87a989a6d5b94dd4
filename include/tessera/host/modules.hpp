// Floor 1, host: code and data of the loaded program and its libraries.
//
// A function travels to another process as module + offset: right wherever that process has the
// module, and an Error where it does not, instead of a jump into nowhere.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/host/win32.hpp>

#if defined(TESSERA_LINUX)
#include <elf.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>
#endif
#if defined(TESSERA_WIN32)
#include <psapi.h>
#endif

namespace tessera::host {

/// A function's place: which module (a hash of its name and build id) and where in it.
struct CodeAddress {
  std::uint64_t module = 0;
  std::uint64_t offset = 0;
  friend bool operator==(const CodeAddress&, const CodeAddress&) = default;
};

namespace detail {

struct Module {
  std::uintptr_t base = 0;
  std::uint64_t identity = 0;
  bool holds_address = false;
};

inline std::uint64_t hash(std::uint64_t seed, const void* bytes, std::size_t count) {  // FNV-1a
  for (std::size_t i = 0; i < count; ++i) {
    seed ^= static_cast<const unsigned char*>(bytes)[i];
    seed *= 0x100000001b3u;
  }
  return seed;
}

#if defined(TESSERA_LINUX)
inline Module read_module(const dl_phdr_info& info, std::uintptr_t address) {
  Module out{info.dlpi_addr, 0xcbf29ce484222325u, false};
  out.identity = hash(out.identity, info.dlpi_name, std::strlen(info.dlpi_name));
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const auto& header = info.dlpi_phdr[i];
    const std::uintptr_t begin = info.dlpi_addr + header.p_vaddr;
    if (header.p_type == PT_LOAD && address >= begin && address - begin < header.p_memsz)
      out.holds_address = true;
    if (header.p_type == PT_NOTE)
      out.identity = hash(out.identity, reinterpret_cast<const void*>(begin), header.p_filesz);
  }
  return out;
}

/// Calls f(Module) until it returns true.
template <class F>
void each_module(std::uintptr_t address, F&& f) {
  struct Context {
    F& f;
    std::uintptr_t address;
  } context{f, address};
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        auto& c = *static_cast<Context*>(data);
        return c.f(read_module(*info, c.address)) ? 1 : 0;
      },
      &context);
}
#elif defined(TESSERA_WIN32)
/// A module by its file's headers, which tell when it was linked and where everything is; but for
/// where it was loaded, which is written into them. They are a page at most.
inline Module read_module(HMODULE handle) {
  const auto* const begin = reinterpret_cast<const std::byte*>(handle);
  Module out{reinterpret_cast<std::uintptr_t>(begin), 0xcbf29ce484222325u, false};
  IMAGE_DOS_HEADER dos;
  std::memcpy(&dos, begin, sizeof dos);
  IMAGE_NT_HEADERS headers;
  const auto* const at = begin + dos.e_lfanew;
  std::memcpy(&headers, at, sizeof headers);
  headers.OptionalHeader.ImageBase = 0;
  out.identity = hash(out.identity, &headers, sizeof headers);
  const auto sections = sizeof(IMAGE_SECTION_HEADER) * headers.FileHeader.NumberOfSections;
  out.identity = hash(out.identity, at + sizeof headers, sections);
  return out;
}

/// The module that has this address, or null.
inline HMODULE module_with(const void* address) noexcept {
  HMODULE out = nullptr;
  if (address == nullptr) return out;  // which would mean the program itself
  ::GetModuleHandleExW(
      GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
      static_cast<LPCWSTR>(address), &out);
  return out;
}

inline std::vector<HMODULE> modules_now() {
  std::vector<HMODULE> out(64);
  for (;;) {
    const auto bytes = static_cast<DWORD>(out.size() * sizeof(HMODULE));
    DWORD needed = 0;
    if (::EnumProcessModules(::GetCurrentProcess(), out.data(), bytes, &needed) == 0) return {};
    out.resize(needed / sizeof(HMODULE));
    if (needed <= bytes) return out;
  }
}
#endif

}  // namespace detail

/// Where a function is, or nothing if no loaded module has it.
inline std::optional<CodeAddress> locate(const void* function) {
  std::optional<CodeAddress> out;
#if defined(TESSERA_LINUX)
  const auto address = reinterpret_cast<std::uintptr_t>(function);
  detail::each_module(address, [&](const detail::Module& module) {
    if (module.holds_address) out = CodeAddress{module.identity, address - module.base};
    return module.holds_address;
  });
#elif defined(TESSERA_WIN32)
  if (const auto handle = detail::module_with(function)) {
    const auto module = detail::read_module(handle);
    out = CodeAddress{module.identity, reinterpret_cast<std::uintptr_t>(function) - module.base};
  }
#else
  out = CodeAddress{0, reinterpret_cast<std::uintptr_t>(function)};
#endif
  return out;
}

/// The program and the libraries that are loaded at one moment, and where. What is asked of it
/// takes no lock of the loader, which in a copy of a process may be held for ever.
class Modules {
 public:
  Modules() = default;
  static Modules loaded_now() {
    Modules out;
#if defined(TESSERA_LINUX)
    detail::each_module(0, [&](const detail::Module& module) {
      out.bases_.emplace_back(module.identity, module.base);
      return false;
    });
#elif defined(TESSERA_WIN32)
    for (const auto handle : detail::modules_now()) {
      const auto module = detail::read_module(handle);
      out.bases_.emplace_back(module.identity, module.base);
    }
#endif
    return out;
  }

  /// The function at that place in this process, or null if its module was not loaded.
  void* resolve(const CodeAddress& code) const noexcept {
#if defined(TESSERA_LINUX) || defined(TESSERA_WIN32)
    for (const auto& [identity, base] : bases_)
      if (identity == code.module) return reinterpret_cast<void*>(base + code.offset);
    return nullptr;
#else
    return reinterpret_cast<void*>(static_cast<std::uintptr_t>(code.offset));
#endif
  }

 private:
  std::vector<std::pair<std::uint64_t, std::uintptr_t>> bases_;
};

/// A number that is another one after a library was loaded or unloaded: what locate() said may be
/// kept as long as it stays. On Windows it never stays.
inline std::uint64_t modules_generation() noexcept {
  std::uint64_t out = 0;
#if defined(TESSERA_LINUX)
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        *static_cast<std::uint64_t*>(data) = info->dlpi_adds + info->dlpi_subs;
        return 1;
      },
      &out);
#elif defined(TESSERA_WIN32)
  static std::atomic<std::uint64_t> asked{0};
  out = ++asked;
#endif
  return out;
}

/// True if a machine word looks like a pointer into this process's heap, stacks or mappings, which
/// no other process could follow. Pointers into modules (globals, literals, functions) are not,
/// where other processes have them `at_the_same_place`, as forked workers have. A word below 2^44,
/// or 2^32 on Windows, is more likely a number, and taken for a pointer only where it `may_be_low`:
/// that low the heap lies in a program that is no PIE, or that valgrind runs. Such a program's own
/// globals are at the same place in every process of it.
inline bool points_into_private_memory(std::uintptr_t word, bool at_the_same_place = true,
                                       bool may_be_low = false) {
  constexpr std::uintptr_t lowest = 65536;  // nothing is mapped below it
#if defined(TESSERA_LINUX)
  const bool low = word < (std::uintptr_t{1} << 44);
  if (word < lowest || word >= (std::uintptr_t{1} << 47) || (low && !may_be_low)) return false;
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  unsigned char resident = 0;
  if (::mincore(reinterpret_cast<void*>(word / page * page), 1, &resident) != 0) return false;
  return !(at_the_same_place || low) || !locate(reinterpret_cast<const void*>(word));
#elif defined(TESSERA_WIN32)
  const bool low = word < (std::uintptr_t{1} << 32);
  if (word < lowest || word >= (std::uintptr_t{1} << 47) || (low && !may_be_low)) return false;
  MEMORY_BASIC_INFORMATION info{};
  if (::VirtualQuery(reinterpret_cast<const void*>(word), &info, sizeof info) == 0) return false;
  return info.State == MEM_COMMIT && (!at_the_same_place || info.Type != MEM_IMAGE);
#else
  static_cast<void>(word), static_cast<void>(at_the_same_place), static_cast<void>(may_be_low),
      static_cast<void>(lowest);
  return false;
#endif
}

}  // namespace tessera::host
