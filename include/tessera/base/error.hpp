// Public: Error, Errc. Floor 0, base: the one exception type of the library, and its codes.
//
// Every failure that a caller can meet is an Error. It says what happened, to which name or file,
// and what to do about it. Kernels may throw anything. An exception of the standard library for
// lack of private memory (std::bad_alloc) is passed on.
#pragma once

#include <cerrno>
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
  const char* name() const noexcept override { return "tessera"; }

  std::string message(int code) const override {
    switch (static_cast<Errc>(code)) {
      case Errc::invalid_name: return "invalid name";
      case Errc::invalid_shape: return "invalid shape";
      case Errc::invalid_argument: return "invalid argument";
      case Errc::name_taken: return "name taken";
      case Errc::name_missing: return "no such name";
      case Errc::not_an_array: return "not an array";
      case Errc::type_mismatch: return "element types differ";
      case Errc::rank_mismatch: return "ranks differ";
      case Errc::shape_mismatch: return "shapes differ";
      case Errc::no_space: return "out of space";
      case Errc::not_permitted: return "not permitted";
      case Errc::timed_out: return "timed out";
      case Errc::replaced: return "array replaced";
      case Errc::overlap: return "overlapping output";
      case Errc::captured_address: return "captured address";
      case Errc::foreign_kernel: return "kernel unknown to the workers";
      case Errc::kernel_failed: return "kernel failed";
      case Errc::worker_died: return "worker died";
      case Errc::cancelled: return "cancelled";
      case Errc::pool_unusable: return "pool unusable";
      case Errc::system: return "system call failed";
    }
    return "unknown error";
  }

  std::error_condition default_error_condition(int code) const noexcept override {
    switch (static_cast<Errc>(code)) {
      case Errc::invalid_name:
      case Errc::invalid_shape:
      case Errc::invalid_argument:
      case Errc::captured_address:
      case Errc::overlap: return std::errc::invalid_argument;
      case Errc::name_taken: return std::errc::file_exists;
      case Errc::name_missing: return std::errc::no_such_file_or_directory;
      case Errc::no_space: return std::errc::no_space_on_device;
      case Errc::not_permitted: return std::errc::permission_denied;
      case Errc::timed_out: return std::errc::timed_out;
      case Errc::cancelled: return std::errc::operation_canceled;
      default: return {code, *this};
    }
  }
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
  Error(Errc code, std::string subject, std::string_view happened, std::string_view advice = {})
      : std::system_error(make_error_code(code)), subject_(std::move(subject)) {
    what_.append("tessera: ").append(subject_).append(": ");
    happened_ = {what_.size(), happened.size()};
    what_.append(happened);
    if (!advice.empty()) what_.append("; ").append(advice);
    // Control characters are replaced: a NUL in a name would cut what() short.
    for (char& c : what_)
      if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  }

  const char* what() const noexcept override { return what_.c_str(); }

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

namespace detail {

/// What a failed system call means: a code, and advice where the error number alone allows one.
struct Meaning {
  Errc code = Errc::system;
  std::string_view advice{};
  bool besides = false;  ///< the caller's advice follows this one; otherwise it is dropped
};

inline Meaning meaning_of(int error_number) noexcept {
  switch (error_number) {
    case ENOENT: return {Errc::name_missing};
    case EEXIST: return {Errc::name_taken};
    case EACCES:
    case EPERM: return {Errc::not_permitted};
    case EROFS:
      return {Errc::not_permitted, "the file system is mounted read-only: choose another"};
    case ETXTBSY:
      return {Errc::not_permitted, "it is a program that runs, or memory is swapped to it"};
    case ENOSPC:
    case ENOMEM: return {Errc::no_space};
    case EFBIG:
      return {Errc::no_space, "raise the limit (ulimit -f); some file systems end at 4 GiB", true};
#if defined(EDQUOT)
    case EDQUOT:
      return {Errc::no_space, "your quota there is used up (quota -s): remove files of yours",
              true};
#endif
    case ENAMETOOLONG: return {Errc::invalid_argument, "shorten the path, or a name in it"};
    case ENOTDIR: return {Errc::invalid_argument, "what stands before a slash must be a folder"};
    case EISDIR: return {Errc::invalid_argument, "name a file in that folder"};
#if defined(ELOOP)
    case ELOOP:
      return {Errc::invalid_argument, "its links lead in a circle, or to too many others"};
#endif
    case ENODEV:
      return {Errc::system, "this file system can't map files into memory: use another, or load()"};
    case ENOLCK:
      return {Errc::system, "this file system has no locks: put names in another folder"};
#if defined(ESTALE)
    case ESTALE: return {Errc::system, "its server has removed or replaced it: open it again"};
#endif
    case EMFILE: return {Errc::system, "close files or raise ulimit -n"};
    case ENFILE: return {Errc::system, "all programs have too many files open: raise fs.file-max"};
    default: return {};
  }
}

}  // namespace detail

/// An Error from errno. Its code is the one that fits, or Errc::system; its text has the system's
/// own words. Where the error number itself tells what helps, that replaces or precedes `advice`.
inline Error system_failure(int error_number, std::string subject, std::string_view doing,
                            std::string_view advice = {}) {
  const std::string words = std::generic_category().message(error_number);
  const auto meaning = detail::meaning_of(error_number);
  std::string all(meaning.advice);
  if (all.empty() || meaning.besides)
    all.append(all.empty() || advice.empty() ? "" : "; ").append(advice);
  return {meaning.code, std::move(subject), std::string(doing) + ": " + words, all};
}

}  // namespace tessera

template <>
struct std::is_error_code_enum<tessera::Errc> : std::true_type {};
