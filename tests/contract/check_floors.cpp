// Reads every header below a folder and reports what breaks the plan of the house:
//   - an include upward, or from one floor to another of the same height
//   - the same between the folders of pool/, which are the processes that run the code
//   - an include that is part of a cycle; where another line of this list forbids an include of
//     that cycle, it alone is reported
//   - a third party or an OS header that does not come in by its door
//   - a platform switch outside host/ and base/config.hpp
//   - a macro without the library's prefix
//   - a header that tessera.hpp does not lead to
//   - an X_impl.hpp without X.hpp, or that tessera/src.hpp does not include
//   - a header that is too long
//   - a header that stands on too high a level of pool/: one more than the highest that it includes
// and prints how many levels pool/ has. X_impl.hpp has the definitions of X.hpp, and includes it:
// for cycles and levels both are one header.
//
//   check_floors INCLUDE_DIR            prints the defects, exits 1 if there are any
//   check_floors --marked INCLUDE_DIR   exits 0 if the defects are exactly the lines that end in
//                                       `// defect`
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct Floor {
  int height;
  std::set<std::string> may_include;
};

const std::map<std::string, Floor> floors = {
    {"base", {0, {}}},
    {"format", {1, {"base"}}},
    {"grid", {1, {"base"}}},
    {"host", {1, {"base"}}},
    {"loops", {2, {"base", "format", "grid", "host"}}},
    {"memory", {3, {"base", "format", "grid", "host", "loops"}}},
    {"pool", {4, {"base", "format", "grid", "host", "loops", "memory"}}},
};

/// The folders of pool/, and which others each may include. Headers that stand directly in pool/
/// may include all of them. A folder may include such a header only where that one leads to no
/// folder, by itself or by way of others.
const std::map<std::string, std::set<std::string>> pool_folders = {
    {"board", {}},
    {"worker", {"board"}},
    {"keeper", {"board", "worker"}},            // it starts workers
    {"caller", {"board", "worker", "keeper"}},  // its jobs name the workers' code
};

const std::set<std::string> xtensor_doors = {"tessera/loops/xtensor.hpp"};

/// Includes every X_impl.hpp.
constexpr const char* definitions = "tessera/src.hpp";

constexpr int most_lines = 300;
constexpr int most_levels = 6;

const std::regex include_line(R"(^\s*#\s*include\s*[<"]([^>"]+)[>"])");
const std::regex condition_line(R"(^\s*#\s*(if|ifdef|ifndef|elif|elifdef|elifndef)\b)");
const std::regex define_line(R"(^\s*#\s*define\s+(\w+))");
const std::regex platform_macro(
    R"(\b(_WIN32|_WIN64|WIN32|__MINGW32__|__MINGW64__|__CYGWIN__|__linux__|__linux|linux|__gnu_linux__)"
    R"(|__APPLE__|__MACH__|__unix__|__unix|unix|__ANDROID__|__FreeBSD__|__NetBSD__|__OpenBSD__)"
    R"(|TESSERA_(LINUX|POSIX|UNIX|WINDOWS|WIN32|APPLE|MACOS|DARWIN|BSD)\w*)\b)");

struct Defect {
  std::string file;
  int line;
  std::string what;
};

struct Line {
  int number;
  std::string text;
};

/// The lines of a file, those continued by a backslash joined to one, those in comments empty.
std::vector<Line> lines_of(const fs::path& path) {
  std::ifstream in(path);
  std::vector<Line> lines;
  std::string text;
  bool in_comment = false;
  for (int number = 1; std::getline(in, text); ++number) {
    Line line{number, text};
    while (line.text.ends_with('\\') && std::getline(in, text)) {
      ++number;
      line.text.pop_back();
      line.text += text;
    }
    std::string code;
    for (std::size_t i = 0; i < line.text.size(); ++i) {
      if (in_comment) {
        if (line.text.compare(i, 2, "*/") == 0) in_comment = false, ++i;
      } else if (line.text.compare(i, 2, "/*") == 0) {
        in_comment = true, ++i;
      } else if (line.text.compare(i, 2, "//") == 0) {
        break;
      } else {
        code += line.text[i];
      }
    }
    line.text = code;
    lines.push_back(line);
  }
  return lines;
}

bool starts_with_any(const std::string& text, std::initializer_list<const char*> prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const char* prefix) { return text.starts_with(prefix); });
}

/// "tessera/memory/segment.hpp" stands on "memory"; what is not on a floor stands on "".
std::string floor_of(const std::string& file) {
  const std::string top = "tessera/";
  if (!file.starts_with(top)) return "";
  const auto end = file.find('/', top.size());
  return end == std::string::npos ? "" : file.substr(top.size(), end - top.size());
}

/// "tessera/pool/board/round.hpp" stands in "board"; what is not in a folder of pool/ in "".
std::string pool_folder_of(const std::string& file) {
  const std::string top = "tessera/pool/";
  if (!file.starts_with(top)) return "";
  const auto end = file.find('/', top.size());
  return end == std::string::npos ? "" : file.substr(top.size(), end - top.size());
}

/// "tessera/memory/segment_impl.hpp" is part of "tessera/memory/segment.hpp".
std::string unit_of(const std::string& file) {
  const std::string end = "_impl.hpp";
  return file.ends_with(end) ? file.substr(0, file.size() - end.size()) + ".hpp" : file;
}

/// One header includes another.
struct Edge {
  std::string from, to;  // `from` may be the X_impl.hpp of the header that has this edge
  int line;
  bool forbidden = false;  // and reported
};

class Checker {
 public:
  explicit Checker(fs::path root) : root_(std::move(root)) {
    for (const auto& entry : fs::recursive_directory_iterator(root_)) {
      // A page for people is no header.
      if (entry.is_regular_file() && entry.path().extension() != ".md")
        files_.insert(entry.path().lexically_relative(root_).generic_string());
    }
    for (const auto& file : files_) check(file);
    for (const auto& file : files_) check_definitions(file);
    for (const auto& file : files_) check_pool_folder(file);
    for (const auto& file : files_) check_cycles(file);
    for (const auto& file : files_) check_level(file);
    check_reachable();
  }

  [[nodiscard]] const std::set<std::string>& files() const { return files_; }
  [[nodiscard]] const std::vector<Defect>& defects() const { return defects_; }
  /// How many headers of pool/ the longest way of includes through it has.
  [[nodiscard]] int pool_levels() const {
    int most = 0;
    for (const auto& [file, level] : levels_) most = std::max(most, level);
    return most;
  }

 private:
  void check(const std::string& file) {
    const std::string floor = floor_of(file);
    // What stands beside tessera/ (tessera.hpp, tessera_mpi/) or directly in it (fwd.hpp) is above
    // every floor.
    const bool outside = floor.empty();
    if (!outside && !floors.contains(floor)) {
      report(file, 1, "stands on no floor");
      return;
    }
    check_length(file);
    for (const auto& [number, text] : lines_of(root_ / file)) {
      std::smatch match;
      if (std::regex_search(text, match, include_line)) {
        check_include(file, floor, outside, number, match[1]);
      } else if (std::regex_search(text, condition_line)) {
        const bool allowed = floor == "host" || file == "tessera/base/config.hpp";
        if (!allowed && std::regex_search(text, match, platform_macro)) {
          report(
              file, number,
              "asks for the platform (" + match[1].str() + ") outside host/ and base/config.hpp");
        }
      } else if (std::regex_search(text, match, define_line)) {
        // What Windows' own header asks for has the name that it asks for.
        if (!match[1].str().starts_with("TESSERA_") && match[1] != "WIN32_LEAN_AND_MEAN")
          report(file, number,
                 "defines " + match[1].str() + ", a macro without the prefix TESSERA_");
      }
    }
  }

  void check_include(const std::string& file, const std::string& floor, bool outside, int number,
                     const std::string& target) {
    const std::string own = resolve(file, target);
    if (!own.empty()) {
      if (file == definitions) defined_.insert(own);
      if (file != own && unit_of(file) == unit_of(own)) return;
      auto& edges = edges_[unit_of(file)];
      edges.push_back({file, unit_of(own), number});
      const std::string below = floor_of(own);
      if (outside || below == floor) return;
      if (!floors.contains(below)) {
        forbid(edges.back(), "includes " + own + ", which is above every floor");
      } else if (!floors.at(floor).may_include.contains(below)) {
        const bool up = floors.at(below).height > floors.at(floor).height;
        forbid(edges.back(),
               floor + "/ includes " + own + (up ? ", which is upward" : ", which is sideways"));
      }
      return;
    }
    if (target.starts_with("tessera")) {
      report(file, number, "includes " + target + ", which does not exist");
    } else if (outside) {
      return;
    } else if (target.starts_with("boost/")) {
      if (floor != "host") report(file, number, "includes Boost outside host/");
    } else if (starts_with_any(target, {"xtensor/", "xtl/", "xsimd/"})) {
      if (!xtensor_doors.contains(file))
        report(file, number, "includes xtensor, and is not one of its doors");
    } else if (target.starts_with("mdspan")) {
      if (file != "tessera/loops/mdspan.hpp")
        report(file, number, "includes mdspan: its door is loops/mdspan.hpp");
    } else if (target == "mpi.h") {
      report(file, number, "includes MPI outside tessera_mpi/");
    } else if (target.ends_with("intrin.h")) {
      // Intrinsics belong to the compiler, not to an OS.
    } else if (target.find('/') != std::string::npos || target.ends_with(".h")) {
      // The standard library's own names have neither a folder nor an ending.
      if (floor != "host") report(file, number, "includes " + target + " of the OS outside host/");
    }
  }

  /// The path below the root of one of our own headers, or "" if it is none of ours.
  [[nodiscard]] std::string resolve(const std::string& file, const std::string& target) const {
    if (files_.contains(target)) return target;
    const std::string beside =
        (fs::path(file).parent_path() / target).lexically_normal().generic_string();
    return files_.contains(beside) ? beside : "";
  }

  /// Of a file in a folder of pool/.
  void check_pool_folder(const std::string& file) {
    const std::string folder = pool_folder_of(file);
    if (folder.empty()) return;
    if (!pool_folders.contains(folder)) {
      report(file, 1, "stands in no folder of pool/ that is known");
      return;
    }
    for (auto& edge : edges_[file]) {
      if (floor_of(edge.to) != "pool") continue;
      const std::string other = pool_folder_of(edge.to);
      if (other.empty()) {
        if (leads_to_a_folder(edge.to))
          forbid(edge,
                 "pool/" + folder + "/ includes " + edge.to + ", which leads to a folder of pool/");
      } else if (other != folder && !pool_folders.at(folder).contains(other)) {
        forbid(edge, "pool/" + folder + "/ includes " + edge.to + " of pool/" + other + "/");
      }
    }
  }

  /// True if a header directly in pool/ includes one of its folders, by itself or by way of others.
  bool leads_to_a_folder(const std::string& file) {
    const auto reached =
        reached_from(file, [](const Edge& edge) { return floor_of(edge.to) == "pool"; });
    return std::any_of(reached.begin(), reached.end(),
                       [](const auto& other) { return !pool_folder_of(other).empty(); });
  }

  /// Reports the includes of a file from which the way leads back to it.
  void check_cycles(const std::string& file) {
    for (const auto& edge : edges_[file])
      if (!edge.forbidden && (edge.to == file || reached_from(edge.to, [](const Edge& next) {
                                                   return !next.forbidden;
                                                 }).contains(file)))
        report(edge.from, edge.line, "includes " + edge.to + ", which leads back to here: a cycle");
  }

  void check_definitions(const std::string& file) {
    if (unit_of(file) == file) return;
    if (!files_.contains(unit_of(file)))
      report(file, 1, "has the definitions of " + unit_of(file) + ", which does not exist");
    else if (!defined_.contains(file))
      report(file, 1, "is not included by " + std::string(definitions));
  }

  void check_length(const std::string& file) {
    std::ifstream in(root_ / file);
    std::string text;
    int lines = 0;
    while (std::getline(in, text)) ++lines;
    if (lines > most_lines)
      report(file, most_lines + 1,
             "has " + std::to_string(lines) + " lines, and " + std::to_string(most_lines) +
                 " are the most");
  }

  /// Reports the include by which a header of pool/ comes to stand too high.
  void check_level(const std::string& file) {
    if (floor_of(file) != "pool" || level_of(file) <= most_levels) return;
    for (const auto& edge : edges_[file])
      if (floor_of(edge.to) == "pool" && level_of(edge.to) == level_of(file) - 1) {
        report(edge.from, edge.line,
               "includes " + edge.to + ", and so stands on level " +
                   std::to_string(level_of(file)) + " of pool/");
        return;
      }
  }

  /// 1 for a header of pool/ that includes no other. An include that is forbidden, or part of a
  /// cycle, does not count.
  int level_of(const std::string& file) {
    if (const auto known = levels_.find(file); known != levels_.end()) return known->second;
    levels_[file] = 0;  // where the way leads back to here
    int level = 1;
    for (const auto& edge : edges_[file])
      if (!edge.forbidden && floor_of(edge.to) == "pool")
        level = std::max(level, level_of(edge.to) + 1);
    return levels_[file] = level;
  }

  void check_reachable() {
    const auto reached = reached_from("tessera.hpp", [](const Edge&) { return true; });
    for (const auto& file : files_) {
      if (file.starts_with("tessera/") && file != definitions && !reached.contains(unit_of(file)))
        report(file, 1, "is not reached from tessera.hpp");
    }
  }

  /// What a header includes, and what that includes, and so on, by edges that `goes` lets pass.
  template <class Goes>
  std::set<std::string> reached_from(const std::string& begin, Goes&& goes) {
    std::set<std::string> reached;
    std::vector<std::string> todo = {begin};
    while (!todo.empty()) {
      const std::string file = todo.back();
      todo.pop_back();
      for (const auto& edge : edges_[file])
        if (goes(edge) && reached.insert(edge.to).second) todo.push_back(edge.to);
    }
    return reached;
  }

  void forbid(Edge& edge, std::string what) {
    edge.forbidden = true;
    report(edge.from, edge.line, std::move(what));
  }

  void report(const std::string& file, int line, std::string what) {
    defects_.push_back({file, line, std::move(what)});
  }

  fs::path root_;
  std::set<std::string> files_;
  std::map<std::string, std::vector<Edge>> edges_;
  std::map<std::string, int> levels_;  // of headers of pool/
  std::set<std::string> defined_;      // what `definitions` includes
  std::vector<Defect> defects_;
};

std::set<std::string> marked_lines(const fs::path& root, const std::set<std::string>& files) {
  std::set<std::string> marked;
  for (const auto& file : files) {
    std::ifstream in(root / file);
    std::string text;
    for (int number = 1; std::getline(in, text); ++number)
      if (text.ends_with("// defect")) marked.insert(file + ':' + std::to_string(number));
  }
  return marked;
}

}  // namespace

int main(int argc, char** argv) {
  const bool marked = argc == 3 && std::string(argv[1]) == "--marked";
  if (argc != 2 && !marked) {
    std::cerr << "usage: check_floors [--marked] INCLUDE_DIR\n";
    return 2;
  }
  const fs::path root = argv[argc - 1];
  if (!fs::exists(root / "tessera.hpp")) {
    std::cerr << root << " has no tessera.hpp\n";
    return 1;
  }
  const Checker checker(root);
  std::set<std::string> found;
  for (const auto& [file, line, what] : checker.defects()) {
    std::cout << file << ':' << line << ": " << what << '\n';
    found.insert(file + ':' + std::to_string(line));
  }
  std::cout << checker.files().size() << " files, " << checker.pool_levels() << " levels in pool/, "
            << checker.defects().size() << " defects\n";
  if (!marked) return found.empty() ? 0 : 1;

  const auto wanted = marked_lines(root, checker.files());
  for (const auto& place : wanted)
    if (!found.contains(place)) std::cout << "not reported: " << place << '\n';
  for (const auto& place : found)
    if (!wanted.contains(place)) std::cout << "reported, but not marked: " << place << '\n';
  return !wanted.empty() && found == wanted ? 0 : 1;
}
