// A program that notices whether anything is run that it has registered for its own end.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "support/scene.hpp"

#if defined(TESSERA_POSIX)

namespace tessera_test {

/// A file to which everything that a program has registered for its end adds a letter.
inline int marks = -1;
inline void mark(char letter) {
  if (::write(marks, &letter, 1) != 1) std::abort();
}
struct MarksAtEnd {
  char letter;
  ~MarksAtEnd() { mark(letter); }
};

/// A program that has something registered for every way to end, something in every buffer and is
/// in the middle of its input.
struct EndingProgram {
  static constexpr const char* input = "first line\nsecond line\n";
  Folder folder;
  std::FILE* log = nullptr;

  void begin() {
    marks = ::open(folder.file("marks").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    write_file(folder.file("in"), input);
    must(std::freopen(folder.file("in").c_str(), "r", stdin) != nullptr, "stdin is a file");
    must(std::freopen(folder.file("out").c_str(), "w", stdout) != nullptr, "stdout is a file");
    must((log = std::fopen(folder.file("log").c_str(), "w")) != nullptr, "there is a log");
    char line[64];
    must(std::fgets(line, sizeof line, stdin) != nullptr, "a line is read");
    std::atexit([] { mark('a'); });
    std::at_quick_exit([] { mark('q'); });
    std::set_terminate([] {
      mark('h');
      std::abort();
    });
    static MarksAtEnd at_end{'s'};
    thread_local MarksAtEnd of_thread{'t'}, another{'u'};
    mark(static_cast<char>(of_thread.letter + another.letter + at_end.letter - 't' - 'u' - 's' +
                           '.'));
    std::fputs("of the program;", stdout);
    std::fputs("of the program;", log);
  }
  /// After whatever its copies did.
  void check() {
    must(bytes_of(folder.file("marks")) == ".", "nothing that was registered has run");
    must(::lseek(0, 0, SEEK_CUR) == static_cast<::off_t>(std::string(input).size()),
         "the input is where it was");
    char line[64];
    must(std::fgets(line, sizeof line, stdin) != nullptr && has(line, "second"),
         "and goes on with the next line");
  }
  std::string printed() {
    std::fflush(nullptr);
    return bytes_of(folder.file("out")) + bytes_of(folder.file("log"));
  }
};

}  // namespace tessera_test

#endif
