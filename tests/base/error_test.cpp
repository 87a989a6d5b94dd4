// Tests of base/error.hpp: what a program and a person can read from an Error.

#include <tessera/base/error.hpp>

#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

#include "support/catch.hpp"

using tessera::Errc;
using tessera::Error;

namespace {

constexpr int last_code = static_cast<int>(Errc::system);

}  // namespace

TEST_CASE("an Error reads as subject, what happened, what to do") {
  const Error error(Errc::name_taken, "'vpd'", "the name is in use", "choose another name");
  CHECK(error.what() == std::string("tessera: 'vpd': the name is in use; choose another name"));
}

TEST_CASE("an Error gives its three parts to programs") {
  const Error error(Errc::name_taken, "a; b", "in use; by c", "choose another; or remove it");
  CHECK(error.subject() == "a; b");
  CHECK(error.what_happened() == "in use; by c");
  CHECK(error.advice() == "choose another; or remove it");
  const Error copy = error;  // NOLINT(performance-unnecessary-copy-initialization)
  CHECK(copy.advice() == error.advice());
  CHECK(Error(Errc::name_taken, "a", "in use").advice().empty());
}

TEST_CASE("the former name of what_happened says the same") {
  const Error error(Errc::name_taken, "a", "in use", "choose another");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  CHECK(error.happened() == "in use");
#pragma GCC diagnostic pop
}

TEST_CASE("an Error without advice ends with what happened") {
  const Error error(Errc::name_taken, "'vpd'", "the name is in use");
  CHECK(error.what() == std::string("tessera: 'vpd': the name is in use"));
}

TEST_CASE("an Error keeps its subject and its code for programs") {
  const Error error(Errc::rank_mismatch, "tmp", "it has 2 axes, not 3");
  CHECK(error.subject() == "tmp");
  CHECK(error.errc() == Errc::rank_mismatch);
  CHECK(error.code() == Errc::rank_mismatch);
  CHECK(error.code() != Errc::type_mismatch);
}

TEST_CASE("an Error is one printable line, whatever bytes its subject has") {
  const Error error(Errc::invalid_name, std::string("a\0b\nc\x1b[2J\x7f", 10), "not a name", "try");
  CHECK(error.what() == std::string("tessera: a?b?c?[2J?: not a name; try"));
  CHECK(error.subject().size() == 10);
}

TEST_CASE("an Error in UTF-8 stays as it is") {
  const Error error(Errc::name_missing, "größe.npy", "no such file");
  CHECK(error.what() == std::string("tessera: größe.npy: no such file"));
}

TEST_CASE("an Error is caught as std::system_error and as std::exception") {
  CHECK_THROWS_AS(throw Error(Errc::timed_out, "a", "b"), std::system_error);
  CHECK_THROWS_AS(throw Error(Errc::timed_out, "a", "b"), std::exception);
}

TEST_CASE("a copied Error says the same") {
  const Error error(Errc::no_space, "big", "out of memory", "free some");
  const Error copy = error;  // NOLINT(performance-unnecessary-copy-initialization)
  CHECK(copy.what() == std::string_view(error.what()));
  CHECK(copy.subject() == error.subject());
  CHECK(copy.code() == error.code());
}

TEST_CASE("every code has words of its own") {
  std::string seen = "|";
  for (int code = 1; code <= last_code; ++code) {
    const auto words = tessera::make_error_code(static_cast<Errc>(code)).message();
    INFO("code " << code << ": " << words);
    CHECK(words != "unknown error");
    CHECK(seen.find("|" + words + "|") == std::string::npos);
    seen += words + "|";
  }
}

TEST_CASE("a code that does not exist has words too") {
  CHECK(tessera::make_error_code(static_cast<Errc>(0)).message() == "unknown error");
  CHECK(tessera::make_error_code(static_cast<Errc>(last_code + 1)).message() == "unknown error");
}

TEST_CASE("no code is success") {
  for (int code = 1; code <= last_code; ++code)
    CHECK(static_cast<bool>(tessera::make_error_code(static_cast<Errc>(code))));
}

TEST_CASE("codes are those of a category named tessera") {
  CHECK(tessera::make_error_code(Errc::overlap).category().name() == std::string("tessera"));
  CHECK(tessera::make_error_code(Errc::overlap).category() ==
        tessera::make_error_code(Errc::system).category());
}

TEST_CASE("an Errc becomes a std::error_code by itself") {
  STATIC_REQUIRE(std::is_error_code_enum_v<Errc>);
  const std::error_code code = Errc::replaced;
  CHECK(code == Errc::replaced);
}

TEST_CASE("codes equal the std::errc that says the same") {
  CHECK(tessera::make_error_code(Errc::name_taken) == std::errc::file_exists);
  CHECK(tessera::make_error_code(Errc::name_missing) == std::errc::no_such_file_or_directory);
  CHECK(tessera::make_error_code(Errc::no_space) == std::errc::no_space_on_device);
  CHECK(tessera::make_error_code(Errc::not_permitted) == std::errc::permission_denied);
  CHECK(tessera::make_error_code(Errc::timed_out) == std::errc::timed_out);
  for (const auto code : {Errc::invalid_name, Errc::invalid_shape, Errc::invalid_argument,
                          Errc::captured_address, Errc::overlap})
    CHECK(tessera::make_error_code(code) == std::errc::invalid_argument);
}

TEST_CASE("a code without a std::errc of its own equals none") {
  for (const auto code : {Errc::not_an_array, Errc::kernel_failed, Errc::system}) {
    CHECK(tessera::make_error_code(code) != std::errc::invalid_argument);
    CHECK(tessera::make_error_code(code) != std::errc::file_exists);
  }
}

TEST_CASE("a failed system call becomes the typed code that fits") {
  const auto code_of = [](int number) {
    return tessera::system_failure(number, "x", "opening").errc();
  };
  CHECK(code_of(ENOENT) == Errc::name_missing);
  CHECK(code_of(EEXIST) == Errc::name_taken);
  CHECK(code_of(EACCES) == Errc::not_permitted);
  CHECK(code_of(EPERM) == Errc::not_permitted);
  CHECK(code_of(ENOSPC) == Errc::no_space);
  CHECK(code_of(ENOMEM) == Errc::no_space);
  CHECK(code_of(EFBIG) == Errc::no_space);
  CHECK(code_of(EROFS) == Errc::not_permitted);
  CHECK(code_of(ETXTBSY) == Errc::not_permitted);
  CHECK(code_of(ENAMETOOLONG) == Errc::invalid_argument);
  CHECK(code_of(ENOTDIR) == Errc::invalid_argument);
  CHECK(code_of(EISDIR) == Errc::invalid_argument);
  for (const int number : {EIO, ENODEV, ENOLCK, EMFILE, ENFILE, EBUSY, EINVAL, ENOSYS})
    CHECK(code_of(number) == Errc::system);
#if defined(EDQUOT)
  CHECK(code_of(EDQUOT) == Errc::no_space);
#endif
#if defined(ELOOP)
  CHECK(code_of(ELOOP) == Errc::invalid_argument);
#endif
#if defined(ESTALE)
  CHECK(code_of(ESTALE) == Errc::system);
#endif
}

TEST_CASE("what a failed system call means is told, besides or in place of what could be done") {
  const auto told = [](int number) {
    const std::string text = tessera::system_failure(number, "x", "opening", "see the disk").what();
    const auto end_of_words = text.find("; ");
    return end_of_words == std::string::npos ? "" : text.substr(end_of_words + 2);
  };
  CHECK(told(EACCES) == "see the disk");
  CHECK(told(ENOSPC) == "see the disk");
  CHECK(told(EROFS) == "the file system is mounted read-only: choose another");
  CHECK(told(ENAMETOOLONG) == "shorten the path, or a name in it");
  CHECK(told(ENOTDIR) == "what stands before a slash must be a folder");
  CHECK(told(ENFILE).find("fs.file-max") != std::string::npos);
#if defined(EDQUOT)
  CHECK(told(EDQUOT) ==
        "your quota there is used up (quota -s): remove files of yours; see the disk");
#endif
  CHECK(std::string(tessera::system_failure(EFBIG, "x", "writing").what()).ends_with("4 GiB"));
}

TEST_CASE("a failed system call is told in the system's own words") {
  const auto error = tessera::system_failure(EIO, "tmp", "mapping it", "look at the disk");
  const auto words = std::generic_category().message(EIO);
  CHECK(error.what() == "tessera: tmp: mapping it: " + words + "; look at the disk");
  CHECK(error.subject() == "tmp");
}

TEST_CASE("a lack of descriptors is told with what helps, whatever was to be done") {
  const auto error = tessera::system_failure(EMFILE, "tmp", "mapping it", "look at the disk");
  CHECK(std::string_view(error.what()).ends_with("; close files or raise ulimit -n"));
}
