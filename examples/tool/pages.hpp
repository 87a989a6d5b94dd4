// What is made of the command line's description: a manual page, and completion in a shell.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace tool {

std::string manual(const CLI::App& app);      // roff, section 1
std::string completion(const CLI::App& app);  // for bash; zsh reads it with bashcompinit

}  // namespace tool
