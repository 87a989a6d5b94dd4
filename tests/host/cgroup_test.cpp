#include <tessera/host/cgroup.hpp>

#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
namespace host = tessera::host;

using FoldersOfGroups = std::vector<std::pair<std::string, int>>;

namespace {

FoldersOfGroups folders_of_groups(const std::string& groups, const char* controller) {
  const Folder folder;
  write_file(folder.file("groups"), groups);
  FoldersOfGroups out;
  host::for_each_cgroup(
      {folder.file("groups"), "/r"}, controller,
      [&](const std::string& path, int version) { out.emplace_back(path, version); });
  return out;
}

}  // namespace

TEST_CASE("a control group is told with all its parents, up to the root") {
  CHECK(folders_of_groups("0::/a/b\n", "memory") ==
        FoldersOfGroups{{"/r/a/b/", 2}, {"/r/a/", 2}, {"/r/", 2}});
  CHECK(folders_of_groups("0::/\n", "memory") == FoldersOfGroups{{"/r/", 2}});
}

TEST_CASE("of groups of version 1 those of the controller alone are told") {
  const std::string groups = "3:cpu,cpuacct:/x\n2:memory:/y\n1:name=systemd:/z\n";
  CHECK(folders_of_groups(groups, "cpu") == FoldersOfGroups{{"/r/cpu/x/", 1}, {"/r/cpu/", 1}});
  CHECK(folders_of_groups(groups, "memory") ==
        FoldersOfGroups{{"/r/memory/y/", 1}, {"/r/memory/", 1}});
  CHECK(folders_of_groups(groups, "acct").empty());
}

TEST_CASE("lines that name no control group are read over") {
  CHECK(folders_of_groups("", "cpu").empty());
  CHECK(folders_of_groups("nothing\n5:cpu\n", "cpu").empty());
}
