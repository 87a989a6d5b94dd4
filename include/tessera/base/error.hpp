// Public: Error, Errc. Floor 0, base: the one exception type of the library, and its codes.
//
// Every failure that a caller can meet is an Error. It says what happened, to which name or file,
// and what to do about it. Kernels may throw anything. An exception of the standard library for
// lack of private memory (std::bad_alloc) is passed on.
#pragma once

#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <tessera/base/config.hpp>

namespace tessera {

/// What went wrong, as a code. It equals the std::errc of the same meaning, if there is one:
/// Errc::name_taken == std::errc::file_exists.
enum class Errc {
  invalid_name = 1,  ///< a name with a character that is not allowed, or of a wrong length
  invalid_shape,     ///< extents that are negative, overflow, or do not fit their use
  invalid_argument,  ///< any other argument that can't be served
  name_taken,        ///< create on a name that exists
  name_missing,      ///< attach to a name, or open a file, that does not exist
  not_an_array,      ///< not a regular file with a valid .npy array
  type_mismatch,     ///< the element type differs from the one asked for
  rank_mismatch,     ///< the number of axes differs from the one asked for
  shape_mismatch,    ///< shapes that differ or do not line up
  no_space,          ///< shared memory, a control group, a limit or a disk is exhausted
  not_permitted,     ///< another user's segment, or access refused by the system
  timed_out,         ///< a deadline passed
  replaced,          ///< the name leads to another array by now
  overlap,           ///< two tiles or two arguments share an element that is written
  captured_address,  ///< a kernel holds a pointer or a reference into the caller's memory
  foreign_kernel,    ///< the workers do not have the code of this kernel
  kernel_failed,     ///< a kernel threw
  worker_died,       ///< a worker process ended in the middle of a tile
  cancelled,         ///< a job was cancelled before all of its tiles were done
  pool_unusable,     ///< its keeper is gone, the user id has changed, or this is a forked child
  system             ///< a system call failed; what() has the system's own words
};

namespace detail {

class ErrorCategory final : public std::error_category {
 public:
  const char* name() const noexcept override;
  std::string message(int code) const override;
  std::error_condition default_error_condition(int code) const noexcept override;
};

/// Made before main() and never destroyed: an Error can still be made while the program ends. No
/// destructor is registered: on Windows that would wait for the lock that exit() holds.
struct LastingCategory {
  union {
    ErrorCategory category;
  };
  constexpr LastingCategory() noexcept : category() {}
  LastingCategory(const LastingCategory&) = delete;
  LastingCategory& operator=(const LastingCategory&) = delete;
  ~LastingCategory() {}  // NOLINT(modernize-use-equals-default): a union has no default one here
};
inline constinit const LastingCategory lasting_category;

inline const std::error_category& error_category() noexcept { return lasting_category.category; }

}  // namespace detail

inline std::error_code make_error_code(Errc code) noexcept {
  return {static_cast<int>(code), detail::error_category()};
}

/// The library's exception. what() reads "tessera: SUBJECT: what happened; what to do", on one
/// line.
///
///     try {
///       auto a = SharedArray<double, 2>::attach("a");
///     } catch (const Error& error) {
///       if (error.errc() != Errc::name_missing) throw;
///     }
class Error : public std::system_error {
 public:
  /// `subject`: a segment name, a file, or a thing such as "TiledPool". `advice` may be empty.
  Error(Errc code, std::string subject, std::string_view happened, std::string_view advice = {});

  const char* what() const noexcept override;

  /// The name or file that the error is about.
  const std::string& subject() const noexcept { return subject_; }

  /// What happened, without the subject and the advice.
  std::string_view happened() const noexcept {
    return std::string_view(what_).substr(happened_.first, happened_.second);
  }

  Errc errc() const noexcept { return static_cast<Errc>(code().value()); }

 private:
  std::string subject_;
  std::string what_;
  std::pair<std::size_t, std::size_t> happened_;  // its start in what_, and its length
};

/// An Error from errno. Its code is the one that fits, or Errc::system; its text has the system's
/// own words. Where the error number itself tells what helps, that replaces or precedes `advice`.
Error system_failure(int error_number, std::string subject, std::string_view doing,
                     std::string_view advice = {});

}  // namespace tessera

template <>
struct std::is_error_code_enum<tessera::Errc> : std::true_type {};

#if !defined(TESSERA_COMPILED)
#include <tessera/base/error_impl.hpp>
#endif
