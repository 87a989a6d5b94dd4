// Floor 0, base: the definitions of error.hpp.
#pragma once

#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>

namespace tessera {

namespace detail {

TESSERA_FUNC const char* ErrorCategory::name() const noexcept { return "tessera"; }

TESSERA_FUNC std::string ErrorCategory::message(int code) const {
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

TESSERA_FUNC std::error_condition ErrorCategory::default_error_condition(int code) const noexcept {
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

}  // namespace detail

TESSERA_FUNC Error::Error(Errc code, std::string subject, std::string_view happened,
                          std::string_view advice)
    : std::system_error(make_error_code(code)), subject_(std::move(subject)) {
  what_.append("tessera: ").append(subject_).append(": ");
  happened_ = {what_.size(), happened.size()};
  what_.append(happened);
  if (!advice.empty()) what_.append("; ").append(advice);
  // Control characters are replaced: a NUL in a name would cut what() short.
  for (char& c : what_)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
}

TESSERA_FUNC const char* Error::what() const noexcept { return what_.c_str(); }

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

TESSERA_FUNC Error system_failure(int error_number, std::string subject, std::string_view doing,
                                  std::string_view advice) {
  const std::string words = std::generic_category().message(error_number);
  const auto meaning = detail::meaning_of(error_number);
  std::string all(meaning.advice);
  if (all.empty() || meaning.besides)
    all.append(all.empty() || advice.empty() ? "" : "; ").append(advice);
  return {meaning.code, std::move(subject), std::string(doing) + ": " + words, all};
}

}  // namespace tessera
