// The commands of the program, one function each. All throw what goes wrong; `diff` returns whether
// the arrays are equal.
#pragma once

#include <string>
#include <vector>

namespace tool {

struct ListOptions {
  std::vector<std::string> names;  // names and patterns; empty: all
  bool json = false, all_users = false;
  double watch = 0;  // seconds between two lists; 0: one list
};
void list(const ListOptions& options);
void info(const std::vector<std::string>& names, bool any_user);
void remove(const std::vector<std::string>& names, bool force);
void reap(bool dry_run, bool all_users);

void copy(const std::string& from, const std::string& to, bool any_user);
void load(const std::string& file, const std::string& name);
void save(const std::string& name, const std::string& file, bool any_user);

void show(const std::string& what, const std::string& field, bool any_user);
struct StatOptions {
  std::vector<std::string> names;
  std::string field;
  int axis = -1;  // a line for each index of this axis; -1: one for all
  bool json = false, any_user = false;
};
void stat(const StatOptions& options);
bool diff(const std::string& a, const std::string& b, bool any_user);

struct ViewOptions {
  std::string what, field, colours, unit, png;
  double low = 0, high = 0;  // equal: from the data
  bool flip = false, any_user = false;
  double interval = 1;  // of watch: seconds, where no steps are published
  int pictures = 0;     // of watch: so many; 0: until Ctrl-C
};
void view(const ViewOptions& options);
void watch(const ViewOptions& options);

}  // namespace tool
