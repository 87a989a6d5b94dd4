// Floor 4, pool/board: the definitions of address_scan.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/host/code_address.hpp>
#include <tessera/pool/board/address_scan.hpp>

namespace tessera::detail {

TESSERA_FUNC std::optional<std::size_t> find_address_in(std::span<const std::byte> bytes,
                                                        bool modules_agree, bool may_be_low) {
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uintptr_t)) {
    std::uintptr_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    if (host::points_into_private_memory(word, modules_agree, may_be_low)) return at;
  }
  return std::nullopt;
}

TESSERA_FUNC void throw_captured_address(std::size_t at, const std::string& subject) {
  throw Error(Errc::captured_address, subject,
              "it holds an address of this process's memory (a captured reference, pointer, "
              "this, span or string_view, at byte " +
                  std::to_string(at) + "), which means nothing in a worker",
              "capture by value; pass arrays as arguments, tables as whole(...); or "
              "allow_addresses(kernel) if the value is no address");
}

TESSERA_FUNC void throw_address_in_result(std::size_t at) {
  throw std::runtime_error("its result holds an address of the worker's memory, at byte " +
                           std::to_string(at) +
                           ", which means nothing to the caller: return values");
}

}  // namespace tessera::detail
