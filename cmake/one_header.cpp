// Makes one header of all: one_header INCLUDE_FOLDER LICENSE VERSION OUTPUT
//
// It starts with tessera.hpp and puts each header of ours where it is included first. A header that
// stands inside an #if is put once more where it is included outside that #if: which of them
// counts, the preprocessor decides. The same headers give the same bytes.
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

using Conditions = std::set<std::string>;

std::string include_folder;
std::ofstream out;
std::map<std::string, std::vector<Conditions>> placed;  // where each header stands or has begun to

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!(text << file.rdbuf())) {
    std::cerr << "one_header: " << path << " can't be read\n";
    std::exit(1);
  }
  return text.str();
}

bool starts_with(const std::string& line, const char* word) { return line.rfind(word, 0) == 0; }

/// The header of ours that a line includes; empty if none.
std::string included(const std::string& line) {
  const std::string begin = "#include <tessera";
  if (!starts_with(line, begin.c_str())) return {};
  return line.substr(10, line.find('>') - 10);
}

/// Conditions that hold wherever the one header is used.
bool always(const std::string& condition) {
  return condition == "#if !defined(TESSERA_COMPILED)" ||
         condition == "#if !defined(TESSERA_UNSUPPORTED)";
}

/// True if the header stands where all that is met under these conditions has been through.
bool is_there(const std::string& header, const Conditions& now) {
  const auto found = placed.find(header);
  return found != placed.end() &&
         std::any_of(found->second.begin(), found->second.end(), [&](const Conditions& where) {
           return std::includes(now.begin(), now.end(), where.begin(), where.end());
         });
}

void place(const std::string& header, const Conditions& outside) {
  placed[header].push_back(outside);
  std::string guard = "TESSERA_ONE_";
  for (const unsigned char c : header)
    guard += std::isalnum(c) != 0 ? static_cast<char>(std::toupper(c)) : '_';
  out << "#ifndef " << guard << "\n#define " << guard << '\n';
  std::istringstream text(read(include_folder + "/" + header));
  std::vector<std::string> inside;  // the conditions of this header around the line
  for (std::string line; std::getline(text, line);) {
    if (line == "#pragma once") continue;
    if (const auto next = included(line); !next.empty()) {
      Conditions now = outside;
      for (const auto& condition : inside)
        if (!always(condition)) now.insert(condition);
      if (!is_there(next, now)) place(next, now);
      continue;
    }
    if (starts_with(line, "#if"))
      inside.push_back(line);
    else if (starts_with(line, "#endif"))
      inside.pop_back();
    else if (starts_with(line, "#el"))
      inside.back() += '\n' + line;
    out << line << '\n';
  }
  out << "#endif\n";
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 5) {
    std::cerr << "usage: one_header INCLUDE_FOLDER LICENSE VERSION OUTPUT\n";
    return 2;
  }
  include_folder = arguments[1];
  out.open(arguments[4], std::ios::binary);
  out << "// tessera " << arguments[3]
      << ", all of it in one header. Made from the headers of the library: do not change it\n"
         "// here.\n//\n";
  std::istringstream license(read(arguments[2]));
  for (std::string line; std::getline(license, line);)
    out << (line.empty() ? "//" : "// ") << line << '\n';
  out << "#pragma once\n\n"
         "#if defined(TESSERA_COMPILED)\n"
         "#error \"tessera: the one header has no compiled part: do not define "
         "TESSERA_COMPILED\"\n"
         "#endif\n";
  place("tessera.hpp", {});
  if (out.flush()) return 0;
  std::cerr << "one_header: " << arguments[4] << " can't be written\n";
  return 1;
}
