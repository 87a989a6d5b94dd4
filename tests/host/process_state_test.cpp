#include <tessera/host/process_state.hpp>

#include <clocale>
#include <filesystem>
#include <locale>
#include <string>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
namespace fs = std::filesystem;
using tessera::host::ProcessState;

namespace {

/// Numbers have another point.
struct Comma : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
};

}  // namespace

TEST_CASE("what was left alone is told as unchanged") {
  REQUIRE(failure_apart([] {
            ProcessState state;
            must(!state.restore() && !state.restore(), "nothing was changed");
          }) == "");
}

TEST_CASE("a folder and locales that were changed are as they were again") {
  const Folder elsewhere;
  REQUIRE(failure_apart([&] {
            const auto here = fs::current_path();
            ProcessState state;
            fs::current_path(elsewhere.file(""));
            must(state.restore(), "it was changed");
            must(fs::current_path() == here, "the folder");
            std::locale::global(std::locale(std::locale(), new Comma));
            must(state.restore(), "it was changed");
            must(std::locale() == std::locale::classic(), "the locale");
            must(!state.restore(), "and is no more");
          }) == "");
}

#if defined(TESSERA_POSIX)

TEST_CASE("a mask of signals, a umask and locales of C that were changed are as they were again") {
  REQUIRE(failure_in_child([] {
            sigset_t mask;
            ::sigemptyset(&mask);
            ::sigaddset(&mask, SIGUSR1);
            ::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
            ::umask(027);
            ProcessState state;
            ::sigaddset(&mask, SIGUSR2);
            ::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
            must(state.restore(), "the mask was changed");
            ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
            must(::sigismember(&mask, SIGUSR1) == 1 && ::sigismember(&mask, SIGUSR2) == 0,
                 "the mask");
            ::umask(0);
            must(state.restore(), "the umask was changed");
            must(::umask(0) == 027 && state.restore(), "the umask");
            must(std::setlocale(LC_ALL, "C.UTF-8") != nullptr, "there is such a locale");
            must(state.restore(), "the locale was changed");
            must(std::string(std::setlocale(LC_ALL, nullptr)) == "C", "the locale");
            std::setlocale(LC_NUMERIC, "C.UTF-8");
            must(state.restore(), "a part of it was changed");
            must(std::string(std::setlocale(LC_ALL, nullptr)) == "C", "the locale");
            const auto own = ::newlocale(LC_ALL_MASK, "C", locale_t{});
            ::uselocale(own);
            must(state.restore(), "the thread's was changed");
            must(::uselocale(locale_t{}) != own, "the thread's");
            must(!state.restore(), "nothing is changed any more");
          }) == "");
}

TEST_CASE(
    "a folder is found again by who has closed all descriptors only if nothing else has its "
    "number") {
  const Folder elsewhere;
  REQUIRE(failure_in_child([&] {
            ProcessState state;
            fs::current_path(elsewhere.file(""));
            for (int file = 3; file < 1000; ++file) ::close(file);
            const int other = ::open("/", O_RDONLY | O_CLOEXEC);
            must(!state.restore(), "the folder can't be known");
            must(fs::current_path() != "/", "no other is taken for it");
            ::close(other);
          }) == "");
}

TEST_CASE("a folder that has lost its name is the current one again") {
  REQUIRE(failure_in_child([] {
            const Folder folder;
            const auto gone = folder.file("gone"), other = folder.file("other");
            fs::create_directory(gone);
            fs::current_path(gone);
            ProcessState state;
            fs::rename(gone, other);
            fs::current_path("/");
            must(state.restore(), "it was changed");
            must(fs::current_path() == other, "it is the same folder");
          }) == "");
}

#endif
