// Floor 1, host: the functions of code_address.hpp for Windows.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_WIN32)

#include <tessera/host/win32.hpp>
// Must come after the system's main header.
#include <psapi.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include <tessera/base/hash.hpp>
#include <tessera/host/module.hpp>

namespace tessera::host {

namespace detail {

/// A module, identified by its file's headers: link time and layout. The load address, which is
/// written into the headers, is left out. At most one page is read.
inline Module read_module(HMODULE handle) {
  const auto* const begin = reinterpret_cast<const std::byte*>(handle);
  Module out{reinterpret_cast<std::uintptr_t>(begin), tessera::detail::fnv1a({})};
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

inline std::optional<Module> module_with(std::uintptr_t address) {
  HMODULE handle = nullptr;
  if (address == 0) return std::nullopt;  // 0 would mean the program itself
  ::GetModuleHandleExW(
      GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
      reinterpret_cast<LPCWSTR>(address), &handle);
  if (handle == nullptr) return std::nullopt;
  return read_module(handle);
}

inline std::vector<Module> modules_now() {
  std::vector<HMODULE> handles(64);
  for (;;) {
    const auto bytes = static_cast<DWORD>(handles.size() * sizeof(HMODULE));
    DWORD needed = 0;
    if (::EnumProcessModules(::GetCurrentProcess(), handles.data(), bytes, &needed) == 0) return {};
    handles.resize(needed / sizeof(HMODULE));
    if (needed <= bytes) break;
  }
  std::vector<Module> out;
  for (const auto handle : handles) out.push_back(read_module(handle));
  return out;
}

}  // namespace detail

inline std::uint64_t modules_generation() noexcept {
  static std::atomic<std::uint64_t> asked{0};
  return ++asked;
}

inline bool points_into_private_memory(std::uintptr_t word, bool at_the_same_place,
                                       bool may_be_low) {
  constexpr std::uintptr_t lowest = 65536;  // nothing is mapped below it
  const bool low = word < (std::uintptr_t{1} << 32);
  if (word < lowest || word >= (std::uintptr_t{1} << 47) || (low && !may_be_low)) return false;
  MEMORY_BASIC_INFORMATION info{};
  if (::VirtualQuery(reinterpret_cast<const void*>(word), &info, sizeof info) == 0) return false;
  return info.State == MEM_COMMIT && (!at_the_same_place || info.Type != MEM_IMAGE);
}

}  // namespace tessera::host

#endif
