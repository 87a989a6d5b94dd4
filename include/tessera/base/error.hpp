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
/// Errc::name_taken == std::errc::file_exists. After each: what it means. What to do.
enum class Errc {
  /// A name of a wrong length, or with a character that is not allowed. Use 1 to 200 of A-Z a-z 0-9
  /// . _ -; where a function takes a name and a path, the name comes first.
  invalid_name = 1,
  /// Extents that are negative, overflow, or do not fit their use. Compare the shape of the tiles
  /// with the shapes of the arrays.
  invalid_shape,
  /// Any other argument that can't be served. Change the argument that the text names.
  invalid_argument,
  /// `create` on a name, or a file, that exists. Attach to it, choose another name, or remove it:
  /// catalog::remove, `tessera rm`.
  name_taken,
  /// `attach` to a name, or a file, that does not exist. Check the name and the folder of names
  /// (`tessera list`); attach(name, 5s) waits for it.
  name_missing,
  /// Not a regular file with a valid .npy array. Write it by numpy.save, or convert it by the
  /// command that the text names.
  not_an_array,
  /// The element type differs from the one asked for. Attach with the type that the text names;
  /// load() converts the byte order and the order of axes, never the type.
  type_mismatch,
  /// The number of axes differs from the one asked for. Attach with that number.
  rank_mismatch,
  /// Shapes that differ or do not line up. Shapes line up from the last axis, as in NumPy.
  shape_mismatch,
  /// Shared memory, a control group, a limit or a disk is exhausted. Free some, raise the limit
  /// that the text names, or put names into another folder: TESSERA_DIR.
  no_space,
  /// Another user's segment, or the system refused. Ask its owner to share it with the group:
  /// Permission::group.
  not_permitted,
  /// A deadline passed. Wait longer, or look at the process that the text names.
  timed_out,
  /// The name leads to another array by now. Attach again.
  replaced,
  /// Two tiles, or two arguments, share an element that is written. Write to another array and
  /// swap, or pass the very same section.
  overlap,
  /// A kernel holds a pointer or a reference into the caller's memory. Capture by value; pass a
  /// table as whole(array); allow_addresses(kernel) for a number that only looks like one.
  captured_address,
  /// The workers do not have the code of this kernel. Load its library before the pool is made.
  foreign_kernel,
  /// A kernel threw. JobError has the text and the tile; run the missing tiles by `.only`.
  kernel_failed,
  /// A worker process ended in the middle of a tile. JobError lists such tiles; Rerun::allowed
  /// computes them again.
  worker_died,
  /// A job was cancelled before all of its tiles were done. Run the others by `.only`.
  cancelled,
  /// A pool that can't work: its keeper has ended, the user id has changed, or this is a forked
  /// child. Make another pool, in this process.
  pool_unusable,
  /// A system call failed. Read its own words in the text.
  system
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

/// The code as a std::error_code, in tessera's own category. The standard library calls it.
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
///
/// subject(), what_happened() and advice() are the three parts of that line, for programs that show
/// errors in their own way.
class Error : public std::system_error {
 public:
  /// `subject`: a segment name, a file, or a thing such as "TiledPool". `advice` may be empty.
  Error(Errc code, std::string subject, std::string_view happened, std::string_view advice = {});

  /// The whole text, on one line. Valid as long as this object.
  const char* what() const noexcept override;

  /// The name or file that the error is about.
  const std::string& subject() const noexcept { return subject_; }

  /// What happened, without the subject and the advice. Valid as long as this object.
  std::string_view what_happened() const noexcept {
    return std::string_view(what_).substr(happened_.first, happened_.second);
  }
  /// What to do about it; empty if what happened says that. Valid as long as this object.
  std::string_view advice() const noexcept {
    const auto end = happened_.first + happened_.second;
    return end == what_.size() ? std::string_view() : std::string_view(what_).substr(end + 2);
  }
  /// The former name of what_happened().
  [[deprecated("it is called what_happened() now")]] std::string_view happened() const noexcept {
    return what_happened();
  }

  /// The kind of failure; the same as code().
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
