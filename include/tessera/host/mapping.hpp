// Floor 1, host: mapped memory. Only this header includes Boost.Interprocess.
//
// A Mapping is the bytes of a file or segment in this process's address space. It stays valid when
// the name is removed and the descriptor is closed. An attached array needs nothing else.
#pragma once

#include <boost/interprocess/anonymous_shared_memory.hpp>
#include <boost/interprocess/exceptions.hpp>
#include <boost/interprocess/mapped_region.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/host/access.hpp>
#include <tessera/host/file.hpp>

#if defined(TESSERA_POSIX)
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace tessera::host {

/// Memory that is shared by all processes which map the same file.
class Mapping {
 public:
  Mapping() = default;

  /// Maps the first `bytes` (at least 1) of an open file. Throws Error, which names `subject`;
  /// no_space if the address space is too small.
  Mapping(const Descriptor& file, Access access, std::size_t bytes, const std::string& subject) {
    namespace ipc = boost::interprocess;
    struct Mappable {
      const Descriptor& file;
      ipc::mapping_handle_t get_mapping_handle() const {
#if defined(TESSERA_WIN32)
        return {file.get(), detail::is_section(file)};
#else
        return ipc::ipcdetail::mapping_handle_from_file_handle(file.get());
#endif
      }
    };
    try {
      region_ = ipc::mapped_region(
          Mappable{file}, access == Access::read_only ? ipc::read_only : ipc::read_write, 0, bytes);
    } catch (const ipc::interprocess_exception& failure) {
      const std::string advice = "mapping " + std::to_string(bytes) +
                                 " bytes needs that much address space" +
                                 (has_ulimits ? " (a limit is ulimit -v)" : "");
      throw failed(failure, subject, "mapping into memory", advice);
    }
  }

  /// Zeroed memory without a name or a file. Children that this process forks share it.
  static Mapping anonymous(std::size_t bytes, const std::string& subject) {
    Mapping out;
    try {
      out.region_ = boost::interprocess::anonymous_shared_memory(bytes);
    } catch (const boost::interprocess::interprocess_exception& failure) {
      throw failed(failure, subject, "getting shared memory",
                   has_ulimits ? "free memory, or see ulimit -v" : "free memory");
    }
    return out;
  }

  std::byte* data() const noexcept { return static_cast<std::byte*>(region_.get_address()); }
  std::size_t size() const noexcept { return region_.get_size(); }

  /// Returns when written bytes are on disk. False if the system failed.
  bool flush() {
    return region_.get_mode() == boost::interprocess::read_only || region_.flush(0, 0, false);
  }

 private:
  static Error failed(const boost::interprocess::interprocess_exception& failure,
                      const std::string& subject, std::string_view doing, std::string_view advice) {
    const auto code = failure.get_native_error();
#if defined(TESSERA_WIN32)
    return detail::failure_of(static_cast<DWORD>(code), subject, doing, advice);
#else
    return system_failure(code, subject, doing, advice);
#endif
  }

  boost::interprocess::mapped_region region_;
};

}  // namespace tessera::host
