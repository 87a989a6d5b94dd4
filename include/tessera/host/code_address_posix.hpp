// Floor 1, host: the functions of code_address.hpp for POSIX.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_POSIX)

#include <elf.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <tessera/base/hash.hpp>
#include <tessera/host/module.hpp>

namespace tessera::host {

namespace detail {

inline Module read_module(const dl_phdr_info& info) {
  Module out{info.dlpi_addr, tessera::detail::fnv1a(info.dlpi_name)};
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const auto& header = info.dlpi_phdr[i];
    if (header.p_type == PT_NOTE)
      out.identity =
          hash(out.identity, reinterpret_cast<const void*>(info.dlpi_addr + header.p_vaddr),
               header.p_filesz);
  }
  return out;
}

inline bool holds_address(const dl_phdr_info& info, std::uintptr_t address) noexcept {
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const auto& header = info.dlpi_phdr[i];
    const std::uintptr_t begin = info.dlpi_addr + header.p_vaddr;
    if (header.p_type == PT_LOAD && address >= begin && address - begin < header.p_memsz)
      return true;
  }
  return false;
}

inline std::optional<Module> module_with(std::uintptr_t address) {
  struct Search {
    std::uintptr_t address;
    std::optional<Module> found;
  } search{address, std::nullopt};
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        auto& its = *static_cast<Search*>(data);
        if (holds_address(*info, its.address)) its.found = read_module(*info);
        return its.found ? 1 : 0;
      },
      &search);
  return search.found;
}

inline std::vector<Module> modules_now() {
  std::vector<Module> out;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        static_cast<std::vector<Module>*>(data)->push_back(read_module(*info));
        return 0;
      },
      &out);
  return out;
}

}  // namespace detail

inline std::uint64_t modules_generation() noexcept {
  std::uint64_t out = 0;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        *static_cast<std::uint64_t*>(data) = info->dlpi_adds + info->dlpi_subs;
        return 1;
      },
      &out);
  return out;
}

inline bool points_into_private_memory(std::uintptr_t word, bool at_the_same_place,
                                       bool may_be_low) {
  constexpr std::uintptr_t lowest = 65536;  // nothing is mapped below it
  const bool low = word < (std::uintptr_t{1} << 44);
  if (word < lowest || word >= (std::uintptr_t{1} << 47) || (low && !may_be_low)) return false;
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  unsigned char resident = 0;
  if (::mincore(reinterpret_cast<void*>(word / page * page), 1, &resident) != 0) return false;
  return !(at_the_same_place || low) || !detail::module_with(word);
}

}  // namespace tessera::host

#endif
